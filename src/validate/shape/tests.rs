//! Every member of every schema with every kind of value: what the schema refuses is explained, and nothing else is.

use serde_json::{Map, Value, json};

use super::check;
use super::schema::COMPILED;
use crate::validate::Finding;
use crate::validate::collector::Collector;

fn findings_of(document: &Value) -> Vec<Finding> {
    let mut list = Vec::new();
    check(&mut document.clone(), &mut Collector::new(false, &mut list));
    list
}

fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(7),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("7"),
        json!("true"),
        json!([]),
        json!([1]),
        json!({}),
        json!({"a": 1}),
    ]
}

fn members(definition: &str) -> Vec<String> {
    let schema = COMPILED.at(&format!("/$defs/{definition}/properties"));
    schema.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

/// Explains the document, and holds the explanation against the schema's own yes or no.
fn assert_agreement(document: &Value) {
    let findings = findings_of(document);
    assert_eq!(COMPILED.validator.is_valid(document), findings.is_empty(), "{document}: {findings:?}");
    let mut places: Vec<_> = findings
        .iter()
        .filter(|finding| !["MP101", "MP102"].contains(&finding.code))
        .map(|finding| finding.pointer.as_str())
        .collect();
    places.sort_unstable();
    let all = places.len();
    places.dedup();
    assert_eq!(all, places.len(), "{document}: one fault is one finding: {findings:?}");
}

#[test]
fn members_of_a_batch() {
    let names = members("Batch");
    assert!(names.len() > 20);
    for name in names {
        for value in values() {
            assert_agreement(&json!({ name.as_str(): value }));
        }
    }
}

#[test]
fn members_of_the_objects_of_a_batch() {
    let objects = [
        ("application_info", "ApplicationInformation"),
        ("attribution_info", "AttributionInfo"),
        ("consent_state", "ConsentState"),
        ("context", "BatchContext"),
        ("device_info", "DeviceInformation"),
    ];
    for (object, definition) in objects {
        let names = members(definition);
        assert!(!names.is_empty(), "{definition}");
        for name in names {
            for value in values() {
                if name == "ccpa" && value == json!({"a": 1}) {
                    continue; // Left to MP309, which says more about it.
                }
                assert_agreement(&json!({ object: { name.as_str(): value } }));
            }
        }
    }
}

#[test]
fn members_of_every_kind_of_event() {
    let names: std::collections::BTreeSet<String> = COMPILED
        .at("/$defs")
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .filter(|definition| definition.ends_with("EventData"))
        .flat_map(|definition| members(definition))
        .collect();
    assert_eq!(COMPILED.sendable.len(), 17);
    for kind in &COMPILED.sendable {
        for name in names.iter().filter(|name| COMPILED.is_event_member(name)) {
            for value in values() {
                let document = json!({"events": [{"event_type": kind, "data": {name.as_str(): value}}]});
                if value.is_null() {
                    continue; // A null member that the event does not know is passed over, and no schema says so.
                }
                assert_agreement(&document);
            }
        }
        for value in values() {
            assert_agreement(&json!({"events": [{"event_type": kind, "data": value}]}));
        }
    }
}

#[test]
fn event_types_and_events() {
    for value in values() {
        assert_agreement(&json!({"events": [value]}));
        assert_agreement(&json!({"events": [{"event_type": value, "data": {}}]}));
    }
}

#[test]
fn the_secret_members_stay_in_the_schema() {
    let names = members("Batch");
    assert!(["api_key", "api_keys"].iter().all(|name| names.iter().any(|other| other == name)));
}
