//! `cargo xtask refresh` as a user runs it: takes a good document over, refuses a bad one and touches nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use common::{Copy, changed, file, schema, xtask};
use serde_json::json;

/// A document that cannot be used gives one message and leaves every file as it was.
fn refused(text: impl AsRef<[u8]>, expected: &str) {
    let (copy, file) = (Copy::new(), file(text));
    let before = copy.files();
    for arguments in [&["--check"][..], &[]] {
        let from = file.path().to_str().unwrap();
        let run = xtask(&[&["refresh", "--from", from, "--dir", copy.path()], arguments].concat());
        assert!(!run.ok && run.stdout.is_empty(), "{}", run.stdout);
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains(expected), "{}", run.stderr);
        assert_eq!(run.stderr.matches("error: ").count(), 1, "one message: {}", run.stderr);
        assert!(!run.stderr.contains("panicked at"), "{}", run.stderr);
        assert!(copy.files() == before, "files changed");
    }
}

#[test]
fn a_file_that_is_no_openapi_document() {
    refused("name: something else\n", "is not an OpenAPI 3.0.x document: it has no `openapi` version");
}

#[test]
fn a_newer_openapi() {
    let document = changed(|it| it["openapi"] = json!("3.1.0"));
    refused(document.to_string(), "is not an OpenAPI 3.0.x document: it has `openapi: 3.1.0`");
}

#[test]
fn garbage() {
    refused("openapi: [3.0.3\n  {{{", "does not parse as YAML");
    refused("<!DOCTYPE html>\n<html><p>Not found</p></html>", "is not an OpenAPI 3.0.x document");
    refused([0xff, 0xfe, 0x00], "is not valid UTF-8");
    refused("", "is not an OpenAPI 3.0.x document");
}

#[test]
fn a_document_without_schemas() {
    refused("openapi: 3.0.3\npaths: {}\n", "it has no `components.schemas`");
}

#[test]
fn a_document_that_progenitor_refuses() {
    let document = changed(|it| {
        it["paths"]["/events"]["post"].as_object_mut().unwrap().remove("operationId");
    });
    refused(document.to_string(), "every file in");
}

#[test]
fn a_reference_to_nothing() {
    let document = changed(|it| {
        it["components"]["schemas"].as_object_mut().unwrap().remove("GeoLocation");
    });
    refused(document.to_string(), "every file in");
}

#[test]
fn a_file_that_does_not_exist() {
    let run = xtask(&["refresh", "--check", "--from", "no/such/file.yaml"]);
    assert!(!run.ok && run.stderr.contains("cannot read no/such/file.yaml"), "{}", run.stderr);
}

#[test]
fn a_good_document_is_taken_over_byte_by_byte() {
    let copy = Copy::new();
    let document = changed(|it| {
        schema(it, "Product")["properties"]["gift_message"] = json!({"type": "string"});
        schema(it, "OptOutEventData")["allOf"][1]["properties"]["is_opted_out"]["nullable"] = json!(true);
    });
    let text = format!("# as upstream writes it\n{document:#}\n");
    let file = file(&text);
    let from = file.path().to_str().unwrap();

    let check = xtask(&["refresh", "--check", "--from", from, "--dir", copy.path()]);
    assert!(!check.ok && check.stdout.contains("gift_message: property added"), "{}", check.stdout);

    let run = xtask(&["refresh", "--from", from, "--dir", copy.path(), "--date", "2030-01-02"]);
    assert!(run.ok, "{}", run.stderr);
    for expected in
        ["gift_message: property added: string", "changes nothing", "next: `cargo xtask snapshots`"]
    {
        assert!(run.stdout.contains(expected), "no `{expected}` in:\n{}", run.stdout);
    }
    assert_eq!(copy.read("mparticle.events.oas.yaml"), text);
    assert!(copy.read("SOURCE.toml").contains("revision = \"2030-01-02\""));
    assert_eq!(copy.files().len(), Copy::new().files().len(), "no temporary file stays");

    // Now in step, except for the correction that is not needed any more.
    let again = xtask(&["refresh", "--check", "--from", from, "--dir", copy.path()]);
    assert!(!again.ok && again.stdout.trim_start().starts_with("stale corrections"), "{}", again.stdout);
}

#[test]
fn no_correction_is_stale() {
    let stale = common::generate(&common::published()).stale;
    assert_eq!(stale, [], "remove or adapt these actions; see `cargo xtask refresh --check`");
}

#[test]
fn a_document_edited_by_hand_is_noticed() {
    let copy = Copy::new();
    let edited = copy.read("mparticle.events.oas.yaml").replace("job_id:", "job_name:");
    std::fs::write(copy.0.path().join("mparticle.events.oas.yaml"), &edited).unwrap();
    let from = copy.0.path().join("mparticle.events.oas.yaml");
    let run = xtask(&["refresh", "--check", "--from", from.to_str().unwrap(), "--dir", copy.path()]);
    assert!(!run.ok && run.stdout.contains("was it edited by hand?"), "{}", run.stdout);
}

/// Serves one answer on loopback and returns the address.
fn serve(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = connection.read(&mut request).unwrap();
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(body.as_bytes()));
    });
    format!("http://{address}/spec.yaml")
}

#[test]
fn a_document_comes_over_http() {
    let copy = Copy::new();
    let address = serve("200 OK", copy.read("mparticle.events.oas.yaml"));
    let run = xtask(&["refresh", "--check", "--from", &address, "--dir", copy.path()]);
    assert!(run.ok && run.stdout.starts_with("in step"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn an_answer_that_is_no_success_is_said() {
    let address = serve("404 Not Found", "openapi: 3.0.3".to_owned());
    let run = xtask(&["refresh", "--check", "--from", &address]);
    assert!(!run.ok && run.stderr.contains("the server answered 404 Not Found"), "{}", run.stderr);
}
