//! Keeps the account of a run: every batch is entered once, and its observer told.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::answer::words;
use super::attribute::culprit;
use super::flight::Flight;
use super::{Answer, Note, Observer, Outcome, Reason, Rejection, Retry, Stop, Summary};
use crate::client::ApiError;
use crate::pack::{Part, Request};

pub(super) struct Account<'a, O: ?Sized> {
    summary: Summary,
    observer: &'a mut O,
    stop: &'a Stop,
}

impl<'a, O: Observer + ?Sized> Account<'a, O> {
    pub(super) fn new(observer: &'a mut O, stop: &'a Stop) -> Self {
        Self { summary: Summary::default(), observer, stop }
    }

    /// The account, when nothing more comes.
    pub(super) fn close(mut self) -> Summary {
        self.summary.stopped = self.stop.reason();
        self.summary
    }

    /// A request was posted.
    pub(super) fn posted(&mut self, request: &Request, again: bool, answer: &Answer) {
        self.summary.requests += 1;
        self.summary.retries += u64::from(again);
        self.summary.throttled += u64::from(answer.outcome == Outcome::Status(429));
        self.summary.bytes += request.body().len() as u64;
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
        self.summary.not_attempted += request.len() as u64;
        let told = self.observer.not_attempted(request);
        self.told(told);
        self.observer.progress(&self.summary);
    }

    /// The service refused all batches of a request.
    pub(super) fn refused(&mut self, flight: &Flight, answer: &Answer) {
        let code = answer.errors.first().map(|error| error.code.clone());
        for index in 0..flight.request.len() {
            self.reject(flight, index, Reason::Refused, code.clone(), answer, answer.summary());
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
        for index in 0..flight.request.len() {
            self.reject(flight, index, Reason::GaveUp, code.clone(), answer, message.clone());
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
        self.reject(flight, index, Reason::Refused, code, answer, message);
    }

    fn accept(&mut self, request: &Request, parts: Option<&[Part]>) {
        let parts = parts.unwrap_or_default();
        if parts.is_empty() {
            return;
        }
        self.summary.accepted += parts.len() as u64;
        let told = self.observer.accepted(request, parts);
        self.told(told);
    }

    fn reject(
        &mut self,
        flight: &Flight,
        index: usize,
        reason: Reason,
        code: Option<String>,
        answer: &Answer,
        message: String,
    ) {
        self.summary.rejected += 1;
        let request = &flight.request;
        let (Some(part), Some(batch)) = (request.parts().get(index), request.original(index)) else { return };
        let rejection = Rejection {
            part,
            batch,
            sent: request.batch(index).unwrap_or_default(),
            reason,
            code: code.filter(|code| !code.is_empty()),
            status: answer.status_code(),
            message,
            attempts: flight.attempts(),
        };
        let told = self.observer.rejected(&rejection);
        self.told(told);
    }

    fn note(&mut self, request: &Request, code: &str, message: &str) {
        let lines = request.parts().iter().map(|part| part.line).collect();
        self.summary.note(Note { lines, code: code.to_owned(), message: message.to_owned() });
    }

    /// What cannot be written down must not go on happening.
    fn told(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.stop.stop(format!("stopped, because what happened could not be written down: {error}"));
        }
    }
}
