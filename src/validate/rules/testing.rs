//! Runs single rules for their unit tests, and all of them on the examples of those that look at parsed batches.

use std::sync::Arc;

use super::prelude::*;
use crate::clock::FixedClock;
use crate::validate::{Finding, Report, Validator};

/// What `rule` finds in the batches of `example`, batch by batch.
pub(super) fn run(rule: &'static Rule, example: &Example) -> Vec<Vec<Finding>> {
    let limits = example.to_limits();
    let mut state = match rule.check {
        Check::Across(new) => Some(new()),
        _ => None,
    };
    let check_one = |(index, text): (usize, &&str)| {
        let document: Value = serde_json::from_str(text).unwrap();
        let batch = BatchView {
            members: document.as_object().unwrap(),
            number: super::views::count(index) + 1,
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
    example.batches.iter().enumerate().map(check_one).collect()
}

/// The same for one batch on the given path.
pub(super) fn run_one(rule: &'static Rule, route: Route, batch: &'static str) -> Vec<Finding> {
    run(rule, &Example { route, batches: vec![batch].leak(), limits: &[] }).into_iter().flatten().collect()
}

fn checkable() -> impl Iterator<Item = &'static Rule> {
    super::ALL.iter().copied().filter(|rule| matches!(rule.check, Check::Batch(_) | Check::Across(_)))
}

/// What the validator as a whole finds in the batches of an example, batch by batch.
fn validate(example: &Example) -> Vec<Report> {
    let validator = Validator::builder()
        .clock(Arc::new(FixedClock(Example::NOW_MS)))
        .route(example.route)
        .limits(example.to_limits())
        .build();
    let mut across = validator.across();
    example.batches.iter().map(|batch| across.check_bytes(batch.as_bytes())).collect()
}

#[test]
fn every_batch_that_should_fire_has_one_fault_only_with_help_and_a_place() {
    for rule in checkable() {
        let code = rule.code;
        let reports = validate(&rule.fires);
        let faulty = reports.iter().filter(|report| !report.is_clean()).count();
        match rule.check {
            Check::Across(_) => assert!(faulty > 0, "{code} is silent"),
            _ => assert_eq!(faulty, rule.fires.batches.len(), "{code} is silent"),
        }
        for (text, report) in rule.fires.batches.iter().zip(&reports) {
            let document: Value = serde_json::from_str(text).unwrap();
            for finding in report.findings() {
                assert_eq!(
                    (finding.code, finding.name),
                    (code, rule.name),
                    "in the firing example of {code}"
                );
                assert!(finding.help.is_some(), "{code} gives no help");
                assert!(!finding.message.ends_with('.'), "{code} ends with a full stop");
                assert!(document.pointer(&finding.pointer).is_some(), "{code}: {}", finding.pointer);
            }
        }
    }
}

#[test]
fn every_silent_example_is_free_of_all_faults() {
    for rule in checkable() {
        for report in validate(&rule.silent) {
            assert!(report.is_clean(), "in the silent example of {}: {report}", rule.code);
        }
    }
}
