//! Tries every rule on its own examples, without the driver.

use super::prelude::*;
use crate::validate::Finding;

/// What `rule` finds in the batches of `example`, batch by batch.
pub(super) fn run(rule: &'static Rule, example: &Example) -> Vec<Vec<Finding>> {
    let limits = example.to_limits();
    let mut state = match rule.check {
        Check::Across(new) => Some(new()),
        _ => None,
    };
    let check_one = |text: &&str| {
        let document: Value = serde_json::from_str(text).unwrap();
        let batch = BatchView {
            members: document.as_object().unwrap(),
            bytes: text.len(),
            route: example.route,
            limits: &limits,
            now_ms: Example::NOW_MS,
        };
        let mut list = Vec::new();
        let mut findings = Findings::new(rule, false, &mut list);
        match (rule.check, &mut state) {
            (Check::Batch(check), _) => check(&batch, &mut findings),
            (Check::Across(_), Some(state)) => state.check(&batch, &mut findings),
            _ => {}
        }
        list
    };
    example.batches.iter().map(check_one).collect()
}

/// The same for one batch on the given path.
pub(super) fn run_one(rule: &'static Rule, route: Route, batch: &'static str) -> Vec<Finding> {
    run(rule, &Example { route, batches: vec![batch].leak(), limits: &[] }).into_iter().flatten().collect()
}

fn checkable() -> impl Iterator<Item = &'static Rule> {
    super::ALL.iter().copied().filter(|rule| matches!(rule.check, Check::Batch(_) | Check::Across(_)))
}

#[test]
fn every_example_that_should_fire_does() {
    for rule in checkable() {
        let found = run(rule, &rule.fires);
        match rule.check {
            Check::Across(_) => assert!(found.iter().any(|list| !list.is_empty()), "{} is silent", rule.code),
            _ => assert!(found.iter().all(|list| !list.is_empty()), "{} is silent", rule.code),
        }
        for finding in found.iter().flatten() {
            assert_eq!((finding.code, finding.name), (rule.code, rule.name));
            assert!(finding.help.is_some(), "{} gives no help", rule.code);
            assert!(!finding.message.ends_with('.'), "{} ends with a full stop", rule.code);
        }
    }
}

#[test]
fn every_silent_example_is_free_of_all_faults() {
    for rule in checkable() {
        for other in checkable() {
            let found = run(other, &rule.silent);
            assert!(found.iter().all(Vec::is_empty), "{} in the silent example of {}", other.code, rule.code);
        }
    }
}

#[test]
fn every_firing_example_has_one_fault_only() {
    for rule in checkable() {
        for other in checkable().filter(|other| other.code != rule.code) {
            let found = run(other, &rule.fires);
            assert!(found.iter().all(Vec::is_empty), "{} in the firing example of {}", other.code, rule.code);
        }
    }
}

#[test]
fn pointers_lead_to_something_or_to_the_object_that_lacks_it() {
    for rule in checkable() {
        let found = run(rule, &rule.fires);
        for (text, finding) in
            rule.fires.batches.iter().zip(&found).flat_map(|(text, list)| list.iter().map(move |f| (text, f)))
        {
            let document: Value = serde_json::from_str(text).unwrap();
            assert!(document.pointer(&finding.pointer).is_some(), "{}: {}", rule.code, finding.pointer);
        }
    }
}
