//! What came of a delivery, for people and for programs, and the exit code that follows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::args::SendArgs;
use super::intake::{Intake, SharedLedger, lock};
use super::resume;
use crate::Endpoint;
use crate::cli::args::Output;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Paint, Painted, Streams, bytes, count, grouped};
use crate::cli::runtime::INTERRUPTED;
use crate::deliver::{Reason, Summary};
use crate::journal::{Changed, Counts};
use crate::sandbox::Received;
use crate::validate::Severity;
use crate::validate::render::printable;

/// Errors that could not be traced to a batch and are told to people; the others are counted.
const TOLD: usize = 20;

/// What the sandbox itself counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SandboxAccount {
    accepted: u64,
    rejected: u64,
    duplicate: u64,
    dropped: u64,
}

impl SandboxAccount {
    /// The account of a sandbox.
    #[must_use]
    pub fn of(received: &Received) -> Self {
        let counts = received.counts;
        let (accepted, rejected) = (counts.accepted, counts.rejected);
        Self { accepted, rejected, duplicate: counts.duplicate, dropped: counts.dropped }
    }

    /// What it answered with success.
    const fn answered(&self) -> u64 {
        self.accepted + self.duplicate + self.dropped
    }
}

/// What came of a delivery.
pub struct Outcome {
    /// What was read and held back.
    pub intake: Intake,
    /// What was sent.
    pub summary: Summary,
    /// What came of the same delivery in earlier runs.
    pub earlier: Counts,
    /// Batches taken in this run, by path: whole ones, and those that were merged.
    pub accepted: BTreeMap<Endpoint, u64>,
    /// Pieces of batches taken in this run, by path.
    pub pieces: BTreeMap<Endpoint, u64>,
    /// Batches taken in this run, as they were sent: a piece is one, and so is what was merged.
    pub parts: u64,
    /// The dead letters and the journal.
    pub ledger: SharedLedger,
    /// What could not be written down at the end.
    pub not_written: Option<String>,
    /// Where the input is not the one that an earlier run read. Nothing was sent then.
    pub changed: Option<Changed>,
    /// The other side's account, when it was our own sandbox.
    pub sandbox: Option<SandboxAccount>,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Tells what came of it.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written to.
    pub fn report(self, args: &SendArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
        for (what, help) in &self.intake.failures {
            streams.complain(what, help.as_deref());
        }
        if let Some(reason) = self.stopped()
            && reason != INTERRUPTED
        {
            streams.complain(&format!("stopped: {reason}"), None);
        }
        let odd = self.odd();
        if let Some(odd) = &odd {
            streams.complain(odd, Some("this is a fault of the tool; please report it"));
        }
        if args.output == Output::Json {
            streams.data(format_args!("{}\n", self.json()))?;
        } else if !args.quiet && self.intake.read > 0 {
            self.human(streams);
        }
        Ok(if odd.is_some() { Exit::Incomplete } else { self.exit() })
    }

    fn stopped(&self) -> Option<&str> {
        let stopped = self.summary.stopped.as_deref().or(self.intake.letters_failed.as_deref());
        stopped.or(self.not_written.as_deref())
    }

    /// Batches read in this run, and those of earlier runs that it did not come to.
    fn read(&self) -> u64 {
        self.intake.read + self.earlier.total().saturating_sub(self.intake.settled)
    }

    fn accepted(&self) -> u64 {
        self.summary.accepted + self.earlier.accepted()
    }

    fn held_back(&self) -> u64 {
        let earlier = |reason| self.earlier.rejected.get(&reason).copied().unwrap_or_default();
        self.intake.held_back + earlier(Reason::Invalid) + earlier(Reason::TooLarge)
    }

    fn rejected(&self) -> u64 {
        self.intake.held_back + self.summary.rejected + self.earlier.rejected()
    }

    fn refused(&self) -> u64 {
        self.rejected() - self.held_back()
    }

    /// Batches read that are neither accepted nor rejected.
    fn not_attempted(&self) -> u64 {
        self.read().saturating_sub(self.accepted() + self.rejected())
    }

    fn accepted_by_endpoint(&self) -> BTreeMap<Endpoint, u64> {
        sums(&self.accepted, self.earlier.by_endpoint())
    }

    fn pieces_by_endpoint(&self) -> BTreeMap<Endpoint, u64> {
        sums(&self.pieces, self.earlier.pieces_by_endpoint())
    }

