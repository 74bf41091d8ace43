//! Keeps the account of a run: every batch of the input is counted once, and the observer told of every part of a request.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::answer::words;
use super::attribute::culprit;
use super::flight::Flight;
use super::pieces::{Fate, Pieces};
use super::{Answer, Note, Observer, Outcome, Reason, Rejection, Retry, Stop, Summary};
use crate::client::ApiError;
use crate::pack::{Origin, Part, Request};

pub(super) struct Account<'a, O: ?Sized> {
    summary: Summary,
    pieces: Pieces,
    observer: &'a mut O,
    stop: &'a Stop,
}

/// What the service, or the lack of its answer, says about a part.
struct Verdict<'a> {
    reason: Reason,
    code: Option<String>,
    answer: &'a Answer,
    message: String,
}

impl<'a, O: Observer + ?Sized> Account<'a, O> {
    pub(super) fn new(observer: &'a mut O, stop: &'a Stop) -> Self {
        Self { summary: Summary::default(), pieces: Pieces::default(), observer, stop }
    }

    /// The account, when nothing more comes.
    pub(super) fn close(mut self) -> Summary {
        for fate in std::mem::take(&mut self.pieces).unfinished() {
            self.count(fate, 1);
        }
        self.summary.stopped = self.stop.reason();
        self.summary
    }

    /// A request was posted.
    pub(super) fn posted(&mut self, request: &Request, again: bool, answer: &Answer) {
        self.summary.requests += 1;
        self.summary.retries += u64::from(again);
        self.summary.throttled += u64::from(answer.outcome == Outcome::Status(429));
        self.summary.bytes += request.body_bytes() as u64;
        if let Some(used) = answer.percentage_used {
            let highest = self.summary.percentage_used.map_or(used, |highest| highest.max(used));
            self.summary.percentage_used = Some(highest);
        }
    }

    pub(super) fn retry(&mut self, flight: &Flight, wait: Duration, answer: &Answer) {
        let message = answer.summary();
        let retry = Retry { request: &flight.request, attempt: flight.attempts(), wait, message };
        self.observer.retry(&retry);
    }

    pub(super) fn not_attempted(&mut self, request: &Request) {
        for part in request.parts() {
            self.enter(part, Fate::NotAttempted);
        }
        let told = self.observer.not_attempted(request);
        self.told(told);
        self.observer.progress(&self.summary);
    }

    /// The service refused all batches of a request.
    pub(super) fn refused(&mut self, flight: &Flight, answer: &Answer) {
        let code = answer.errors.first().map(|error| error.code.clone());
        let verdict = Verdict { reason: Reason::Refused, code, answer, message: answer.summary() };
        for index in 0..flight.request.len() {
            self.reject(flight, index, &verdict);
        }
        self.observer.progress(&self.summary);
    }

    /// The service refused these batches of a request by name, and took none of the others.
    pub(super) fn refused_some(
        &mut self,
        flight: &Flight,
        answer: &Answer,
        faults: &BTreeMap<usize, Vec<&ApiError>>,
    ) {
        for (&index, errors) in faults {
            self.reject_for(flight, index, errors, answer);
        }
        self.observer.progress(&self.summary);
    }

    /// No clear answer came.
    pub(super) fn gave_up(&mut self, flight: &Flight, answer: &Answer) {
        let code = answer.errors.first().map(|error| error.code.clone());
        let message = format!("gave up after {} attempts: {}", flight.attempts(), answer.summary());
        let verdict = Verdict { reason: Reason::GaveUp, code, answer, message };
        for index in 0..flight.request.len() {
            self.reject(flight, index, &verdict);
        }
        self.observer.progress(&self.summary);
    }

    /// The service took a request, perhaps with errors about single batches.
    pub(super) fn done(&mut self, flight: &Flight, answer: &Answer) {
        let request = &flight.request;
        let mut faults: BTreeMap<usize, Vec<&ApiError>> = BTreeMap::new();
        for error in &answer.errors {
            match culprit(&error.message, request) {
                Some(index) => faults.entry(index).or_default().push(error),
                None => self.note(request, &error.code, words(error)),
            }
        }
        if let (Some(message), true) = (&answer.message, answer.errors.is_empty()) {
            self.note(request, "", message);
        }
        let mut taken = 0;
        for (&index, errors) in &faults {
            self.accept(request, request.parts().get(taken..index));
            taken = index + 1;
            self.reject_for(flight, index, errors, answer);
        }
        self.accept(request, request.parts().get(taken..));
        self.observer.progress(&self.summary);
    }

