//! Ctrl-C: what is under way is finished, and the account says what is left.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::support::{file, lines, running};

fn interrupt(pid: u32) {
    assert!(Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap().success());
}

#[test]
fn a_delivery_that_waits_for_its_input_can_be_ended() {
    let mut child = running(&["send", "--sandbox", "--output", "json", "-"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(line.contains("sandbox listening"), "{line}");
    // Two batches wait in a request that is not full, and the pipe stays open.
    input.write_all(lines(2).as_bytes()).unwrap();
    interrupt(child.id());
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("stopping"), "{rest}");

    let mut summary = String::new();
    child.stdout.take().unwrap().read_to_string(&mut summary).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let number = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(number("accepted") + number("not_attempted"), number("read"), "{summary}");
    assert_eq!(summary["stopped"], "interrupted");
    drop(input);
}

#[test]
fn a_check_that_waits_for_its_input_tells_what_it_found() {
    for output in ["human", "sarif"] {
        let mut child = running(&["validate", "--output", output, "-"]).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // More than is read ahead, with a fault in the beginning; the pipe stays open, in the middle of a batch.
        input.write_all(format!("{{}}x\n{}", lines(6000)).as_bytes()).unwrap();
        input.write_all(b"{\"mpid\":").unwrap();
        interrupt(child.id());
        let done = child.wait_with_output().unwrap();
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(130), "{told}");
        assert!(told.contains("interrupted") && told.contains("batches: "), "{told}");
        assert!(!told.contains("cut off"), "{told}");
        if output == "sarif" {
            let log: Value = serde_json::from_slice(&done.stdout).unwrap();
            assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
        }
        drop(input);
    }
}

#[test]
fn the_second_time_it_ends_at_once() {
    // Takes requests and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let (_folder, path) = file("good.ndjson", lines(3));
    let mut command = running(&["send", "--base-url", &url, path.to_str().unwrap()]);
    let mut child =
        command.env("MPARTICLE_API_KEY", "key").env("MPARTICLE_API_SECRET", "secret").spawn().unwrap();
    let (_connection, _) = silent.accept().unwrap();
    interrupt(child.id());
    let mut told = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("once more to stop at once"), "{told}");
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_sandbox_ends_with_its_account() {
    let mut child = running(&["sandbox", "--port", "0"]).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    interrupt(child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("0 requests: 0 accepted"));
}