    /// What does not add up, if anything.
    fn odd(&self) -> Option<String> {
        let Intake { read, settled, held_back, handed, .. } = self.intake;
        let all = settled + held_back + handed == read && self.summary.total() == handed;
        if self.stopped().is_none() && (!all || self.earlier.total() != settled) {
            let (total, earlier) = (self.summary.total(), self.earlier.total());
            return Some(format!(
                "the counts do not add up: {read} read, {settled} of {earlier} settled before, {held_back} held back, \
                 {handed} handed over, {total} accounted for"
            ));
        }
        // A retry after an answer that was lost is counted twice there, and once here.
        let sandbox = self.sandbox.filter(|_| self.summary.retries == 0 && self.stopped().is_none())?;
        let (theirs, ours) = (sandbox.answered(), self.parts);
        (theirs != ours)
            .then(|| format!("the sandbox took {theirs} batches, but {ours} were counted here as sent to it"))
    }

    fn exit(&self) -> Exit {
        match self.stopped() {
            Some(INTERRUPTED) => return Exit::Interrupted,
            Some(_) => return Exit::Incomplete,
            None if !self.intake.failures.is_empty() => return Exit::Incomplete,
            None => {}
        }
        let all = self.rejected() == 0 && self.intake.unreadable == 0;
        let traced = lock(&self.ledger).untraced_errors().is_empty();
        if all && traced { Exit::Clean } else { Exit::Findings }
    }

    fn gave_up(&self) -> u64 {
        self.summary.gave_up + self.earlier.rejected.get(&Reason::GaveUp).copied().unwrap_or_default()
    }