    fn reject_for(&mut self, flight: &Flight, index: usize, errors: &[&ApiError], answer: &Answer) {
        let message = errors.iter().map(|error| words(error)).collect::<Vec<_>>().join("; ");
        let code = errors.first().map(|error| error.code.clone());
        self.reject(flight, index, &Verdict { reason: Reason::Refused, code, answer, message });
    }

    fn accept(&mut self, request: &Request, parts: Option<&[Part]>) {
        let parts = parts.unwrap_or_default();
        if parts.is_empty() {
            return;
        }
        for part in parts {
            self.enter(part, Fate::Accepted);
        }
        let told = self.observer.accepted(request, parts);
        self.told(told);
    }

    fn reject(&mut self, flight: &Flight, index: usize, verdict: &Verdict<'_>) {
        let request = &flight.request;
        let Some(part) = request.parts().get(index) else { return };
        self.enter(part, Fate::Rejected(verdict.reason));
        let said = &verdict.message;
        match &part.origin {
            // It may have arrived, and is known there by the id of the merged one only: it has to stay as it is.
            Origin::Merged(members) if verdict.reason != Reason::GaveUp => {
                let (first, last) = (part.line, members.last().map_or(part.line, |last| last.line));
                let message =
                    format!("{said} (refused together with lines {first}–{last}, into which it was merged)");
                for member in 0..members.len() {
                    let batch = request.member(index, member);
                    self.tell(flight, index, Some(member), batch, verdict, message.clone());
                }
            }
            Origin::Merged(members) => {
                let (first, last) = (part.line, members.last().map_or(part.line, |last| last.line));
                let message = format!("{said} (lines {first}–{last}, merged into one)");
                self.tell(flight, index, None, request.original(index), verdict, message);
            }
            Origin::Piece { number, of, .. } => {
                let message = format!("{said} (piece {number} of {of})");
                self.tell(flight, index, None, request.original(index), verdict, message);
            }
            Origin::Whole => {
                self.tell(flight, index, None, request.original(index), verdict, said.clone());
            }
        }
    }

    fn tell(
        &mut self,
        flight: &Flight,
        index: usize,
        member: Option<usize>,
        batch: Option<Vec<u8>>,
        verdict: &Verdict<'_>,
        message: String,
    ) {
        let (Some(part), Some(batch)) = (flight.request.parts().get(index), batch) else { return };
        let rejection = Rejection {
            part,
            member,
            batch,
            sent: flight.request.batch(index).unwrap_or_default(),
            reason: verdict.reason,
            code: verdict.code.clone().filter(|code| !code.is_empty()),
            status: verdict.answer.status_code(),
            message,
            attempts: flight.attempts(),
        };
        let told = self.observer.rejected(&rejection);
        self.told(told);
    }

    /// Counts the batches of a part; those in pieces when their last piece is settled.
    fn enter(&mut self, part: &Part, fate: Fate) {
        match &part.origin {
            Origin::Piece { of, earlier, .. } => {
                if let Some(fate) = self.pieces.settle(part.offset, *of, *earlier, fate) {
                    self.count(fate, 1);
                }
            }
            origin => self.count(fate, origin.batches()),
        }
    }

    fn count(&mut self, fate: Fate, batches: u64) {
        match fate {
            Fate::Accepted => self.summary.accepted += batches,
            Fate::NotAttempted => self.summary.not_attempted += batches,
            Fate::Rejected(reason) => {
                self.summary.rejected += batches;
                self.summary.gave_up += if reason == Reason::GaveUp { batches } else { 0 };
            }
        }
    }

    fn note(&mut self, request: &Request, code: &str, message: &str) {
        let lines = request.parts().iter().flat_map(Part::lines).collect();
        let note = Note { lines, code: code.to_owned(), message: message.to_owned() };
        let told = self.observer.untraced(request, &note);
        self.told(told);
        self.summary.note(note);
    }

    /// What cannot be written down must not go on happening.
    fn told(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.stop.stop(format!("stopped, because what happened could not be written down: {error}"));
        }
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
