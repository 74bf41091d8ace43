//! Everything that can be wrong with what the command is given: one clear message each, the right exit code, nothing lost.

use std::net::TcpListener;
use std::process::Stdio;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::support::{SandboxProcess, file, good, letters, lines, mparticle, running};

const CREDENTIALS: [(&str, &str); 2] =
    [("MPARTICLE_API_KEY", "example-api-key"), ("MPARTICLE_API_SECRET", "example-api-secret")];

#[test]
fn a_file_that_is_not_there_is_named_and_the_others_are_checked() {
    let (_folder, path) = file("good.ndjson", lines(2));
    mparticle()
        .args(["validate", "nope.ndjson"])
        .arg(&path)
        .assert()
        .code(2)
        .stderr(contains("error: nope.ndjson: no such file").and(contains("2 batches: 2 clean")));
}

#[test]
fn nothing_is_sent_when_one_of_the_files_is_not_there() {
    let (folder, path) = file("good.ndjson", lines(2));
    mparticle()
        .args(["send", "--sandbox"])
        .arg(&path)
        .arg("nope.ndjson")
        .assert()
        .code(2)
        .stderr(contains("error: nope.ndjson: no such file").and(contains("accepted").not()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_directory_without_batches_is_no_success() {
    let (folder, _) = file("readme.md", "");
    for command in [&["validate"][..], &["send", "--sandbox"], &["send", "--dry-run"]] {
        mparticle()
            .args(command)
            .arg(folder.path())
            .assert()
            .code(2)
            .stderr(contains("no files of batches in the directory").and(contains("*.ndjson")));
    }
}

#[test]
fn an_empty_file_is_no_success() {
    let (_folder, path) = file("empty.ndjson", "");
    for command in [&["validate"][..], &["send", "--sandbox"], &["send", "--dry-run"]] {
        mparticle()
            .args(command)
            .arg(&path)
            .assert()
            .code(2)
            .stderr(contains("empty.ndjson: the file is empty"));
    }
    mparticle().arg("validate").write_stdin("\n \n").assert().code(2).stderr(contains("nothing came in"));
}

#[test]
fn a_binary_file_and_a_packed_one_that_is_cut_off_are_recognised() {
    let (_folder, path) = file("batches.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00");
    mparticle()
        .arg("validate")
        .arg(&path)
        .assert()
        .code(2)
        .stderr(contains("batches.gz: reading failed: the gzip data ends before it is complete"));
    let (_folder, path) = file("image.png", [0x89, b'P', 0, 0xff, 0xfe, b'\n', 0, 1, 2]);
    mparticle().args(["send", "--sandbox"]).arg(&path).assert().code(2).stderr(contains("not JSON text"));
}

#[test]
fn a_line_that_is_cut_off_is_a_finding_and_the_rest_goes_on() {
    let cut = &good(1)[..100];
    let (_folder, path) = file("cut.ndjson", format!("{}\n{cut}\n{}\n", good(0), good(2)));
    mparticle()
        .args(["validate", "--output", "json"])
        .arg(&path)
        .assert()
        .code(1)
        .stdout(contains(r#""line":2,"column":"#).and(contains("MP001")))
        .stderr(contains("3 batches: 2 clean, 0 with warnings, 1 with errors"));
}

#[test]
fn an_array_that_is_cut_off_keeps_what_came_before() {
    let (_folder, path) = file("cut.json", format!("[{},\n{}", good(0), &good(1)[..80]));
    mparticle()
        .arg("validate")
        .arg(&path)
        .assert()
        .code(1)
        .stdout(contains("cut.json:2: error: the batch is cut off"))
        .stderr(contains("1 batch: 1 clean").and(contains("1 not readable")));
}

#[test]
fn a_batch_of_300_kilobytes_is_never_sent() {
    let long = good(1).replace("Seen", &"x".repeat(300_000));
    let (_folder, path) = file("large.ndjson", format!("{}\n{long}\n", good(0)));
    mparticle().arg("validate").arg(&path).assert().code(1).stdout(contains("MP201"));

    let dead = path.with_file_name("dead");
    let assert = mparticle()
        .args(["send", "--sandbox", "--no-validate", "--output", "json", "--dead-letters"])
        .args([&dead, &path])
        .assert()
        .code(1);
    let summary: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(summary["accepted"], 1);
    assert_eq!(summary["rejected"]["before_sending"], 1);
    let letters = letters(&dead);
    assert_eq!((letters[0]["reason"].as_str(), letters[0]["line"].as_u64()), (Some("too_large"), Some(2)));
}

#[test]
fn a_wrong_key_stops_the_run_with_nothing_lost() {
    let sandbox = SandboxProcess::start(&["--require-credentials"], &CREDENTIALS);
    let (folder, path) = file("good.ndjson", lines(250));
    let assert = mparticle()
        .args(["send", "--output", "json", "--base-url", &sandbox.url])
        .arg(&path)
        .env("MPARTICLE_API_KEY", "example-api-key")
        .env("MPARTICLE_API_SECRET", "not-the-secret-at-all")
        .assert()
        .code(2)
        .stderr(contains("403").and(contains("MPARTICLE_API_KEY")).and(contains("not-the-secret").not()));
    let summary: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(summary["accepted"], 0);
    assert_eq!(summary["not_attempted"], summary["read"]);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let left_out = |name: &std::path::PathBuf| name.to_str().unwrap().contains("dead-letters");
    assert!(!names.iter().any(left_out), "no dead letters: the batches are good");
    // Nothing was settled, so there is nothing to decide about: no --resume is needed.

    mparticle()
        .args(["send", "--base-url", &sandbox.url])
        .arg(&path)
        .envs(CREDENTIALS)
        .assert()
        .code(0)
        .stderr(contains("250  accepted"));
}

#[test]
fn missing_credentials_are_all_named_at_once() {
    let (_folder, path) = file("good.ndjson", lines(1));
    mparticle().arg("send").arg(&path).assert().code(2).stderr(
        contains("MPARTICLE_API_KEY and MPARTICLE_API_SECRET are not set").and(contains("--sandbox")),
    );
}

#[test]
fn a_refused_connection_names_the_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_folder, path) = file("good.ndjson", lines(1));
    let assert = mparticle()
        .args(["send", "--output", "json", "--max-attempts", "1", "--base-url", &format!("http://{free}")])
        .arg(&path)
        .envs(CREDENTIALS)
        .assert()
        .code(2)
        .stderr(contains(format!("no connection to {free}")).and(contains("nothing listens there")));
    let summary: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(summary["not_attempted"], 1);
}

#[test]
fn https_to_a_port_without_it_is_a_tls_failure() {
    let sandbox = SandboxProcess::start(&[], &[]);
    let (_folder, path) = file("good.ndjson", lines(1));
    mparticle()
        .args(["send", "--base-url", &sandbox.url.replace("http://", "https://")])
        .arg(&path)
        .envs(CREDENTIALS)
        .assert()
        .code(2)
        .stderr(contains("TLS"));
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let (_folder, path) = file("good.ndjson", lines(1));
    mparticle()
        .args(["send", "--base-url", "http://events.example.com"])
        .arg(&path)
        .envs(CREDENTIALS)
        .assert()
        .code(2)
        .stderr(contains("not encrypted").and(contains("--allow-plain-http")));
}

#[test]
fn a_reader_that_goes_away_ends_the_command_without_a_word() {
    // More than a pipe holds, so that the command is still writing when the reader goes.
    let mut child = running(&["schema"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");

    let bad = "{}x\n".repeat(3_000);
    let (_folder, path) = file("bad.ndjson", bad);
    let mut child = running(&["validate", "--max-findings", "0", path.to_str().unwrap()]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_standard_output_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = running(&["schema"]).stdout(Stdio::from(full)).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output is on a full disk"));
}

#[cfg(target_os = "linux")]
#[test]
fn dead_letters_that_cannot_be_written_stop_the_run() {
    let (_folder, path) = file("mixed.ndjson", format!("{{}}x\n{}", lines(3)));
    for (letters, why) in
        [("/dev/full", "the disk is full"), ("/nonexistent/dead", "its directory does not exist")]
    {
        let assert = mparticle()
            .args(["send", "--sandbox", "--output", "json", "--dead-letters", letters])
            .arg(&path)
            .assert()
            .code(2)
            .stderr(contains(format!("dead letters cannot be written to {letters}: {why}")));
        let summary: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        assert_eq!(summary["rejected"]["before_sending"], 0, "what is nowhere is not rejected");
        assert_eq!(summary["accepted"], 0);
        assert_eq!(summary["not_attempted"], summary["read"]);
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    mparticle()
        .args(["sandbox", "--port", &port])
        .assert()
        .code(2)
        .stderr(contains(format!("cannot listen on 127.0.0.1:{port}")).and(contains("choose another port")));
}

#[test]
fn options_that_make_no_sense_are_explained() {
    for (args, said) in [
        (&["validate", "--limit", "event_attribute=2", "x"][..], "did you mean `event_attributes`?"),
        (&["validate", "--as-of", "yesterday", "x"], "write it as 2026-11-20"),
        (&["validate", "--severity", "MP209=fatal", "x"], "use error, warning or off"),
        (&["validate", "--severity", "MP9999=off", "x"], "there is no rule `MP9999`"),
        (&["validate", "-", "-"], "standard input can be read only once"),
        (&["send", "--sandbox", "--pod", "eu1", "x"], "cannot be used with"),
        (&["send", "--concurrency", "0", "x"], "0 is not in 1.."),
        (&["explain", "event-name-too-lon"], "did you mean MP204 (event-name-too-long)?"),
    ] {
        mparticle().args(args).assert().code(2).stderr(contains(said));
    }
    let (_folder, path) = file("good.ndjson", lines(1));
    mparticle()
        .args(["send", "--pod", "mars"])
        .arg(&path)
        .envs(CREDENTIALS)
        .assert()
        .code(2)
        .stderr(contains("mars"));
}