    fn human(&self, streams: &mut Streams<'_>) {
        let paint = Paint(streams.err_color);
        let mut headline = format!("{} read", count(self.read(), "batch"));
        if self.earlier.total() > 0 {
            headline
                .push_str(&format!(", {} of them settled by earlier runs", grouped(self.earlier.total())));
        }
        streams.say(format_args!("{}", paint.bold(headline)));
        let to =
            |(endpoint, number): (&Endpoint, &u64)| format!("{} to {}", grouped(*number), endpoint.path());
        let by_path = self.accepted_by_endpoint();
        let mut paths: Vec<String> = by_path.iter().map(to).collect();
        let in_pieces = self.accepted().saturating_sub(by_path.values().sum());
        if in_pieces > 0 {
            let pieces: Vec<String> = self.pieces_by_endpoint().iter().map(to).collect();
            paths.push(format!("{} in pieces ({})", grouped(in_pieces), pieces.join(", ")));
        }
        line(streams, shown(self.accepted(), |text| paint.good(text)), "accepted", &paths);
        let gave_up = self.gave_up();
        let by_service = self.refused().saturating_sub(gave_up);
        let why = [
            (self.held_back(), "by the check before sending"),
            (by_service, "by the service"),
            (gave_up, "given up after all attempts"),
        ];
        let why: Vec<String> = why
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, by)| format!("{} {by}", grouped(*number)))
            .collect();
        line(streams, shown(self.rejected(), |text| paint.error(text)), "rejected", &why);
        line(streams, shown(self.not_attempted(), |text| paint.warning(text)), "not attempted", &[]);
        if self.intake.unreadable > 0 {
            line(streams, shown(self.intake.unreadable, |text| paint.error(text)), "not readable", &[]);
        }
        self.intake.planned.say(streams);
        self.findings(streams);
        self.effort(streams);
        self.whereabouts(streams);
    }

    fn findings(&self, streams: &mut Streams<'_>) {
        if self.intake.tally.findings() > 0 {
            streams.say(format_args!("findings"));
            self.intake.tally.write_codes(streams);
            if let Some((_, code, _)) = self.intake.tally.by_code().next() {
                streams.say(format_args!("  what one means: mparticle explain {code}"));
            }
        }
        let ledger = lock(&self.ledger);
        let untraced = ledger.untraced_errors();
        for error in untraced.kept().iter().take(TOLD) {
            let code = if error.code.is_empty() { String::new() } else { format!(" ({})", error.code) };
            let (places, message) = (error.places(), &error.message);
            streams.note(&printable(&format!(
                "the service objects to one of the batches of {places} without saying which{code}: {message}"
            )));
        }
        let more = untraced.kept().len().saturating_sub(TOLD) as u64 + untraced.more();
        if more > 0 {
            streams.note(&count(more, "more such error"));
        }
    }

    fn effort(&self, streams: &mut Streams<'_>) {
        let Summary { requests, retries, bytes: sent, throttled, .. } = self.summary;
        let mut text =
            format!("{}, {}, {} sent", count(requests, "request"), count(retries, "retry"), bytes(sent));
        if throttled > 0 {
            text.push_str(&format!(", slowed down {} times", grouped(throttled)));
        }
        let seconds = self.took.as_secs_f64();
        streams.say(format_args!("{text}, {seconds:.2} s"));
    }

    fn whereabouts(&self, streams: &mut Streams<'_>) {
        let ledger = lock(&self.ledger);
        let letters = ledger.letters();
        let (written, added) = letters.written();
        if written > 0 {
            let path = letters.path().display();
            let verb = if added { "added to" } else { "in" };
            streams.say(format_args!("{} {verb} {path}", count(written, "dead letter")));
        }
        if let Some(SandboxAccount { accepted, rejected, duplicate, dropped }) = self.sandbox {
            let verdict = if self.odd().is_none() { ": the same" } else { "" };
            streams.say(format_args!(
                "the sandbox counts {} accepted, {} rejected, {} seen before, {} not processed{verdict}",
                grouped(accepted),
                grouped(rejected),
                grouped(duplicate),
                grouped(dropped)
            ));
        }
        if self.stopped().is_some() && !self.intake.complete {
            streams.say(format_args!("the input was not read to its end"));
        }
        if ledger.is_kept() && (self.stopped().is_some() || !self.intake.failures.is_empty()) {
            streams.say(format_args!("To go on where it stopped: {}", resume::command()));
        } else if self.stopped().is_some() {
            streams.say(format_args!(
                "Run the same command again to send the rest: what was accepted is not counted twice by the service."
            ));
        }
    }

    fn json(&self) -> Value {
        let codes = |wanted: Severity| -> Map<String, Value> {
            let codes = self.intake.tally.by_code().filter(|(severity, _, _)| *severity == wanted);
            codes.map(|(_, code, number)| (code.to_owned(), json!(number))).collect()
        };
        let gave_up = self.gave_up();
        let ledger = lock(&self.ledger);
        let letters = ledger.letters();
        let (written, _) = letters.written();
        let untraced = ledger.untraced_errors();
        let by_path = |counts: &BTreeMap<Endpoint, u64>| -> Map<String, Value> {
            counts.iter().map(|(endpoint, number)| (endpoint.to_string(), json!(number))).collect()
        };
        json!({
            "read": self.read(),
            "settled_by_earlier_runs": self.earlier.total(),
            "accepted": self.accepted(),
            "accepted_by_endpoint": by_path(&self.accepted_by_endpoint()),
            "accepted_pieces_by_endpoint": by_path(&self.pieces_by_endpoint()),
            "planned": self.intake.planned.json(),
            "rejected": {
                "before_sending": self.held_back(),
                "by_the_service": self.refused().saturating_sub(gave_up),
                "gave_up": gave_up,
            },
            "not_attempted": self.not_attempted(),
            "not_readable": self.intake.unreadable,
            "untraced_errors": {
                "number": untraced.kept().len() as u64 + untraced.more(),
                "first": untraced.kept(),
            },
            "errors": codes(Severity::Error),
            "warnings": codes(Severity::Warning),
            "requests": self.summary.requests,
            "retries": self.summary.retries,
            "bytes": self.summary.bytes,
            "seconds": self.took.as_secs_f64(),
            "dead_letters": { "file": (written > 0).then(|| letters.path().display().to_string()), "written": written },
            "stopped": self.stopped(),
            "resume": (ledger.is_kept() && self.stopped().is_some()).then(resume::command),
        })
    }
}

fn sums(
    counts: &BTreeMap<Endpoint, u64>,
    more: impl Iterator<Item = (Endpoint, u64)>,
) -> BTreeMap<Endpoint, u64> {
    let mut all = counts.clone();
    for (endpoint, number) in more {
        *all.entry(endpoint).or_default() += number;
    }
    all
}

/// A number in its column; a zero has no colour, as there is nothing to look at.
fn shown(number: u64, paint: impl FnOnce(String) -> Painted<String>) -> String {
    let text = format!("{:>9}", grouped(number));
    if number == 0 { text } else { paint(text).to_string() }
}

fn line(streams: &mut Streams<'_>, number: impl std::fmt::Display, what: &str, details: &[String]) {
    if details.is_empty() {
        streams.say(format_args!("{number}  {what}"));
    } else {
        streams.say(format_args!("{number}  {what}: {}", details.join(", ")));
    }
}
