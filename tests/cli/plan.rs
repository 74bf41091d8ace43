//! `mparticle send`: batches that do not go as they are, because they are split, routed by age, or merged.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::support::{AS_OF, file, good, letters, lines, mparticle};

const OLD: &str = "1700000000000";
const NEW: &str = "1795170000000";

fn event(name: &str, time: &str) -> String {
    format!(
        r#"{{"event_type":"custom_event","data":{{"event_name":"{name}","custom_event_type":"other","timestamp_unixtime_ms":{time}}}}}"#
    )
}

/// A batch of one customer.
fn batch(customer: usize, events: &[String]) -> String {
    format!(
        r#"{{"environment":"development","user_identities":{{"customer_id":"C-{customer}"}},"events":[{}]}}"#,
        events.join(",")
    )
}

/// A batch of more bytes than the service takes.
fn large(customer: usize) -> String {
    let events: Vec<String> = (0..1500).map(|number| event(&format!("Seen {}", number % 7), NEW)).collect();
    let batch = batch(customer, &events);
    assert!(batch.len() > 131_072 && batch.len() < 262_144);
    batch
}

/// What a run into the sandbox says as JSON, after it has checked the account against that of the sandbox.
fn send(args: &[&str], path: &std::path::Path, code: i32) -> Value {
    let dead = path.with_file_name("dead");
    let assert = mparticle()
        .args(["send", "--sandbox", "--output", "json", "--overwrite", "--as-of", AS_OF, "--dead-letters"])
        .arg(&dead)
        .args(args)
        .arg(path)
        .assert()
        .code(code)
        .stderr(contains("do not add up").not().and(contains("the sandbox took").not()));
    let summary: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    let rejected: u64 = summary["rejected"].as_object().unwrap().values().map(number).sum();
    assert_eq!(
        number(&summary["read"]),
        number(&summary["accepted"]) + rejected + number(&summary["not_attempted"])
    );
    summary
}

#[test]
fn a_batch_over_the_limit_goes_in_pieces_and_counts_once() {
    let (_folder, path) = file("large.ndjson", format!("{}\n{}\n{}\n", good(1), large(2), good(3)));
    let summary = send(&[], &path, 0);
    assert_eq!((&summary["read"], &summary["accepted"]), (&json!(3), &json!(3)));
    assert_eq!(summary["accepted_by_endpoint"], json!({ "bulk": 2 }));
    assert_eq!(summary["accepted_pieces_by_endpoint"], json!({ "bulk": 2 }));
    assert_eq!((&summary["planned"]["split_by_size"], &summary["planned"]["pieces"]), (&json!(1), &json!(2)));
    assert_eq!(summary["errors"], json!({}), "what splitting mends is no finding");
    mparticle().args(["send", "--sandbox"]).arg(&path).assert().code(0).stderr(
        contains("3  accepted: 2 to /bulkevents, 1 in pieces (2 to /bulkevents)\n")
            .and(contains("1 batch split into 2 pieces: 1 over the size limit\n"))
            .and(contains("counts 4 accepted, 0 rejected, 0 seen before, 0 not processed: the same")),
    );
    for checked in [&["--no-split"][..], &["--no-split", "--no-validate"]] {
        let summary = send(checked, &path, 1);
        assert_eq!((&summary["accepted"], &summary["rejected"]["before_sending"]), (&json!(2), &json!(1)));
        let letters = letters(&path.with_file_name("dead"));
        assert_eq!((letters.len(), &letters[0]["line"]), (1, &json!(2)));
    }
}

#[test]
fn what_cannot_be_split_becomes_a_dead_letter_with_the_reason() {
    let alone = batch(1, &[event(&"x".repeat(140_000), NEW)]);
    let (_folder, path) = file("large.ndjson", format!("{alone}\n{}\n", good(2)));
    let summary = send(&["--no-validate"], &path, 1);
    assert_eq!((&summary["accepted"], &summary["rejected"]["before_sending"]), (&json!(1), &json!(1)));
    let letters = letters(&path.with_file_name("dead"));
    assert_eq!((&letters[0]["reason"], &letters[0]["line"]), (&json!("too_large"), &json!(1)));
    assert!(letters[0]["message"].as_str().unwrap().ends_with("it cannot be split: it has one event only"));
    assert_eq!(letters[0]["batch"], serde_json::from_str::<Value>(&alone).unwrap());
}

#[test]
fn a_batch_with_old_and_new_events_goes_both_ways() {
    let both = batch(1, &[event("New", NEW), event("Old", OLD), event("New", NEW)]);
    let old = batch(2, &[event("Old", OLD)]);
    let (_folder, path) = file("mixed.ndjson", format!("{both}\n{old}\n{}\n", good(3)));
    let summary = send(&["--endpoint", "auto"], &path, 0);
    assert_eq!(summary["accepted_by_endpoint"], json!({ "bulk": 1, "historical": 1 }));
    assert_eq!(summary["accepted_pieces_by_endpoint"], json!({ "bulk": 1, "historical": 1 }));
    assert_eq!((&summary["accepted"], &summary["planned"]["split_by_age"]), (&json!(3), &json!(1)));
    assert_eq!(summary["warnings"], json!({}));
    mparticle()
        .args(["send", "--sandbox", "--as-of", AS_OF, "--endpoint", "auto"])
        .arg(&path)
        .assert()
        .code(0)
        .stderr(
            contains("3  accepted: 1 to /bulkevents, 1 to /bulkevents/historical, 1 in pieces (1 to /bulkevents, 1 to /bulkevents/historical)")
                .and(contains("1 batch split into 2 pieces: 1 by age\n"))
                .and(contains(": the same")),
        );
    let summary = send(&["--endpoint", "auto", "--no-split"], &path, 0);
    assert_eq!(summary["accepted_by_endpoint"], json!({ "bulk": 2, "historical": 1 }));
    assert_eq!(summary["planned"]["pieces"], 0);
}

