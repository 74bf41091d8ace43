//! Reads the inputs, checks every batch, holds back what would be refused, and packs the rest into requests.

use std::collections::{BTreeMap, BTreeSet};

use super::ahead::{Look, Looking};
use super::args::SendArgs;
use super::book::Remaining;
use super::intake::{SharedIntake, SharedLedger, lock};
use super::plan::Plan;
use super::route::rules_of;
use crate::Endpoint;
use crate::cli::exit::Failure;
use crate::cli::inputs::{self, Input};
use crate::cli::printer::{Printer, Shape, is_content};
use crate::cli::walk::PACKED;
use crate::deliver::Reason;
use crate::deliver::dead_letter::DeadLetter;
use crate::input::{BatchReader, InputError, RawBatch};
use crate::journal::SharedContent;
use crate::pack::{Packer, Request, RequestIds, TooLarge, Unit};
use crate::validate::render::Source;
use crate::validate::{Across, Limits, Report, Route, Validator};

/// What comes out.
pub enum Item {
    /// A request to be sent.
    Request(Request),
    /// Something for people to read.
    Text(Vec<u8>),
}

/// Takes what comes out; false when nothing more is wanted.
pub type Sink<'a> = &'a mut dyn FnMut(Item) -> bool;

/// See the module.
pub struct Producer {
    format: crate::input::Format,
    plan: Plan,
    /// For the first look at batches; as many as `checks`.
    validators: Vec<(Route, Validator)>,
    /// One for the rules of each path, and one for batches that go to both; none when nothing is checked.
    checks: Vec<(Route, Across)>,
    packers: BTreeMap<Endpoint, Packer>,
    limits: Limits,
    /// Where inputs ended in earlier runs: batches on both sides are not merged.
    cuts: BTreeSet<u64>,
    printer: Printer,
    quiet: bool,
    intake: SharedIntake,
    /// Nowhere in a dry run.
    ledger: Option<SharedLedger>,
    /// Follows the reading, so that a change of an input is noticed.
    content: Option<SharedContent>,
    /// An earlier run has left something that is not to be sent again.
    resumes: bool,
    /// For what is planned of a batch; kept, so that no memory is asked for with each.
    units: Vec<Unit>,
}

impl Producer {
    /// A producer as the options say.
    ///
    /// # Errors
    ///
    /// When the options name a rule that there is not.
    pub fn new(
        args: &SendArgs,
        color: bool,
        intake: SharedIntake,
        ledger: Option<SharedLedger>,
    ) -> Result<Self, Failure> {
        let limits = args.check.limits();
        let mut validators = Vec::new();
        if !args.no_validate {
            for route in [Route::Live, Route::Historical, Route::Either] {
                validators.push((route, args.check.validator(route)?));
            }
        }
        let checks = validators.iter().map(|(route, validator)| (*route, validator.across())).collect();
        let printer = if args.quiet {
            Printer::silent()
        } else {
            Printer::new(Shape::Human, &args.check, color).by_kind()
        };
        Ok(Self {
            format: args.input.format.into(),
            plan: Plan::new(args),
            validators,
            checks,
            packers: BTreeMap::new(),
            limits,
            cuts: ledger.as_ref().map(|ledger| lock(ledger).cuts()).unwrap_or_default(),
            printer,
            quiet: args.quiet,
            intake,
            content: ledger.as_ref().and_then(|ledger| lock(ledger).content()),
            resumes: ledger.as_ref().is_some_and(|ledger| lock(ledger).resumes()),
            ledger,
            units: Vec::new(),
        })
    }

    /// Reads all inputs, one after another, until the sink wants no more.
    pub fn run(mut self, inputs: &[Input], sink: Sink<'_>) {
        let mut start = 0;
        if let Some(note) = same_name(inputs)
            && !self.quiet
        {
            sink(Item::Text(note.into_bytes()));
        }
        for input in inputs {
            match self.read(input, start, sink) {
                Some(bytes) => start += bytes,
                None => return self.finish(false, sink),
            }
        }
        self.finish(true, sink);
    }

    /// Reads one input. Its length in bytes, or nothing when there is no point in going on.
    fn read(&mut self, input: &Input, start: u64, sink: Sink<'_>) -> Option<u64> {
        let name = input.name();
        lock(&self.intake).files.push((start, name.clone()));
        let file = match input.open() {
            Ok(file) => file,
            Err(failure) => {
                self.fail(failure);
                return Some(0);
            }
        };
        self.plan.next_input(RequestIds::for_input(&base_name(input)), &mut self.units);
        if !self.end_input(sink) {
            return None;
        }
        let mut reader = BatchReader::new(file).format(self.format);
        if let Some(content) = &self.content {
            reader = reader.on_read(Box::new(content.watch()));
        }
        let (mut bytes, mut some) = (0, false);
        let mut looking = Looking::at(reader, self.plan.routes, &self.validators);
        while let Some(item) = looking.next_batch() {
            (bytes, some) = (item.bytes_read, true);
            let go_on = match item.read {
                Ok(batch) => {
                    if let Some(content) = &self.content {
                        content.reached(bytes);
                    }
                    let batch = RawBatch { offset: start + batch.offset, ..batch };
                    self.batch(&name, batch, item.worked, start + bytes, sink)
                }
                Err(error) => self.unreadable(&name, &error, sink),
            };
            if !go_on {
                return None;
            }
        }
        if !looking.is_complete() {
            let what = "the check broke off before the end; this is a fault of the tool";
            self.fail(Failure::new(format!("{name}: {what}")).help("please report it"));
            return None;
        }
        if !some {
            self.fail(inputs::empty(input));
        }
        // At least one byte, so that two inputs never begin at the same place.
        Some(bytes.max(1))
    }

