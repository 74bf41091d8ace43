//! `mparticle validate`: checks files and says what is wrong in them, without sending anything.

use std::io::{self, IsTerminal, Read, Write, stdout};

use clap::{Args, ValueEnum};

use super::ahead;
use super::args::{CheckArgs, InputArgs};
use super::exit::{Exit, Failure};
use super::inputs::{self, Input, Position};
use super::interrupt::Interrupt;
use super::output::{Paint, Streams, bytes, count, grouped};
use super::printer::{Printer, Shape, is_content};
use super::progress::Progress;
use super::tally::Tally;
use crate::Endpoint;
use crate::input::{BatchReader, RawBatch};
use crate::validate::render::Source;
use crate::validate::{Across, Prepared, Report, Route, Validator};

/// Shown under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  # what is wrong in a file, with line and JSON pointer
  mparticle validate events.ndjson
  # all files of a directory, packed or not; from a pipe
  mparticle validate exports/
  aws s3 cp s3://bucket/events.ndjson.gz - | mparticle validate
  # with the rules of the path for old data
  mparticle validate --route historical old.ndjson
  # files that are posted as they are: the bodies of whole requests
  mparticle validate --request bulk body-*.json
  # findings for a program, one JSON object a line
  mparticle validate --output json *.ndjson | jq -r .code
  # annotations in a GitHub workflow; a log for code scanning; what is wrong most often
  mparticle validate --output github events.ndjson
  mparticle validate --output sarif events.ndjson > findings.sarif
  mparticle validate --output summary *.ndjson
  # the limits only, but for one rule
  mparticle validate --select MP2 --ignore MP202 events.ndjson
  # warnings are errors, one rule is off, one limit is our own
  mparticle validate --strict --severity MP401=off --limit event_attributes=200 events.ndjson

Findings go to standard output, the summary to standard error. For people, three findings of a kind are shown
in full, and a line says how many more there are and where; --max-findings 0 shows every one.

Settings can stand in mparticle.toml; the command line wins:
  strict = true
  route = \"live\"
  ignore = [\"MP301\", \"MP5\"]      # or select = […]
  [severity]
  MP204 = \"warning\"             # error, warning or off
  [limits]
  event_attributes = 200

Exit codes:
  0    no errors; warnings alone do not fail, unless --strict makes them errors
  1    errors
  2    could not run; files that can be read are checked all the same
  130  stopped by Ctrl-C; the summary tells what was found until then";

/// Options of `validate`.
#[derive(Args, Debug)]
pub struct ValidateArgs {
    #[command(flatten)]
    pub input: InputArgs,

    /// What to write
    #[arg(long, value_enum, default_value_t = Shape::Human)]
    pub output: Shape,

    /// Write nothing but what stopped the check; the exit code has the answer
    #[arg(long, short)]
    pub quiet: bool,

    /// The path the batches are meant for [default: either]
    #[arg(long, value_enum, help_heading = "Checking")]
    pub route: Option<RouteArg>,

    /// Check each input as the body of one request to this path: what it is, how many batches, how large
    #[arg(long, value_enum, value_name = "ENDPOINT", conflicts_with_all = ["route", "format"], help_heading = "Checking")]
    pub request: Option<RequestArg>,

    #[command(flatten)]
    pub check: CheckArgs,
}

/// The path that batches are meant for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RouteArg {
    /// Not decided: only what is wrong on both paths
    #[default]
    Either,
    /// /events or /bulkevents
    Live,
    /// /bulkevents/historical: data at least 72 hours old
    Historical,
}

/// The path that a body is posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RequestArg {
    /// /events: one batch
    Events,
    /// /bulkevents: a list of batches
    Bulk,
    /// /bulkevents/historical: a list of batches, data at least 72 hours old
    Historical,
}

impl From<RequestArg> for Endpoint {
    fn from(path: RequestArg) -> Self {
        match path {
            RequestArg::Events => Self::Events,
            RequestArg::Bulk => Self::Bulk,
            RequestArg::Historical => Self::Historical,
        }
    }
}

