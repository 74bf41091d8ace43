//! Errors of the service that name no batch: told at the end of the delivery, whichever run comes to it.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json as value};

use crate::resume::{adds_up, journal_of, number, send, spawn, until};
use crate::send::{get, json};
use crate::support::{AS_OF, SandboxProcess, file, lines};

/// Begins a delivery and ends it by this signal when the first such error stands in its journal.
fn begun(url: &str, path: &Path, signal: &str) {
    let mut child = spawn(url, path, &["--rate", "300", "--concurrency", "1"]);
    let journal = || std::fs::read_to_string(journal_of(path)).unwrap_or_default();
    let entered = || journal().split_once("\"untraced\"").is_some_and(|(_, rest)| rest.contains("\"done\""));
    assert!(until(&mut child, entered), "it was over before it could be ended: {}", journal());
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap();
}

#[test]
fn they_are_told_by_the_run_that_comes_to_the_end() {
    for signal in ["-KILL", "-INT"] {
        let fault = "partial:form=none,count=1";
        let sandbox = SandboxProcess::start(&["--as-of", AS_OF, "--fault", fault], &[]);
        let (_folder, path) = file("a.ndjson", lines(1500));
        begun(&sandbox.url, &path, signal);
        // The second time nothing is left to do, and it is told all the same.
        for _ in 0..2 {
            let assert = send(&sandbox.url, &path, &["--resume", "--output", "json"]).assert().code(1);
            let summary = json(&assert);
            adds_up(&summary);
            assert_eq!((number(&summary["accepted"]), number(&summary["read"])), (1500, 1500), "{summary}");
            assert_eq!(number(&summary["untraced_errors"]["number"]), 1, "{signal}: {summary}");
            let first = &summary["untraced_errors"]["first"][0];
            assert_eq!(first["lines"], value!({ path.to_str().unwrap(): [[1, 100]] }));
            assert!(first["code"].is_string() && !first["message"].as_str().unwrap().is_empty(), "{first}");
        }
        let place = format!("{}:1–100 without saying which (", path.display());
        send(&sandbox.url, &path, &["--resume"])
            .assert()
            .code(1)
            .stderr(contains("note: the service objects to one of the batches of").and(contains(place)));
        assert_eq!(number(&get(&sandbox.url, "/sandbox/stats")["batches"]["accepted"]), 1499);
        // Begun anew, it is another delivery.
        let summary = json(&send(&sandbox.url, &path, &["--restart", "--output", "json"]).assert().code(0));
        assert_eq!(summary["untraced_errors"], value!({ "number": 0, "first": [] }));
    }
}

#[test]
fn however_many_there_are_the_journal_stays_small() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF, "--fault", "partial:form=none"], &[]);
    let (_folder, path) = file("a.ndjson", lines(1300));
    let options = ["--limit", "batches_per_request=10", "--resume"];
    let told = send(&sandbox.url, &path, &options).assert().code(1);
    let told = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert_eq!(told.matches("without saying which").count(), 20, "{told}");
    assert!(told.contains("note: 110 more such errors\n"), "{told}");
    let summary = json(&send(&sandbox.url, &path, &options).args(["--output", "json"]).assert().code(1));
    let errors = &summary["untraced_errors"];
    assert_eq!((number(&errors["number"]), errors["first"].as_array().unwrap().len()), (130, 100));
    // An error takes less than its path and message, and those beyond the first hundred together a line.
    let journal = std::fs::read_to_string(journal_of(&path)).unwrap();
    let some: Vec<&str> = journal.lines().filter(|line| line.contains("untraced\":")).collect();
    assert!(some.len() == 101 && journal.len() < 60_000, "{} bytes", journal.len());
}

#[test]
fn without_a_journal_they_are_told_too_and_each_file_is_named() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF, "--fault", "partial:form=none"], &[]);
    let (folder, path) = file("a.ndjson", lines(3));
    let other = folder.path().join("b.ndjson");
    std::fs::write(&other, lines(2)).unwrap();
    let run = send(&sandbox.url, &path, &["--no-journal", "--output", "json"]).arg(&other).assert().code(1);
    let summary: Value = json(&run);
    let lines = &summary["untraced_errors"]["first"][0]["lines"];
    let expected = value!({ path.to_str().unwrap(): [[1, 3]], other.to_str().unwrap(): [[1, 2]] });
    assert_eq!(lines, &expected, "{summary}");
}
