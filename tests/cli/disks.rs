//! Disks that are full, read-only or no directories: a clear stop, and nothing is taken for done that is not.
#![cfg(unix)]

use std::process::Command;

use predicates::str::contains;

use crate::resume::{adds_up, journal_of, mixed, number, rejected, send};
use crate::send::{CREDENTIALS, get, json};
use crate::support::{AS_OF, SandboxProcess, file, lines};

#[test]
fn disks_that_take_nothing_stop_it_before_and_while() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF, "--limit", "batch_bytes_hard=1500"], &[]);
    let (folder, path) = file("good.ndjson", lines(10));
    let refused = |more: &[&str], what: &str| {
        send(&sandbox.url, &path, more).assert().code(2).stderr(contains(what));
    };
    refused(&["--state-dir", "/proc/nowhere"], "--state-dir /proc/nowhere: ");
    refused(&["--state-dir", path.to_str().unwrap()], "--state-dir");
    std::fs::create_dir(journal_of(&path)).unwrap();
    refused(&[], "good.ndjson.mparticle-journal cannot be kept: it is a directory");
    std::fs::remove_dir(journal_of(&path)).unwrap();
    assert_eq!(number(&get(&sandbox.url, "/sandbox/stats")["requests"]["total"]), 0);
    send(&sandbox.url, &path, &["--no-journal"]).assert().code(0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    // Letters that cannot be written: nothing is entered as rejected.
    let (text, bad) = mixed(300);
    std::fs::write(&path, text).unwrap();
    let options = ["--no-validate", "--limit", "batch_bytes_hard=1500", "--output", "json", "--dead-letters"];
    let run = |letters: &str, more: &[&str]| {
        send(&sandbox.url, &path, &[&options[..], &[letters], more].concat()).assert()
    };
    run("/dev/full", &[])
        .code(2)
        .stderr(contains("dead letters cannot be written to /dev/full: the disk is full"));
    let dead = path.with_file_name("dead");
    let journal = std::fs::read_to_string(journal_of(&path)).unwrap();
    assert!(!journal.contains("rejected"), "{journal}");
    std::fs::remove_file(journal_of(&path)).unwrap();
    let summary = json(&run(dead.to_str().unwrap(), &[]).code(1));
    assert_eq!((number(&summary["read"]), rejected(&summary)), (300, bad.len() as u64));
}

#[test]
fn a_journal_that_may_not_grow_stops_the_delivery_which_then_goes_on() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (_folder, path) = file("good.ndjson", lines(3000));
    // Blocks of 512 or of 1024 bytes, as the shell has it; the signal would end the process before it can say why.
    let script = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_mparticle"), "send", "--base-url", &sandbox.url])
        .args(["--as-of", AS_OF, "--rate", "1000000"])
        .arg(&path)
        .envs(CREDENTIALS)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("mparticle-journal cannot be written: files may not grow larger here"), "{told}");
    assert!(told.contains("To go on where it stopped: mparticle send"), "{told}");
    let summary = json(&send(&sandbox.url, &path, &["--resume", "--output", "json"]).assert().code(0));
    adds_up(&summary);
    assert!(number(&summary["settled_by_earlier_runs"]) > 0, "{summary}");
    assert_eq!(number(&summary["accepted"]), 3000);
    assert_eq!(number(&get(&sandbox.url, "/sandbox/stats")["batches"]["accepted"]), 3000);
}