/// The largest body that is read, in bytes: far more than the service takes.
const MAX_BODY: u64 = 64 * 1024 * 1024;

impl From<RouteArg> for Route {
    fn from(route: RouteArg) -> Self {
        match route {
            RouteArg::Either => Self::Either,
            RouteArg::Live => Self::Live,
            RouteArg::Historical => Self::Historical,
        }
    }
}

/// Checks the files.
///
/// # Errors
///
/// When it cannot begin, or standard output cannot be written to.
pub fn run(args: &ValidateArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let inputs = inputs::inputs(&args.input, "validate")?;
    let route = args.route.or(args.check.file.route).unwrap_or_default();
    let validator = args.check.validator(route.into())?;
    let printer = if args.quiet {
        Printer::silent()
    } else {
        Printer::new(args.output, &args.check, streams.out_color).by_kind()
    };
    let sizes = inputs.iter().map(Input::stored_size).sum();
    let mut run = Run {
        args,
        across: validator.across(),
        validator,
        printer,
        tally: Tally::of(if args.request.is_some() { "request" } else { "batch" }),
        files: 0,
        interrupt: Interrupt::catch(),
        progress: Progress::new(streams.watched && !args.quiet, sizes),
        position: Position::default(),
        same_terminal: stdout().is_terminal(),
    };
    let mut exit = Exit::Clean;
    for input in &inputs {
        if run.interrupt.is_raised() {
            break;
        }
        match run.check(input, streams) {
            Ok(()) => run.files += 1,
            Err(Failure::Stopped { what, help }) => {
                flush(streams)?;
                run.progress.aside(|| streams.complain(&what, help.as_deref()));
                exit = Exit::Incomplete;
            }
            Err(gone) => return Err(gone),
        }
    }
    run.progress.finish();
    if run.interrupt.is_raised() {
        exit = Exit::Interrupted;
    }
    let complete = exit == Exit::Clean;
    run.printer.finish(streams.out, complete).map_err(Failure::stdout)?;
    flush(streams)?;
    if run.tally.has_errors() {
        exit = exit.and(Exit::Findings);
    }
    if !args.quiet && (run.files > 0 || exit == Exit::Interrupted) {
        if exit == Exit::Interrupted {
            streams.note("interrupted; this is what was checked until then");
        }
        run.summary(streams);
    }
    Ok(exit)
}

struct Run<'a> {
    args: &'a ValidateArgs,
    across: Across,
    validator: Validator,
    printer: Printer,
    tally: Tally,
    files: u64,
    interrupt: Interrupt,
    progress: Progress,
    position: Position,
    /// Whether findings go to a terminal, most likely the one that the progress is on.
    same_terminal: bool,
}

