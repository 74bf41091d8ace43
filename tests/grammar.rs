//! JSON itself: what is a document and what is not, the validator decides as `serde_json` does, on both its paths. The
//! cases are made, not listed: each kind of fault in every place where a value may stand, and then changed byte by byte.
//! A longer run with
//!
//! ```text
//! GRAMMAR_EXECUTIONS=2000000 GRAMMAR_SEED=7 cargo test --release --test grammar -- --nocapture
//! ```

#![allow(clippy::indexing_slicing, reason = "indices come from below the length")]

use std::sync::Arc;

use mparticle_events::clock::FixedClock;
use mparticle_events::validate::{Report, Validator};
use serde_json::Value;
use traffic::{NOW_MS, Random};

#[path = "grammar/fragments.rs"]
mod fragments;
#[path = "accept/traffic.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod traffic;

/// What findings about the document as JSON have for codes.
const GRAMMAR: [&str; 6] = ["MP001", "MP002", "MP003", "MP004", "MP007", "MP008"];

/// The validator as users have it, and the same without the pass that builds no document.
struct Pair {
    fast: Validator,
    slow: Validator,
}

impl Pair {
    fn new() -> Self {
        let make = |explain_only| {
            Validator::builder().clock(Arc::new(FixedClock(NOW_MS))).explain_only(explain_only).build()
        };
        Self { fast: make(false), slow: make(true) }
    }

    /// Fails when one of the paths decides otherwise than `serde_json`; says whether the batch was accepted without a
    /// document.
    fn agree(&self, document: &[u8]) -> bool {
        let is_json = serde_json::from_slice::<Value>(document).is_ok();
        let text = String::from_utf8_lossy(document);
        let accepted = self.fast.accepts(document);
        assert!(is_json || !accepted, "accepted, and is no JSON: {text} ({document:?})");
        let report = self.slow.check_bytes(document);
        assert_eq!(is_json, is_fine(&report), "{report} in {text} ({document:?})");
        assert_eq!(self.fast.check_bytes(document), report, "{text}");
        accepted
    }
}

fn is_fine(report: &Report) -> bool {
    report.findings().iter().all(|finding| !GRAMMAR.contains(&finding.code))
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A good batch with `fragment` where a value stands, and around it whatever a place calls for.
fn place(place: Place, fragment: &[u8]) -> Vec<u8> {
    let (before, after): (&str, &str) = match place {
        Place::Document => ("", ""),
        Place::Attribute => (
            r#"{"environment":"production","mpid":1,"events":[{"event_type":"session_start","data":{"custom_attributes":{"a":"#,
            r#","b":"more"}}}]}"#,
        ),
        Place::BeforeItsType => (
            r#"{"environment":"production","mpid":1,"events":[{"data":{"custom_attributes":{"a":"#,
            r#"}},"event_type":"session_start"}]}"#,
        ),
        Place::Attributes => (
            r#"{"environment":"production","mpid":1,"events":[{"event_type":"session_start","data":{"custom_attributes":"#,
            "}}]}",
        ),
        Place::Entry => {
            (r#"{"environment":"production","mpid":1,"events":[],"user_attributes":{"a":["#, "]}}")
        }
        Place::LastMember => {
            (r#"{"environment":"production","mpid":1,"events":[],"user_attributes":{"a":"#, "}}")
        }
        Place::Unknown => (r#"{"environment":"production","mpid":1,"events":[],"unknown":"#, "}"),
        Place::Before => ("", r#"{"environment":"production","mpid":1,"events":[]}"#),
        Place::After => (r#"{"environment":"production","mpid":1,"events":[]}"#, ""),
    };
    [before.as_bytes(), fragment, after.as_bytes()].concat()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The fragment is all there is.
    Document,
    Attribute,
    /// In an event whose `event_type` follows, so that it is leapt over and read later.
    BeforeItsType,
    /// In place of the object with attributes.
    Attributes,
    /// Entry of a list.
    Entry,
    LastMember,
    /// Under a name that the schema does not have.
    Unknown,
    Before,
    After,
}

const PLACES: [Place; 9] = [
    Place::Document,
    Place::Attribute,
    Place::BeforeItsType,
    Place::Attributes,
    Place::Entry,
    Place::LastMember,
    Place::Unknown,
    Place::Before,
    Place::After,
];

#[test]
fn every_kind_of_fault_is_judged_alike_in_every_place() {
    let pair = Pair::new();
    let (mut good, mut bad, mut accepted) = (0, 0, 0);
    for fragment in fragments::all() {
        for somewhere in PLACES {
            let document = place(somewhere, &fragment);
            accepted += usize::from(pair.agree(&document));
            let is_json = serde_json::from_slice::<Value>(&document).is_ok();
            (good, bad) = (good + usize::from(is_json), bad + usize::from(!is_json));
        }
    }
    assert!(good > 3000 && bad > 3000 && accepted > 1000, "{good} good, {bad} bad, {accepted} accepted");
}

/// Single values may stand under a name of the caller's own: there both paths take what `serde_json` takes.
#[test]
fn single_values_that_are_json_are_accepted_in_passing() {
    let pair = Pair::new();
    let mut count = 0;
    for fragment in fragments::all() {
        let is_single = serde_json::from_slice::<Value>(&fragment)
            .is_ok_and(|value| !value.is_array() && !value.is_object() && fragments::is_usual(&fragment));
        for somewhere in [Place::Attribute, Place::BeforeItsType] {
            let document = place(somewhere, &fragment);
            if is_single && pair.slow.check_bytes(&document).is_clean() {
                assert!(pair.fast.accepts(&document), "{}", String::from_utf8_lossy(&document));
                count += 1;
            }
        }
    }
    assert!(count > 700, "only {count} single values");
}

#[test]
fn changed_documents_are_judged_alike() {
    let executions = setting("GRAMMAR_EXECUTIONS", 100_000);
    let pair = Pair::new();
    let fragments = fragments::all();
    let is_json = |fragment: &&Vec<u8>| serde_json::from_slice::<Value>(fragment).is_ok();
    let good_ones: Vec<Vec<u8>> = fragments.iter().filter(is_json).cloned().collect();
    let mut random = Random(setting("GRAMMAR_SEED", 1));
    let (mut good, mut accepted) = (0_u64, 0_u64);
    for _ in 0..executions {
        // Mostly good ones: one change spoils them, and two bad ones side by side show little.
        let from = if random.one_in(6) { &fragments } else { &good_ones };
        let mut fragment = from[random.below(from.len())].clone();
        if random.one_in(3) {
            fragment = fragments::join(&mut random, from);
        }
        let whole = random.one_in(4);
        if !whole {
            fragments::change(&mut random, &mut fragment);
        }
        let mut document = place(PLACES[random.below(PLACES.len())], &fragment);
        if whole {
            fragments::change(&mut random, &mut document);
        }
        accepted += u64::from(pair.agree(&document));
        good += u64::from(serde_json::from_slice::<Value>(&document).is_ok());
    }
    println!("{executions} executions: {good} are JSON, {accepted} of them accepted without a document");
    assert!(good * 10 > executions && good * 2 < executions, "{good} of {executions} are JSON");
    assert!(accepted * 50 > executions, "only {accepted} of {executions} were accepted");
}
