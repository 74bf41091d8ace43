//! `mparticle send`: the whole way into a sandbox, and an account that adds up.

use std::path::Path;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::support::{AS_OF, EXAMPLE, SandboxProcess, file, good, letters, lines, mparticle};

pub const CREDENTIALS: [(&str, &str); 2] = [("MPARTICLE_API_KEY", "key"), ("MPARTICLE_API_SECRET", "secret")];

pub fn json(assert: &assert_cmd::assert::Assert) -> Value {
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

/// Without what differs from run to run.
fn steady(stderr: &[u8], dead: &Path) -> String {
    let text = String::from_utf8(stderr.to_vec()).unwrap().replace(dead.to_str().unwrap(), "FILE");
    let port = text.split("http://127.0.0.1:").nth(1).map(|rest| rest.split('/').next().unwrap().to_owned());
    let text = text.replace(&port.unwrap_or_default(), "PORT");
    let steady: Vec<String> = text
        .lines()
        .map(|line| match line.rsplit_once("sent, ") {
            Some((before, _)) => format!("{before}sent, SECONDS"),
            None => line.to_owned(),
        })
        .collect();
    steady.join("\n")
}

#[test]
fn the_first_command_of_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let dead = folder.path().join("dead.ndjson");
    let assert = mparticle()
        .args(["send", "--sandbox", "--as-of", AS_OF, "--dead-letters"])
        .arg(&dead)
        .arg(EXAMPLE)
        .assert()
        .code(1)
        .stdout("");
    insta::assert_snapshot!("send-example", steady(&assert.get_output().stderr, &dead));

    let letters = letters(&dead);
    assert!(letters.iter().all(|letter| letter["file"] == EXAMPLE && letter["reason"] == "invalid"));
    let source = std::fs::read_to_string(EXAMPLE).unwrap();
    for letter in &letters {
        let line =
            source.lines().nth(usize::try_from(letter["line"].as_u64().unwrap()).unwrap() - 1).unwrap();
        match letter.get("batch_text") {
            Some(text) => assert_eq!(text, line),
            None => assert_eq!(letter["batch"], serde_json::from_str::<Value>(line).unwrap()),
        }
    }
}

#[test]
fn every_batch_is_in_the_account_in_any_year() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = None;
    for as_of in [AS_OF, "2024-01-01", "2035-06-01"] {
        let assert = mparticle()
            .args([
                "send",
                "--sandbox",
                "--output",
                "json",
                "--overwrite",
                "--as-of",
                as_of,
                "--dead-letters",
            ])
            .arg(folder.path().join("dead"))
            .arg(EXAMPLE)
            .assert()
            .code(1);
        let summary = json(&assert);
        let number = |value: &Value| value.as_u64().unwrap();
        let (read, accepted) = (number(&summary["read"]), number(&summary["accepted"]));
        assert_eq!(read, 300);
        assert_eq!(accepted + number(&summary["rejected"]["before_sending"]), read);
        assert_eq!(number(&summary["not_attempted"]), 0);
        let rejected = summary["rejected"].clone();
        assert_eq!(*before.get_or_insert((accepted, rejected.clone())), (accepted, rejected), "{as_of}");
    }
}

#[test]
fn what_arrives_is_what_the_file_says_byte_for_byte() {
    let sandbox = SandboxProcess::start(&[], &[]);
    // Unknown members, an id, odd spacing, an escape, a 64-bit number: none of it may be rewritten.
    let odd = r#"{ "environment":"development","mpid":-9223372036854775807, "mine":{"a":[1,2]},"source_request_id":"one","events":[], "ip":"192.0.2.\u0031" }"#;
    let (_folder, path) = file("odd.ndjson", format!("{odd}\n{}\n", good(7)));
    mparticle().args(["send", "--base-url", &sandbox.url]).arg(&path).envs(CREDENTIALS).assert().code(0);
    // Again: the batch without an id got the same one, so nothing is counted twice.
    let again = ["send", "--restart", "--base-url", &sandbox.url];
    mparticle().args(again).arg(&path).envs(CREDENTIALS).assert().code(0);

    let stats = get(&sandbox.url, "/sandbox/stats");
    assert_eq!(
        (&stats["batches"]["accepted"], &stats["batches"]["duplicate"]),
        (&Value::from(2), &Value::from(2))
    );
    let text = get_text(&sandbox.url, "/sandbox/received");
    assert!(text.contains(odd) || text.contains(&odd.replace('"', "\\\"")), "{text}");
}

#[test]
fn the_file_of_dead_letters_is_added_to_unless_told_otherwise() {
    let (_folder, path) = file("bad.ndjson", format!("{}\n{{}}x\n", good(1)));
    let dead = path.with_file_name("bad.ndjson.dead-letters.ndjson");
    let run = |args: &[&str]| mparticle().args(["send", "--sandbox"]).args(args).arg(&path).assert().code(1);
    run(&[]).stderr(contains("1 dead letter in"));
    run(&[]).stderr(contains("1 dead letter added to"));
    assert_eq!(letters(&dead).len(), 2);
    run(&["--overwrite"]);
    assert_eq!(letters(&dead).len(), 1);
    assert_eq!(letters(&dead)[0]["line"], 2);
}