    /// Checks, plans and packs one batch, after which so many bytes of all inputs were read; false when there is no point in going on.
    fn batch(&mut self, name: &str, batch: RawBatch, look: &Look, bytes: u64, sink: Sink<'_>) -> bool {
        if !self.keep_apart(batch.offset, sink) {
            return false;
        }
        let earlier = self.ledger.as_ref().filter(|_| self.resumes);
        let (settled, shown) = earlier.map_or((false, false), |ledger| {
            let ledger = lock(ledger);
            (ledger.has_whole(batch.offset), ledger.has_any(batch.offset))
        });
        {
            let mut intake = lock(&self.intake);
            intake.bytes = bytes;
            intake.read += 1;
            intake.settled += u64::from(settled);
        }
        let rules = rules_of(&look.paths);
        let check = self.checks.iter_mut().find(|(route, _)| *route == rules);
        if let Some((_, check)) = check {
            let report = self.plan.mend(check.check_prepared(&batch.bytes, &look.prepared));
            lock(&self.intake).tally.add(&report);
            // What an earlier run came to, it has shown.
            if !shown && !self.show(name, &batch, &report, sink) {
                return false;
            }
            if report.has_errors() {
                let code = report.errors().next().map(|finding| finding.code.to_owned());
                let letter = DeadLetter::unsent(&batch, Reason::Invalid, code, said(&report));
                return settled || self.hold_back(&batch, letter.in_file(name));
            }
        }
        // What is settled is planned, too: others may have been merged with it.
        let result = self.plan.plan(batch, look, &mut self.units);
        {
            let mut intake = lock(&self.intake);
            intake.planned = self.plan.planned;
            intake.handed += u64::from(!settled && result.is_ok());
        }
        self.deliver(sink)
            && match result {
                Err(large) if !settled => self.too_large(name, &large, sink),
                _ => true,
            }
    }

    /// Ends the merged batch that waits when an input ended before this place in an earlier run: it may be on its way as it was then.
    fn keep_apart(&mut self, offset: u64, sink: Sink<'_>) -> bool {
        if self.cuts.first().is_none_or(|cut| *cut > offset) {
            return true;
        }
        self.cuts = self.cuts.split_off(&(offset + 1));
        self.plan.finish(&mut self.units);
        self.deliver(sink)
    }

    /// Packs what waited when its input came to an end, after that place is written down.
    fn end_input(&mut self, sink: Sink<'_>) -> bool {
        if let (Some(unit), Some(ledger)) = (self.units.last(), &self.ledger) {
            let last = unit.origin.members().last().map_or(unit.batch.offset, |member| member.offset);
            let written = lock(ledger).cut_off(last + 1);
            if self.written(written).is_none() {
                return false;
            }
        }
        self.deliver(sink)
    }

    /// Nothing when what should be written down cannot be, because then nothing more may be sent.
    fn written<T>(&self, result: std::io::Result<T>) -> Option<T> {
        let failed = |error: std::io::Error| lock(&self.intake).letters_failed = Some(error.to_string());
        result.map_err(failed).ok()
    }

    /// Packs what the plan has made and no earlier run has settled; false when nothing more is wanted.
    fn deliver(&mut self, sink: Sink<'_>) -> bool {
        let Some(mut units) = self.remaining() else { return false };
        let all = units.drain(..).all(|unit| self.pack(unit, sink));
        self.units = units;
        all
    }

    fn remaining(&mut self) -> Option<Vec<Unit>> {
        let units = std::mem::take(&mut self.units);
        let Some(ledger) = self.ledger.as_ref().filter(|_| self.resumes) else { return Some(units) };
        let remaining = lock(ledger).remaining(units);
        let Remaining { units, settled } = self.written(remaining)?;
        if settled > 0 {
            let mut intake = lock(&self.intake);
            intake.settled += settled;
            intake.handed = intake.handed.saturating_sub(settled);
        }
        Some(units)
    }

