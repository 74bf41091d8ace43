//! Evaluates the schema that was generated from the spec, and says in the words of the rules what it objects to.
//!
//! A clean batch costs one evaluation that stops at yes. Only when the answer is no are the objections gone through.

mod classify;
mod names;
mod schema;

use std::collections::BTreeSet;

use serde_json::Value;

use super::Severity;
use super::collector::Collector;
use super::pointer::Pointer;
use super::rules::{
    mp113_value_case as mp113, mp119_output_only_member as mp119, mp120_output_identities as mp120,
    mp122_secret_in_body as mp122,
};
pub(super) use names::{mentions_secret, nearest};
use schema::COMPILED;

/// The schema of one batch (JSON Schema, draft 2020-12), as generated from the corrected spec.
#[must_use]
pub fn schema_json() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/validator.schema.json"))
}

/// Checks the shape of a batch; event types that are right but for their case are mended in passing, so that the
/// `data` of such events is checked as well.
pub(super) fn check(document: &mut Value, findings: &mut Collector<'_>) {
    let start = findings.list().len();
    mend_event_types(document, findings);
    if COMPILED.validator.is_valid(document) {
        return;
    }
    for error in COMPILED.validator.iter_errors(document) {
        classify::report(&error, document, findings);
    }
    settle(findings.list(), start);
}

fn mend_event_types(document: &mut Value, findings: &mut Collector<'_>) {
    let Some(events) = document.get_mut("events").and_then(Value::as_array_mut) else { return };
    for (index, event) in events.iter_mut().enumerate() {
        let Some(Value::String(kind)) = event.get_mut("event_type") else { continue };
        if COMPILED.sendable.contains(kind.as_str()) {
            continue;
        }
        let lower = kind.to_ascii_lowercase();
        if COMPILED.sendable.contains(&lower) {
            let pointer = Pointer::root().key("events").index(index).key("event_type");
            mp113::report(pointer, &lower, &mut findings.of(&mp113::RULE));
            *kind = lower;
        }
    }
}

/// One fault, one finding: what should not be there at all is not picked apart, unless it breaks the batch.
fn settle(list: &mut Vec<super::Finding>, start: usize) {
    let unwanted = [mp119::RULE.code, mp120::RULE.code, mp122::RULE.code];
    let all = list.get(start..).unwrap_or_default();
    let mut outer: BTreeSet<String> = all
        .iter()
        .filter(|finding| unwanted.contains(&finding.code))
        .map(|finding| finding.pointer.clone())
        .collect();
    let inner: Vec<String> =
        outer.iter().filter(|pointer| within(parent(pointer), &outer)).cloned().collect();
    outer.retain(|pointer| !inner.contains(pointer));
    if outer.is_empty() {
        return;
    }
    let fatal: BTreeSet<String> = all
        .iter()
        .filter(|finding| finding.severity == Severity::Error && outer.contains(&finding.pointer))
        .map(|finding| finding.pointer.clone())
        .collect();
    let mut index = 0;
    list.retain(|finding| {
        index += 1;
        if index <= start {
            return true;
        }
        let is_unwanted = unwanted.contains(&finding.code);
        if fatal.contains(&finding.pointer) {
            return finding.severity == Severity::Error;
        }
        is_unwanted && outer.contains(&finding.pointer) || !within(&finding.pointer, &outer)
    });
}

fn parent(pointer: &str) -> &str {
    pointer.rfind('/').and_then(|end| pointer.get(..end)).unwrap_or_default()
}

/// Whether a pointer or one of those above it is in the set.
fn within(pointer: &str, outer: &BTreeSet<String>) -> bool {
    let mut rest = pointer;
    loop {
        if outer.contains(rest) {
            return true;
        }
        if rest.is_empty() {
            return false;
        }
        rest = parent(rest);
    }
}

#[cfg(test)]
mod tests;
