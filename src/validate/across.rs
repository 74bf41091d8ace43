//! Checks batches one after another, each against those before it.

use std::fmt;

use super::rule::{AcrossCheck, Check, Rule};
use super::{Report, Validator, accept, rules};

/// State of one rule that compares batches.
pub(super) struct State {
    pub(super) rule: &'static Rule,
    pub(super) check: Box<dyn AcrossCheck>,
    /// It has taken note of the present batch already.
    settled: bool,
}

/// What one look at a batch by itself has brought; made by [`Validator::prepare`], on any thread.
#[derive(Debug, Default)]
pub struct Prepared {
    pub(super) buffer: accept::Buffer,
    /// No rule of a batch by itself has anything to say, and the facts are in the buffer.
    pub(super) is_clean: bool,
    pub(super) now_ms: i64,
}

impl Prepared {
    /// Whether it is certain that the batch has a `source_request_id` that is one; false also when it was not looked at that closely.
    #[must_use]
    pub fn has_request_id(&self) -> bool {
        self.is_clean && self.buffer.has_request_id()
    }
}

/// Checks one batch after another, and each against those before it. Made by [`Validator::across`].
///
/// ```
/// use mparticle_events::validate::Validator;
///
/// let validator = Validator::new();
/// let batch = br#"{"environment":"production","mpid":7,"source_request_id":"r-1","events":[]}"#;
/// let mut across = validator.across();
/// assert!(across.check_bytes(batch).is_clean());
/// // The greater part of the work can be done ahead, and on other threads.
/// let prepared = validator.prepare(batch);
/// assert_eq!(across.check_prepared(batch, &prepared).findings()[0].code, "MP501");
/// ```
pub struct Across {
    validator: Validator,
    states: Vec<State>,
    /// Batches so far, also those that could not be read.
    batches: u64,
    /// For batches that nobody has prepared, used again and again.
    own: Option<Box<Prepared>>,
}

impl fmt::Debug for Across {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Across").field("validator", &self.validator).finish_non_exhaustive()
    }
}

impl Across {
    pub(super) fn new(validator: Validator) -> Self {
        let states = rules::ALL.iter().filter_map(|rule| match rule.check {
            Check::Across(make) if validator.is_on(rule) => {
                Some(State { rule, check: make(), settled: false })
            }
            _ => None,
        });
        Self { states: states.collect(), validator, batches: 0, own: None }
    }

    /// Checks the bytes of the next batch.
    pub fn check_bytes(&mut self, batch: &[u8]) -> Report {
        let mut own = self.own.take().unwrap_or_default();
        self.validator.prepare_into(batch, &mut own);
        let report = self.check_prepared(batch, &own);
        self.own = Some(own);
        report
    }

    /// Checks the bytes of the next batch, of which `prepared` was made by the same validator.
    pub fn check_prepared(&mut self, batch: &[u8], prepared: &Prepared) -> Report {
        self.batches = self.batches.saturating_add(1);
        if prepared.is_clean && self.observe(batch, prepared) {
            return Report::default();
        }
        let mut across = self.states.iter_mut().filter(|state| !state.settled);
        let report = self.validator.explain(batch, self.batches, prepared.now_ms, &mut across);
        self.states.iter_mut().for_each(|state| state.settled = false);
        report
    }

    /// Rules that had more to remember than they can: of the batches so far they compared near ones only.
    pub fn overflowed(&self) -> impl Iterator<Item = &'static Rule> {
        self.states.iter().filter(|state| state.check.forgot()).map(|state| state.rule)
    }

    /// Whether nothing is to be said about the batch. If so, or if only some rules across batches want to see the
    /// document, the others have taken note of it.
    fn observe(&mut self, batch: &[u8], prepared: &Prepared) -> bool {
        let settings = self.validator.settings(prepared.now_ms);
        let facts = accept::facts(batch, self.batches, settings, &prepared.buffer);
        for state in &mut self.states {
            state.settled = state.check.observe(&facts) == accept::Seen::Clean;
        }
        let done = self.states.iter().all(|state| state.settled);
        if done {
            self.states.iter_mut().for_each(|state| state.settled = false);
        }
        done
    }
}