    fn pack(&mut self, unit: Unit, sink: Sink<'_>) -> bool {
        let (endpoint, limits) = (unit.endpoint, &self.limits);
        let packer = self.packers.entry(endpoint).or_insert_with(|| Packer::new(endpoint, limits));
        match packer.push_unit(unit) {
            Ok(full) => full.is_none_or(|request| sink(Item::Request(request))),
            Err(large) => {
                // The plan keeps to the limits. If it did not, the counts would not add up, and that be told.
                let name = lock(&self.intake).file(large.batch.offset).to_owned();
                self.too_large(&name, &large, sink)
            }
        }
    }

    fn too_large(&mut self, name: &str, large: &TooLarge, sink: Sink<'_>) -> bool {
        let letter =
            DeadLetter::unsent(&large.batch, Reason::TooLarge, None, large.to_string()).in_file(name);
        let mut text = Vec::new();
        let _ = self.printer.show_line(&mut text, &format!("{name}: {large}"));
        self.hold_back(&large.batch, letter) && (text.is_empty() || sink(Item::Text(text)))
    }

    fn show(&mut self, name: &str, batch: &RawBatch, report: &Report, sink: Sink<'_>) -> bool {
        if report.is_clean() {
            return true;
        }
        let mut text = Vec::new();
        let source = Source { name, first_line: batch.line, first_column: batch.column, text: &batch.bytes };
        // Writing to memory does not fail.
        let _ = self.printer.show(&mut text, &source, report);
        text.is_empty() || sink(Item::Text(text))
    }

    fn unreadable(&mut self, name: &str, error: &InputError, sink: Sink<'_>) -> bool {
        if !is_content(error) {
            self.fail(Failure::new(format!("{name}: {}", error.what())).help(error.help()));
            return true;
        }
        lock(&self.intake).unreadable += 1;
        let mut text = Vec::new();
        let _ = self.printer.show_unreadable(&mut text, name, error);
        text.is_empty() || sink(Item::Text(text))
    }

    /// Writes a dead letter, unless an earlier run has; false when that is not possible, because then nothing more may be sent.
    fn hold_back(&self, batch: &RawBatch, letter: DeadLetter) -> bool {
        let written = self.ledger.as_ref().map_or(Ok(false), |ledger| {
            let mut ledger = lock(ledger);
            Ok(ledger.has_letter(batch)? || ledger.hold_back(letter).map(|()| false)?)
        });
        let Some(settled) = self.written(written) else { return false };
        let mut intake = lock(&self.intake);
        intake.settled += u64::from(settled);
        intake.held_back += u64::from(!settled);
        true
    }

    fn fail(&self, failure: Failure) {
        if let Failure::Stopped { what, help } = failure {
            lock(&self.intake).failures.push((what, help));
        }
    }

    fn finish(mut self, complete: bool, sink: Sink<'_>) {
        self.plan.finish(&mut self.units);
        {
            let mut intake = lock(&self.intake);
            intake.complete = complete;
            intake.planned = self.plan.planned;
        }
        // A merged batch that was cut short by a stop would be another one when the delivery is gone on with: it is not sent.
        if complete && self.end_input(sink) {
            for packer in self.packers.values_mut() {
                if let Some(request) = packer.finish()
                    && !sink(Item::Request(request))
                {
                    break;
                }
            }
        }
        let mut text = Vec::new();
        let _ = self.printer.finish(&mut text, complete);
        text.extend(self.printer.kept_back().into_iter().flat_map(|note| format!("{note}\n\n").into_bytes()));
        if !text.is_empty() {
            sink(Item::Text(text));
        }
    }
}

/// The name that ids are made from: not the path, which depends on where one stands, and not how the file is packed.
fn base_name(input: &Input) -> String {
    let (Input::File(path) | Input::Letters(path)) = input else { return input.name() };
    let name = path.file_name().map_or_else(|| input.name(), |name| name.to_string_lossy().into_owned());
    PACKED.iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name).to_owned()
}

/// A word about two inputs whose batches can get the same ids.
fn same_name(inputs: &[Input]) -> Option<String> {
    let mut seen: BTreeMap<String, &Input> = BTreeMap::new();
    inputs.iter().find_map(|input| {
        let before = seen.insert(base_name(input), input)?;
        Some(format!(
            "note: {} and {} have the same file name: where both have the same bytes at the same place and no source_request_id, the service keeps one batch\n\n",
            before.name(),
            input.name()
        ))
    })
}

/// The first error of a report in one line, and how many more there are.
fn said(report: &Report) -> String {
    let mut errors = report.errors();
    let Some(first) = errors.next() else { return String::new() };
    let mut text = first.message.clone();
    if !first.pointer.is_empty() {
        text.push_str(&format!(" at `{}`", first.pointer));
    }
    if let Some(help) = &first.help {
        text.push_str("; ");
        text.push_str(help);
    }
    match errors.count() {
        0 => text,
        1 => format!("{text} (and 1 more error)"),
        more => format!("{text} (and {more} more errors)"),
    }
}