#[test]
fn a_dry_run_sends_nothing_and_writes_nothing() {
    let (folder, path) = file("mixed.ndjson", format!("{}{{}}x\n", lines(250)));
    let assert = mparticle()
        .args(["send", "--dry-run", "--output", "json", "--rate", "25"])
        .arg(&path)
        .assert()
        .code(1);
    let plan = json(&assert);
    assert_eq!(plan["endpoints"]["bulk"]["requests"], 3);
    assert_eq!(plan["endpoints"]["bulk"]["batches"], 250);
    assert_eq!((&plan["held_back"], &plan["seconds_at_least"]), (&Value::from(1), &Value::from(10.0)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    mparticle()
        .args(["send", "--dry-run"])
        .arg(&path)
        .assert()
        .stderr(contains("250  would go to /bulkevents in 3 requests"));
}

#[test]
fn old_and_new_go_their_ways() {
    let old = good(1).replace("1795170000000", "1700000000000");
    let (_folder, path) = file("mixed.ndjson", format!("{}\n{old}\n", good(0)));
    let run = |endpoint: &str| {
        let args = ["send", "--sandbox", "--output", "json", "--as-of", AS_OF, "--endpoint", endpoint];
        json(&mparticle().args(args).arg(&path).assert())["accepted_by_endpoint"].clone()
    };
    assert_eq!(run("auto"), serde_json::json!({ "bulk": 1, "historical": 1 }));
    assert_eq!(run("bulk"), serde_json::json!({ "bulk": 2 }));
    assert_eq!(run("events"), serde_json::json!({ "events": 2 }));
}

#[test]
fn young_data_is_kept_from_the_historical_path() {
    let (_folder, path) = file("young.ndjson", lines(1));
    mparticle()
        .args(["send", "--sandbox", "--as-of", AS_OF, "--endpoint", "historical"])
        .arg(&path)
        .assert()
        .code(1)
        .stderr(contains("MP40").and(contains("1  rejected: 1 by the check before sending")));
}

#[test]
fn what_the_service_refuses_becomes_a_dead_letter_with_its_words() {
    let bad = good(3).replace(r#""event_type":"custom_event","#, "");
    let (_folder, path) = file("bad.ndjson", format!("{}{bad}\n{}\n", lines(2), good(9)));
    let dead = path.with_file_name("dead");
    let assert = mparticle()
        .args(["send", "--sandbox", "--no-validate", "--output", "json", "--dead-letters"])
        .args([&dead, &path])
        .assert()
        .code(1)
        .stderr(contains("bad.ndjson:3: refused"));
    let summary = json(&assert);
    assert_eq!(
        (&summary["accepted"], &summary["rejected"]["by_the_service"]),
        (&Value::from(3), &Value::from(1))
    );
    let letters = letters(&dead);
    assert_eq!((letters.len(), letters[0]["line"].as_u64()), (1, Some(3)));
    assert_eq!(letters[0]["batch"], serde_json::from_str::<Value>(&bad).unwrap());
}

#[test]
fn several_files_and_a_pipe_are_one_delivery() {
    let (_one, first) = file("a.ndjson", lines(3));
    let (_two, second) = file("b.json", format!("[{}, {{}}, {}]", good(10), good(11)));
    let dead = first.with_file_name("dead");
    let assert = mparticle()
        .args(["send", "--sandbox", "--no-validate", "--output", "json", "--dead-letters"])
        .args([&dead, &first, &second])
        .arg("-")
        .write_stdin(lines(2))
        .assert();
    let summary = json(&assert);
    assert_eq!(summary["read"], 8);
    assert_eq!(summary["not_attempted"], 0);
    for letter in letters(&dead) {
        assert!(letter["file"].as_str().unwrap().ends_with("b.json"), "{letter}");
    }
}

#[test]
fn quiet_says_nothing_and_json_goes_to_standard_output() {
    let (_folder, path) = file("good.ndjson", lines(2));
    mparticle().args(["send", "--sandbox", "-q"]).arg(&path).assert().code(0).stdout("").stderr("");
    mparticle()
        .args(["send", "--sandbox", "-q", "--output", "json"])
        .arg(&path)
        .assert()
        .code(0)
        .stdout(contains(r#""accepted":2"#))
        .stderr(predicate::str::is_empty());
}

pub fn get_text(url: &str, path: &str) -> String {
    use std::io::{Read, Write};
    let host = url.trim_start_matches("http://").trim_end_matches("/v2");
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

pub fn get(url: &str, path: &str) -> Value {
    serde_json::from_str(&get_text(url, path)).unwrap()
}
