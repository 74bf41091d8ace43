//! Runs single rules for their unit tests, and all of them on the examples of those that look at parsed batches.

use std::sync::Arc;

use super::prelude::*;
use crate::clock::FixedClock;
use crate::validate::{Finding, Limits, Report, Validator};

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

/// What it finds in one batch on the given path.
pub(super) fn run_one(rule: &'static Rule, route: Route, batch: &'static str) -> Vec<Finding> {
    run(rule, &Example { route, batches: vec![batch].leak(), is_body: false, limits: &[] })
        .into_iter()
        .flatten()
        .collect()
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

#[test]
fn values_of_the_user_show_only_on_request() {
    let batch = br#"{"environment":"production","user_identities":{"customer_id":"u-1"},
        "context":{"location":{"latitude":123.456,"longitude":1,"country_code":"deu","location_source":"gps-chip"}},
        "events":[{"event_type":"custom_event","data":{"event_name":"SECRET-EVENT-NAME","custom_event_type":"other"}}]}"#;
    let limits = Limits { event_name_chars: 5, ..Limits::default() };
    let check = |show| {
        let validator = Validator::builder().limits(limits.clone()).show_values(show).build();
        format!("{:?}", validator.check_bytes(batch))
    };
    let (masked, shown) = (check(false), check(true));
    for code in ["MP204", "MP313", "MP315", "MP316"] {
        assert!(masked.contains(code) && shown.contains(code), "{code} did not fire");
    }
    for value in ["123.456", "deu", "gps-chip", "SECRET-EVENT-NAME"] {
        assert!(!masked.contains(value), "{value} is not masked");
    }
    for value in ["123.456", "deu", "gps-chip", "SECRET-EVENT-NAME", "send the two-letter one: `DE`"] {
        assert!(shown.contains(value), "{value} is masked");
    }
}

#[test]
fn rules_across_batches_say_nothing_about_a_batch_on_its_own_and_forget_between_files() {
    for rule in checkable().filter(|rule| matches!(rule.check, Check::Across(_))) {
        for _ in 0..2 {
            let reports = validate(&Example { batches: &rule.fires.batches[..1], ..rule.fires });
            assert!(reports.iter().all(Report::is_clean), "{} fires on one batch", rule.code);
        }
    }
}
