//! `mparticle sandbox` with faults: what is accepted on the command line, and what comes of it.

use std::io::{Read, Write};
use std::net::TcpStream;

use predicates::str::contains;
use serde_json::Value;

use crate::support::{SandboxProcess, file, lines, mparticle};

#[test]
fn a_misspelt_fault_is_explained() {
    for (fault, part) in [
        ("drop-befor", "did you mean `drop-before`?"),
        ("503:rat=0.1", "did you mean `rate`?"),
        ("503:rate=2", "use 0 to 1"),
        ("", "All: 400, 401"),
    ] {
        let run = mparticle().args(["sandbox", "--fault", fault]).assert();
        run.code(2).stderr(contains(part));
    }
    let run = mparticle().args(["sandbox", "--rate-limit", "fast"]).assert();
    run.code(2).stderr(contains("`fast` is no whole number"));
}

#[test]
fn every_kind_in_the_help_is_one() {
    let help = mparticle().args(["sandbox", "--help"]).assert().code(0).get_output().stdout.clone();
    let help = String::from_utf8(help).unwrap();
    // The error for a kind that there is not lists all of them.
    let error = "none".parse::<mparticle_events::sandbox::Fault>().unwrap_err().to_string();
    let (_, kinds) = error.split_once("All: ").unwrap();
    assert!(kinds.split(", ").count() > 10);
    for kind in kinds.split(", ") {
        assert!(help.split(char::is_whitespace).any(|word| word == kind), "{kind} is not in the help");
    }
}

#[test]
fn what_is_sent_through_faults_arrives_once() {
    const BATCHES: usize = 300;
    let faults =
        ["--fault", "drop-after:count=1", "--fault", "drop-before:count=1", "--fault", "503:count=1"];
    let sandbox = SandboxProcess::start(&faults, &[]);
    let (_folder, path) = file("batches.ndjson", lines(BATCHES));
    let mut send = mparticle();
    send.args(["send", "--as-of", "2026-11-20T12:00:00Z", "--base-url", &sandbox.url]).arg(&path);
    send.env("MPARTICLE_API_KEY", "key").env("MPARTICLE_API_SECRET", "secret");
    send.assert().code(0);
    let totals = &account(&sandbox.url)["totals"];
    assert_eq!((&totals["ids"], &totals["taken"]), (&BATCHES.into(), &BATCHES.into()), "{totals}");
    assert!(totals["duplicates"].as_u64() > Some(0) && totals["refused"].as_u64() > Some(0), "{totals}");
}

/// `GET /sandbox/account`
fn account(url: &str) -> Value {
    let address = url.trim_start_matches("http://").trim_end_matches("/v2");
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("GET /sandbox/account HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}
