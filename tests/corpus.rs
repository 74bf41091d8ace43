//! Verdicts on real payloads: which of them get errors, and which. Only where the reference data stands beside the
//! repository; the project holds no copy of it.
//!
//! Everything not in the table must pass without an error: these are payloads that official SDKs send and that the
//! documentation shows.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mparticle_events::clock::FixedClock;
use mparticle_events::validate::Validator;
use serde_json::Value;

/// 2026-01-15, so that no payload of the corpus lies in the future.
const NOW_MS: i64 = 1_768_435_200_000;

/// Errors by payload, and why they are right.
const ERRORS: &[(&str, &[&str])] = &[
    // Documentation skeletons whose `data` or `event_type` is left empty for the reader to fill in.
    ("docs-developers-server-http-l43", &["MP101"]),
    ("docs-developers-server-http-l75", &["MP101"]),
    ("docsref-l20", &["MP101"]),
    ("docsref-l473-crash-report", &["MP101"]),
    ("docsref-l65-skeleton", &["MP117"]),
    ("docsref-l94-skeleton", &["MP117"]),
    ("javareadme-readme-md-l97", &["MP101"]),
    // Outgoing data: identities as a list.
    ("docs-integrations-amazons3-event-l156-1", &["MP120"]),
    ("docs-integrations-amazons3-event-l156-2", &["MP120"]),
    // Events sent as the value of a user attribute.
    ("docs-integrations-antavo-feed-l31", &["MP103"]),
    // A custom event without a name.
    ("gh-lambda-normalized", &["MP101"]),
    ("jsmodels-translation-expand-cet-location", &["MP101"]),
    ("jsmodels-translation-expand-cet-media", &["MP101"]),
    ("jsmodels-translation-expand-cet-navigation", &["MP101"]),
    ("jsmodels-translation-expand-cet-other", &["MP101"]),
    ("jsmodels-translation-expand-cet-search", &["MP101"]),
    ("jsmodels-translation-expand-cet-social", &["MP101"]),
    ("jsmodels-translation-expand-cet-transaction", &["MP101"]),
    ("jsmodels-translation-expand-cet-user-content", &["MP101"]),
    ("jsmodels-translation-expand-cet-user-preference", &["MP101"]),
    // A platform that no source lists.
    ("gh-rule-test1", &["MP112"]),
    // The time of an event in seconds.
    ("docs-integrations-adjust-feed-l78", &["MP406"]),
    // Placeholders where a UUID belongs; two also have the time of an event in seconds.
    ("jsmodels-events-baseEvent", &["MP114", "MP406"]),
    ("jsmodels-events-batch", &["MP114", "MP406"]),
    ("jsmodels-events-breadcrumbEvent", &["MP114"]),
    ("jsmodels-events-crashReportEvent", &["MP114"]),
    ("jsmodels-events-customEvent", &["MP114"]),
    ("jsmodels-events-networkEvent", &["MP114"]),
    ("jsmodels-events-optOut", &["MP114"]),
    ("jsmodels-events-profileEvent", &["MP114"]),
    ("jsmodels-events-pushMessageEvent", &["MP114"]),
    ("jsmodels-events-pushRegistrationEvent", &["MP114"]),
    ("jsmodels-events-screenViewEvent", &["MP114"]),
    ("jsmodels-events-sessionEndEvent", &["MP114"]),
    ("jsmodels-events-sessionStartEvent", &["MP114"]),
    ("jsmodels-events-userAttributeChangeEvent", &["MP114"]),
    ("jsmodels-events-userIdentityChangeEvent", &["MP114"]),
    ("rudder-rokt-bulk", &["MP114"]),
    ("rudder-rokt-track", &["MP114"]),
    // A UUID as `session_id`, which is a number; one also has the short name of a transition.
    ("jsmodels-translation-expand-ast-event", &["MP103", "MP112"]),
    ("jsmodels-translation-expand-custom-event", &["MP103"]),
    ("jsmodels-translation-expand-firstrun-event", &["MP103"]),
    ("jsmodels-translation-expanded-ast-event", &["MP103"]),
    ("jsmodels-translation-expanded-custom-event", &["MP103"]),
    ("jsmodels-translation-expanded-firstrun-event", &["MP103"]),
    // SDK models built with no arguments: what makes the event is missing.
    ("py-bare-application-state-transition-event", &["MP101"]),
    ("py-bare-push-message-event", &["MP101"]),
    ("py-bare-user-attribute-change-event", &["MP101"]),
    ("py-test-commerce-empty-action", &["MP101"]),
    ("ruby-bare-app-event", &["MP101"]),
    ("ruby-spec-app-event-custom-flags", &["MP101"]),
    // A placeholder as `mpid`.
    ("websdk-beacon-batch", &["MP103"]),
];

fn corpus() -> Option<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = manifest.parent()?.join("shared/corpus");
    folder.is_dir().then_some(folder)
}

/// The batches of one payload: itself, or the elements of a bulk array with their bytes as they would be sent.
fn batches(folder: &Path, row: &Value) -> Vec<Vec<u8>> {
    let id = row["id"].as_str().unwrap();
    let bytes = fs::read(folder.join("cases").join(format!("{id}.json"))).unwrap();
    if row["kind"] != "bulk" {
        return vec![bytes];
    }
    let elements: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    assert!(!elements.is_empty(), "{id} is an empty bulk array");
    elements.iter().map(|element| serde_json::to_vec(element).unwrap()).collect()
}

#[test]
fn errors_on_the_corpus_are_those_of_the_table() {
    let Some(folder) = corpus() else {
        eprintln!(
            "SKIPPED: there is no ../shared/corpus beside the repository, so no real payload was checked"
        );
        return;
    };
    let validator = Validator::builder().clock(Arc::new(FixedClock(NOW_MS))).build();
    let index = fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut payloads = 0;
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["id"].as_str().unwrap().to_owned();
        payloads += 1;
        for batch in batches(&folder, &row) {
            for error in validator.check_bytes(&batch).errors() {
                found.entry(id.clone()).or_default().insert(error.code);
            }
        }
    }
    assert_eq!(payloads, 174);
    let expected: BTreeMap<String, BTreeSet<&str>> =
        ERRORS.iter().map(|(id, codes)| ((*id).to_owned(), codes.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for id in found.keys().chain(expected.keys()).collect::<BTreeSet<_>>() {
        if found.get(id) != expected.get(id) {
            wrong.push(format!("{id}: found {:?}, table has {:?}", found.get(id), expected.get(id)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