#[test]
fn a_dry_run_shows_what_merging_gains() {
    let text: String = (0..250).map(|number| good(number / 50) + "\n").collect();
    let (_folder, path) = file("users.ndjson", text);
    let run = |args: &[&str]| {
        let assert = mparticle()
            .args(["send", "--dry-run", "--output", "json"])
            .args(args)
            .arg(&path)
            .assert()
            .code(0);
        serde_json::from_slice::<Value>(&assert.get_output().stdout).unwrap()
    };
    let (plain, merged) = (run(&[]), run(&["--merge"]));
    assert_eq!(plain["without_merge"], Value::Null);
    for name in ["requests", "batches", "bytes"] {
        assert_eq!(merged["without_merge"][name], plain["endpoints"]["bulk"][name], "{name}");
    }
    assert_eq!(merged["without_merge"]["seconds_at_least"], plain["seconds_at_least"]);
    assert_eq!(merged["endpoints"]["bulk"]["batches"], 5);
    let stderr = mparticle().args(["send", "--dry-run", "--merge"]).arg(&path).assert().code(0);
    insta::assert_snapshot!(String::from_utf8(stderr.get_output().stderr.clone()).unwrap(), @r"
    250 batches read, nothing sent (dry run)
            5  would go to /bulkevents in 1 request, 32.0 kB
            0  would be held back and written to the dead letters
    250 batches merged into 5
    at 270 batches a second, that takes 0.0 s at least
    without --merge: 250 batches in 3 requests, 66.3 kB, 0.9 s at least
    ");
}

#[test]
fn merged_batches_that_are_refused_come_back_one_by_one() {
    let bad = good(1).replace(r#""event_type":"custom_event","#, "");
    let (_folder, path) = file("users.ndjson", format!("{}\n{bad}\n{}\n{}\n", good(1), good(1), good(2)));
    let summary = send(&["--merge", "--no-validate"], &path, 1);
    assert_eq!((&summary["accepted"], &summary["rejected"]["by_the_service"]), (&json!(1), &json!(3)));
    let letters = letters(&path.with_file_name("dead"));
    assert_eq!(letters.iter().map(|letter| letter["line"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(letters[1]["batch"], serde_json::from_str::<Value>(&bad).unwrap());
    for letter in &letters {
        let said = letter["message"].as_str().unwrap();
        assert!(said.ends_with("(refused together with lines 1–3, into which it was merged)"), "{said}");
    }
    // What comes back is under the id it has when it is sent by itself.
    assert_ne!(letters[0]["source_request_id"], letters[2]["source_request_id"]);
    // The check holds back the bad one, and the rest goes as one.
    let summary = send(&["--merge"], &path, 1);
    assert_eq!((&summary["accepted"], &summary["planned"]["merged"]), (&json!(3), &json!(2)));
}

#[test]
fn a_large_file_with_all_of_it_adds_up() {
    const BATCHES: usize = 100_000;
    let mut text = String::new();
    for number in 0..BATCHES {
        match number {
            // Within, a batch to split, and one that is bad.
            50_000 => text.push_str(&large(1)),
            70_000 => text.push_str("{\"environment\":7}"),
            _ => text.push_str(&good(number / 60)),
        }
        text.push('\n');
    }
    let (_folder, path) = file("all.ndjson", text);
    let summary = send(&["--merge", "--endpoint", "auto"], &path, 1);
    assert_eq!(summary["read"], BATCHES);
    assert_eq!(
        (&summary["accepted"], &summary["rejected"]["before_sending"]),
        (&json!(BATCHES - 1), &json!(1))
    );
    assert_eq!(summary["accepted_by_endpoint"]["bulk"], BATCHES - 2);
    assert_eq!(summary["planned"]["merged"], BATCHES - 2);
    assert!(summary["requests"].as_u64().unwrap() < 100, "{summary}");
}

#[test]
fn two_files_of_one_name_are_pointed_out() {
    let (_one, first) = file("day.ndjson", lines(1));
    let (_two, second) = file("day.ndjson.gz", lines(1));
    mparticle()
        .args(["send", "--dry-run"])
        .args([&first, &second])
        .assert()
        .code(0)
        .stderr(contains("have the same file name"));
    let (_three, third) = file("other.ndjson", lines(1));
    mparticle()
        .args(["send", "--dry-run"])
        .args([&first, &third])
        .assert()
        .code(0)
        .stderr(contains("have the same file name").not());
}
