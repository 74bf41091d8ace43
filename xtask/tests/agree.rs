//! `cargo xtask agree` on a small schema and payloads of our own, and on the published ones where those are at hand.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Run, shared, xtask};
use serde_json::{Value, json};

/// A witness that is stricter than we are in every way that can be answered for.
fn witness() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "environment": {"enum": ["development", "production"]},
            "mpid": {"type": "integer"},
            "ip": {"type": "string"},
            "user_attributes": {"type": "object"},
            "events": {"type": "array"},
        },
        "required": ["environment"],
        "additionalProperties": false,
    })
}

/// Runs the verb on one payload a text.
fn agree(schema: &Value, payloads: &[(&str, &str)]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let (schema_file, corpus) = (folder.path().join("schema.json"), folder.path().join("corpus"));
    std::fs::write(&schema_file, schema.to_string()).unwrap();
    std::fs::create_dir_all(corpus.join("cases")).unwrap();
    for (name, text) in payloads {
        std::fs::write(corpus.join("cases").join(name).with_extension("json"), text).unwrap();
    }
    let (schema, corpus) = (schema_file.to_str().unwrap(), corpus.to_str().unwrap());
    xtask(&["agree", "--verbose", "--schema", schema, "--corpus", corpus])
}

const PAYLOADS: &[(&str, &str)] = &[
    ("accepted", r#"{"environment":"production","mpid":1,"user_attributes":{"plan":"gold"}}"#),
    ("both-object", r#"{"environment":"production","mpid":{},"user_attributes":{"plan":"gold"}}"#),
    ("warned", r#"{"environment":"production","mpid":"1","user_attributes":{"plan":"gold"}}"#),
    // A list of batches: the elements are told apart. Null for what is not set, and a member upstream lacks.
    (
        "lifted",
        r#"[{"environment":"production","mpid":1,"ip":null,"user_attributes":{"plan":"gold"}},
            {"environment":"production","mpid":1,"schema_version":2,"user_attributes":{"plan":"gold"}}]"#,
    ),
    // The witness knows nothing of coordinates or of what is inside an event.
    ("ours", r#"{"environment":"production","mpid":1,"events":[{"event_type":"no_such_type","data":{}}]}"#),
    ("no-json", r#"{"environment":"production","mpid":1"#),
];

#[test]
fn every_difference_has_somebody_who_answers_for_it() {
    let run = agree(&witness(), PAYLOADS);
    assert!(run.ok, "{}{}", run.stdout, run.stderr);
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn what_nobody_answers_for_fails_and_is_named() {
    let mut schema = witness();
    schema["properties"]["user_attributes"]["required"] = json!(["plan"]);
    let run = agree(
        &schema,
        &[("odd", r#"{"environment":"production","mpid":1,"user_attributes":{"size":"43"}}"#)],
    );
    assert!(!run.ok, "{}", run.stdout);
    for expected in [
        "       1  are unattributed\n",
        "cases/odd: /user_attributes/plan (required at /properties/user_attributes/required)",
        "add a rule",
    ] {
        assert!(run.stdout.contains(expected), "no `{expected}` in:\n{}", run.stdout);
    }
}

#[test]
fn a_correction_that_is_taken_away_is_not_named() {
    let payload =
        r#"{"environment":"production","mpid":1,"schema_version":2,"user_attributes":{"plan":"gold"}}"#;
    let named = agree(&witness(), &[("one", payload)]);
    assert!(named.stdout.contains("corrections.overlay.yaml action"), "{}", named.stdout);
    // Without the correction our own schema objects, so that nothing was lifted.
    let copy = common::Copy::new();
    let corrections = copy.read("corrections.overlay.yaml");
    let without = corrections.replace("      schema_version: {type: integer}\n", "");
    assert_ne!(corrections, without);
    std::fs::write(copy.0.path().join("corrections.overlay.yaml"), without).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let schema = common::file(witness().to_string());
    std::fs::write(folder.path().join("one.json"), payload).unwrap();
    let (schema, corpus) = (schema.path().to_str().unwrap(), folder.path().to_str().unwrap());
    let run = xtask(&["agree", "--schema", schema, "--corpus", corpus, "--dir", copy.path()]);
    assert!(!run.ok && run.stdout.contains("one: /schema_version"), "{}", run.stdout);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let schema = common::file("{}");
    let empty = tempfile::tempdir().unwrap();
    let (schema, corpus) = (schema.path().to_str().unwrap(), empty.path().to_str().unwrap());
    let run = xtask(&["agree", "--schema", schema, "--corpus", corpus]);
    assert!(!run.ok && run.stderr.contains("has no .json files"), "{}", run.stderr);
    let broken = common::file(r#"{"type": "nothing"}"#);
    let run = xtask(&["agree", "--schema", broken.path().to_str().unwrap(), "--corpus", corpus]);
    assert!(!run.ok && run.stderr.contains("not a usable JSON Schema"), "{}", run.stderr);
}

#[test]
fn every_difference_from_the_published_schema_is_attributed() {
    let Some(schema) = shared("published/mparticle.inbound.eventsapi.schema.json") else { return };
    let Some(corpus) = shared("corpus") else { return };
    let run = xtask(&["agree", "--schema", &schema, "--corpus", &corpus]);
    assert!(run.ok, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.starts_with("174 payloads, 178 batches\n"), "{}", run.stdout);
    assert!(run.stdout.contains("       0  are unattributed\n"), "{}", run.stdout);
}
