//! Tests over all rules: documented, named, ordered, and each of them fires and stays silent as its examples say.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{ALL, find};
use crate::clock::FixedClock;
use crate::endpoint::Endpoint;
use crate::validate::Validator;
use crate::validate::rule::{Check, Example, Rule};

fn codes_of(example: &Example, rule: &Rule) -> Vec<&'static str> {
    let clock = Arc::new(FixedClock(Example::NOW_MS));
    let validator =
        Validator::builder().clock(clock).route(example.route).limits(example.to_limits()).build();
    if example.is_body || matches!(rule.check, Check::Request(_)) {
        let body = match example.batches {
            [body] if example.is_body => (*body).to_owned(),
            batches => format!("[{}]", batches.join(",")),
        };
        let report = validator.check_request(body.as_bytes(), Endpoint::Bulk);
        return report.findings().iter().map(|finding| finding.code).collect();
    }
    let mut across = validator.across();
    let mut codes = Vec::new();
    for batch in example.batches {
        let report = match rule.check {
            Check::Across(_) => across.check_bytes(batch.as_bytes()),
            _ => validator.check_bytes(batch.as_bytes()),
        };
        codes.extend(report.findings().iter().map(|finding| finding.code));
    }
    codes
}

#[test]
fn the_example_that_fires_does_and_the_other_does_not() {
    for rule in ALL {
        let fired = codes_of(&rule.fires, rule);
        assert!(fired.contains(&rule.code), "{} does not fire on its example, only {fired:?}", rule.code);
        let silent = codes_of(&rule.silent, rule);
        assert!(!silent.contains(&rule.code), "{} fires on the example that should be silent", rule.code);
    }
}

#[test]
fn document_and_shape_examples_show_their_own_fault_only() {
    for rule in ALL.iter().filter(|rule| matches!(rule.check, Check::Document | Check::Shape)) {
        let fired: BTreeSet<_> = codes_of(&rule.fires, rule).into_iter().collect();
        let own: BTreeSet<_> =
            fired.iter().copied().filter(|code| code.starts_with("MP0") || code.starts_with("MP1")).collect();
        assert_eq!(own, BTreeSet::from([rule.code]), "example of {}", rule.code);
        let silent = codes_of(&rule.silent, rule);
        let near: Vec<_> =
            silent.iter().filter(|code| code.starts_with("MP0") || code.starts_with("MP1")).collect();
        assert!(near.is_empty(), "counter-example of {} has {near:?}", rule.code);
    }
}

#[test]
fn codes_are_unique_and_ascending() {
    for (one, next) in ALL.iter().zip(ALL.iter().skip(1)) {
        assert!(one.code < next.code, "{} stands before {}", one.code, next.code);
    }
}

#[test]
fn names_are_unique_kebab_case_and_found() {
    let mut seen = BTreeSet::new();
    for rule in ALL {
        assert!(seen.insert(rule.name), "{} twice", rule.name);
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.name.chars().all(kebab), "{} is not kebab-case", rule.name);
        assert!(!rule.name.starts_with('-') && !rule.name.ends_with('-') && !rule.name.contains("--"));
        assert!(std::ptr::eq(find(rule.name).unwrap(), *rule));
        assert!(std::ptr::eq(find(&rule.code.to_lowercase()).unwrap(), *rule));
    }
    assert!(find("MP999").is_none());
}

#[test]
fn every_rule_is_documented() {
    for rule in ALL {
        let code = rule.code;
        assert!(rule.summary.len() > 10 && !rule.summary.ends_with('.'), "summary of {code}");
        assert!(!rule.summary.contains('\n'), "summary of {code} is one line");
        assert!(rule.why.len() > 40 && rule.why.ends_with(['.', '?']), "why of {code}");
        assert!(rule.source.len() > 5, "source of {code}");
        assert!(!rule.fires.batches.is_empty() && !rule.silent.batches.is_empty(), "examples of {code}");
        assert!(rule.url().ends_with(rule.name));
    }
}

#[test]
fn the_family_and_the_kind_of_check_match_the_code() {
    for rule in ALL {
        let digit = rule.code.as_bytes()[2];
        assert!(rule.code.len() == 5 && rule.code.starts_with("MP"));
        assert!(rule.code[2..].bytes().all(|byte| byte.is_ascii_digit()), "{}", rule.code);
        let matches = match rule.check {
            Check::Document => digit == b'0' && rule.family() == "document",
            Check::Shape => digit == b'1' && rule.family() == "shape",
            Check::Batch(_) => (b'2'..=b'4').contains(&digit),
            Check::Across(_) | Check::Request(_) => digit == b'5' && rule.family() == "across batches",
        };
        assert!(matches, "{} is of the wrong family", rule.code);
    }
}

/// The macro in `mod.rs` lists modules, so a rule in the catalogue has a file; this is about the file's name, and
/// about files that were forgotten in the list.
#[test]
fn every_rule_has_the_file_that_its_code_and_name_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/validate/rules");
    let expected: BTreeSet<String> = ALL
        .iter()
        .map(|rule| format!("{}_{}.rs", rule.code.to_lowercase(), rule.name.replace('-', "_")))
        .collect();
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("mp") && name.ends_with(".rs"))
        .collect();
    assert_eq!(files, expected);
}