impl Run<'_> {
    fn check(&mut self, input: &Input, streams: &mut Streams<'_>) -> Result<(), Failure> {
        let name = input.name();
        let before = self.tally.batches + self.tally.unreadable;
        let source = input.open_watched(&self.position, Some(&self.interrupt))?;
        if let Some(path) = self.args.request {
            return self.body(&name, source, path.into(), input, streams);
        }
        let mut shown_at = self.position.bytes();
        let reader = BatchReader::new(source).format(self.args.input.format.into());
        let mut batches = ahead::prepared(reader, self.validator.clone());
        while let Some(item) = batches.next_batch() {
            // Looked at first: the end of an input that was interrupted is not a fault of it.
            if self.interrupt.is_raised() {
                return Ok(());
            }
            match item.read {
                Ok(batch) => self.batch(&name, &batch, item.worked, streams)?,
                Err(error) if is_content(&error) => {
                    self.tally.unreadable += 1;
                    self.print(streams, |printer, out| printer.show_unreadable(out, &name, &error))?;
                }
                Err(error) => {
                    return Err(Failure::new(format!("{name}: {}", error.what())).help(error.help()));
                }
            }
            if self.progress.is_shown() && self.position.bytes() != shown_at {
                shown_at = self.position.bytes();
                self.show_progress(shown_at);
            }
        }
        if !batches.is_complete() && !self.interrupt.is_raised() {
            return Err(Failure::new(format!(
                "{name}: the check broke off before the end; this is a fault of the tool"
            ))
            .help("please report it, if possible with the batch after the last one that was reported"));
        }
        let empty = self.tally.batches + self.tally.unreadable == before;
        if empty && !self.interrupt.is_raised() { Err(inputs::empty(input)) } else { Ok(()) }
    }

    fn batch(
        &mut self,
        name: &str,
        batch: &RawBatch,
        prepared: &Prepared,
        streams: &mut Streams<'_>,
    ) -> Result<(), Failure> {
        let report = self.across.check_prepared(&batch.bytes, prepared);
        let source = Source { name, first_line: batch.line, first_column: batch.column, text: &batch.bytes };
        self.report(&source, &report, streams)
    }

    /// Checks the whole input as the body of one request.
    fn body(
        &mut self,
        name: &str,
        source: impl Read,
        path: Endpoint,
        input: &Input,
        streams: &mut Streams<'_>,
    ) -> Result<(), Failure> {
        let mut body = Vec::new();
        source
            .take(MAX_BODY + 1)
            .read_to_end(&mut body)
            .map_err(|error| Failure::new(format!("{name}: cannot be read: {error}")))?;
        if self.interrupt.is_raised() {
            return Ok(());
        }
        if body.is_empty() {
            return Err(inputs::empty(input));
        }
        if body.len() as u64 > MAX_BODY {
            let what = format!("{name}: more than {} are no body of a request", bytes(MAX_BODY));
            return Err(Failure::new(what).help("leave out --request to check a file of batches"));
        }
        let report = self.validator.check_request(&body, path);
        self.report(&Source { name, first_line: 1, first_column: 1, text: &body }, &report, streams)
    }

    fn report(
        &mut self,
        source: &Source<'_>,
        report: &Report,
        streams: &mut Streams<'_>,
    ) -> Result<(), Failure> {
        self.tally.add(report);
        if report.is_clean() {
            return Ok(());
        }
        self.print(streams, |printer, out| printer.show(out, source, report))
    }

    /// Writes findings; where the progress is on the same terminal, it steps aside, and they go out at once.
    fn print(
        &mut self,
        streams: &mut Streams<'_>,
        write: impl FnOnce(&mut Printer, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let printer = &mut self.printer;
        if self.progress.is_shown() && self.same_terminal {
            let all = || write(printer, streams.out).and_then(|()| streams.out.flush());
            return self.progress.aside(all).map_err(Failure::stdout);
        }
        write(printer, streams.out).map_err(Failure::stdout)
    }

    fn show_progress(&self, bytes: u64) {
        let tally = &self.tally;
        let found = || format!("{}, {} with errors", count(tally.batches, "batch"), grouped(tally.faulty));
        self.progress.update(bytes, found);
    }

    fn summary(&self, streams: &mut Streams<'_>) {
        if let Some(note) = self.printer.kept_back() {
            streams.note(&note);
        }
        let forgetful: Vec<&str> = self.across.overflowed().map(|rule| rule.code).collect();
        if !forgetful.is_empty() {
            streams.note(&format!(
                "there was more to compare than {} can remember: each batch was compared with near ones only; sorted \
                 or smaller files are compared in full",
                forgetful.join(", ")
            ));
        }
        let paint = Paint(streams.err_color);
        let mut line = self.tally.headline();
        if self.files > 1 {
            line = format!("{}, {line}", count(self.files, "file"));
        }
        if self.tally.unreadable > 0 {
            line.push_str(&format!(", {} not readable", self.tally.unreadable));
        }
        if self.tally.has_errors() {
            streams.say(format_args!("{}", paint.error(line)));
        } else {
            streams.say(format_args!("{}", paint.good(line)));
        }
        if !self.printer.counts() {
            self.tally.write_codes(streams);
        }
        if let Some((_, code, _)) = self.tally.by_code().next() {
            streams.say(format_args!("Why a finding matters: mparticle explain {code}"));
        }
    }
}

/// What was found goes out before what is said about it.
fn flush(streams: &mut Streams<'_>) -> Result<(), Failure> {
    streams.out.flush().map_err(Failure::stdout)
}
