//! `mparticle validate`: checks files and says what is wrong in them, without sending anything.

use clap::{Args, ValueEnum};

use super::args::{CheckArgs, InputArgs};
use super::exit::{Exit, Failure};
use super::inputs::{self, Input};
use super::output::{Paint, Streams, count};
use super::printer::{Printer, Shape, is_content};
use super::tally::Tally;
use crate::input::BatchReader;
use crate::validate::render::Source;
use crate::validate::{Across, Route};

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

Findings go to standard output, the summary to standard error.

Exit codes:
  0  no errors; warnings alone do not fail, unless --strict makes them errors
  1  errors
  2  could not run; files that can be read are checked all the same";

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

    /// The path the batches are meant for
    #[arg(long, value_enum, default_value_t = RouteArg::Either, help_heading = "Checking")]
    pub route: RouteArg,

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
    let validator = args.check.validator(args.route.into())?;
    let printer = if args.quiet {
        Printer::silent()
    } else {
        Printer::new(args.output, &args.check, streams.out_color)
    };
    let mut run = Run { args, across: validator.across(), printer, tally: Tally::default(), files: 0 };
    let mut exit = Exit::Clean;
    for input in &inputs {
        match run.check(input, streams) {
            Ok(()) => run.files += 1,
            Err(Failure::Stopped { what, help }) => {
                flush(streams)?;
                streams.complain(&what, help.as_deref());
                exit = Exit::Incomplete;
            }
            Err(gone) => return Err(gone),
        }
    }
    let complete = exit == Exit::Clean;
    run.printer.finish(streams.out, complete).map_err(Failure::stdout)?;
    flush(streams)?;
    if run.tally.has_errors() {
        exit = exit.and(Exit::Findings);
    }
    if !args.quiet && run.files > 0 {
        run.summary(streams);
    }
    Ok(exit)
}

struct Run<'a> {
    args: &'a ValidateArgs,
    across: Across,
    printer: Printer,
    tally: Tally,
    files: u64,
}

impl Run<'_> {
    fn check(&mut self, input: &Input, streams: &mut Streams<'_>) -> Result<(), Failure> {
        let name = input.name();
        let before = self.tally.batches + self.tally.unreadable;
        for item in BatchReader::new(input.open()?).format(self.args.input.format.into()) {
            match item {
                Ok(batch) => {
                    let report = self.across.check_bytes(&batch.bytes);
                    self.tally.add(&report);
                    let source = Source { name: &name, first_line: batch.line, text: &batch.bytes };
                    self.printer.show(streams.out, &source, &report).map_err(Failure::stdout)?;
                }
                Err(error) if is_content(&error) => {
                    self.tally.unreadable += 1;
                    self.printer.show_unreadable(streams.out, &name, &error).map_err(Failure::stdout)?;
                }
                Err(error) => {
                    return Err(Failure::new(format!("{name}: {}", error.what())).help(error.help()));
                }
            }
        }
        if self.tally.batches + self.tally.unreadable == before {
            return Err(inputs::empty(input));
        }
        Ok(())
    }

    fn summary(&self, streams: &mut Streams<'_>) {
        if let Some(note) = self.printer.kept_back() {
            streams.note(&note);
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
