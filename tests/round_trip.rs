//! Real payloads parse into the generated types and come back as the same JSON, apart from nulls.

use std::collections::BTreeMap;
use std::path::Path;

use mparticle_events::types::Batch;
use serde_json::{Map, Value};

/// Documentation examples that are no complete requests, and what they lack.
const NOT_COMPLETE: [(&str, &str); 8] = [
    ("docs-developers-server-http-l43", "a skeleton: `data` is empty"),
    ("docs-developers-server-http-l75", "a skeleton: `data` is empty"),
    ("docs-developers-migration-segment-reference-l388", "a screen view without `screen_name`"),
    ("docs-integrations-antavo-feed-l31", "input of a partner feed: an object as the value of an attribute"),
    ("docsref-l20", "a skeleton: `data` is empty"),
    ("docsref-l65-skeleton", "a skeleton: `event_type` is empty"),
    ("docsref-l94-skeleton", "a skeleton: `event_type` is empty"),
    ("docsref-l473-crash-report", "a skeleton: `breadcrumbs` has an empty object"),
];

/// Output of the service in the documentation, which is not what it takes.
const OUTPUT: [&str; 2] =
    ["docs-integrations-amazons3-event-l156-1", "docs-integrations-amazons3-event-l156-2"];

/// Members in the documentation's own examples that the API does not have; parsing drops them.
const NOT_MEMBERS: [&str; 6] = [
    "/user_identities/customerid",
    "/user_identities/customerId",
    "/user_identities/email_address",
    "/user_identities/other5",
    "/events/0/data/register",
    "/events/0/data/registration_token",
];

/// What a reader may not be able to tell apart: null and empty text are nothing, text of an integer is the integer,
/// `1.0` is `1`.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, member)| (key.clone(), canonical(member)))
                .filter(|(_, member)| !member.is_null())
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

/// Members where the two differ, as pointers.
fn differences(pointer: &str, left: &Value, right: &Value, found: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(l), Value::Object(r)) => {
            for key in l.keys().chain(r.keys().filter(|key| !l.contains_key(*key))) {
                let (l, r) = (l.get(key).unwrap_or(&Value::Null), r.get(key).unwrap_or(&Value::Null));
                differences(&format!("{pointer}/{key}"), l, r, found);
            }
        }
        (Value::Array(l), Value::Array(r)) if l.len() == r.len() => {
            for (index, (l, r)) in l.iter().zip(r).enumerate() {
                differences(&format!("{pointer}/{index}"), l, r, found);
            }
        }
        (Value::String(text), other) if *other == reading_of(text) => {}
        (l, r) if l == r => {}
        (l, r) => found.push(format!("{pointer}: {l} became {r}")),
    }
}

/// Text where an integer or a boolean belongs is read as one; empty text as nothing.
fn reading_of(text: &str) -> Value {
    match text {
        "" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        digits => digits.parse::<i64>().map_or(Value::String(text.to_owned()), Value::from),
    }
}

fn round_trip(batch: &Value) -> Result<Vec<String>, String> {
    let typed: Batch = serde_json::from_str(&batch.to_string()).map_err(|e| e.to_string())?;
    let again = serde_json::to_value(&typed).map_err(|e| e.to_string())?;
    let mut found = Vec::new();
    differences("", &canonical(batch), &canonical(&again), &mut found);
    found.retain(|difference| {
        !NOT_MEMBERS.iter().any(|member| difference.starts_with(&format!("{member}: ")))
    });
    Ok(found)
}

/// Every batch of the corpus by name; a bulk body gives several.
fn corpus() -> Option<BTreeMap<String, Vec<Value>>> {
    let folder = Path::new("../shared/corpus/cases");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    let cases = std::fs::read_dir(folder).expect("the corpus is readable").map(|entry| {
        let path = entry.expect("the entry is readable").path();
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("the case is readable");
        match serde_json::from_str(&text).expect("the case is JSON") {
            Value::Array(batches) => (name, batches),
            batch => (name, vec![batch]),
        }
    });
    Some(cases.collect())
}

#[test]
fn the_published_sample_and_the_documented_examples_survive() {
    let Some(corpus) = corpus() else { return };
    let documented = corpus.iter().filter(|(name, _)| {
        ["published-", "docs-", "docsref-", "py-docsref-"].iter().any(|prefix| name.starts_with(prefix))
    });
    let mut complaints = Vec::new();
    let mut survived = 0;
    for (name, batches) in documented {
        for batch in batches {
            let expected =
                NOT_COMPLETE.iter().any(|(known, _)| known == name) || OUTPUT.contains(&name.as_str());
            match round_trip(batch) {
                Err(error) if !expected => complaints.push(format!("{name} does not parse: {error}")),
                Ok(_) if expected => complaints.push(format!("{name} parses now: take it off the list")),
                Ok(found) if !found.is_empty() => complaints.push(format!("{name}: {}", found.join("; "))),
                Ok(_) => survived += 1,
                Err(_) => {}
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(survived >= 39, "only {survived} examples were looked at");
}

#[test]
fn bytes_are_the_same_every_time() {
    let Some(corpus) = corpus() else { return };
    for batch in &corpus["published-sample"] {
        let typed: Batch = serde_json::from_value(batch.clone()).unwrap();
        let once = serde_json::to_vec(&typed).unwrap();
        let again: Batch = serde_json::from_slice(&once).unwrap();
        assert_eq!(typed, again);
        assert_eq!(once, serde_json::to_vec(&again).unwrap());
    }
}
