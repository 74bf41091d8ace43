//! The sandbox as a program sees it that sends to it: real HTTP over loopback.
#![cfg(feature = "sandbox")]
// The lints know tests by their attribute, and helpers of tests have none.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "sandbox/account.rs"]
mod account;
#[path = "sandbox/connections.rs"]
mod connections;
#[path = "sandbox/faults.rs"]
mod faults;
#[path = "sandbox/http.rs"]
mod http;
#[path = "sandbox/pages.rs"]
mod pages;
#[cfg(feature = "client")]
#[path = "sandbox/reqwest_client.rs"]
mod reqwest_client;

use std::sync::Arc;

use http::{BASIC, ask, post, request};
use mparticle_events::Endpoint;
use mparticle_events::clock::FixedClock;
use mparticle_events::sandbox::Sandbox;
use mparticle_events::validate::Limits;

/// 2026-01-15 00:00:00 UTC.
const NOW_MS: i64 = 1_768_435_200_000;
const HOUR_MS: i64 = 3_600_000;

/// A batch that nobody objects to.
fn good(id: &str) -> String {
    format!(r#"{{"environment":"development","mpid":9007199254740993,"source_request_id":"{id}"}}"#)
}

/// A batch with a value that the service does not know.
const BAD: &str = r#"{"mpid":1,"environment":"nowhere"}"#;

/// A batch with one event of the given age.
fn aged(hours: i64) -> String {
    let time = NOW_MS - hours * HOUR_MS;
    format!(
        r#"{{"environment":"production","mpid":1,"events":[{{"event_type":"custom_event","data":{{"event_name":"a","custom_event_type":"other","timestamp_unixtime_ms":{time}}}}}]}}"#
    )
}

async fn start() -> Sandbox {
    Sandbox::builder().clock(Arc::new(FixedClock(NOW_MS))).start().await.expect("a free port")
}

/// Accepted, rejected, duplicate, dropped.
fn counts(sandbox: &Sandbox) -> [u64; 4] {
    let counts = sandbox.received().counts;
    [counts.accepted, counts.rejected, counts.duplicate, counts.dropped]
}

#[tokio::test]
async fn each_path_takes_what_it_is_for() {
    let sandbox = start().await;
    let bulk = format!("[{},{}]", good("b"), good("c"));
    let old = format!("[{}]", aged(24 * 40));
    for (path, body) in
        [("/v2/events", good("a")), ("/v2/bulkevents", bulk), ("/v2/bulkevents/historical", old)]
    {
        let answer = ask(sandbox.address(), &post(path, &body)).await;
        assert_eq!((answer.status, answer.body.as_str()), (202, ""), "{path}");
        let used: f64 = answer.headers["x-mp-rate-limit-percentage-used"].parse().unwrap();
        assert!((0.0..=100.0).contains(&used));
        assert!(!answer.headers.contains_key("content-type"));
    }
    let received = sandbox.received();
    let of_path: Vec<_> =
        received.by_endpoint.iter().map(|(path, counts)| (*path, counts.accepted)).collect();
    assert_eq!(of_path, [(Endpoint::Events, 1), (Endpoint::Bulk, 2), (Endpoint::Historical, 1)]);
    let first = &received.batches[0];
    assert_eq!((first.endpoint, first.sequence, first.received_at_ms), (Endpoint::Events, 1, NOW_MS));
    assert_eq!(first.bytes, good("a"), "byte for byte");
    assert_eq!(first.source_request_id.as_deref(), Some("a"));
    assert_eq!(first.batch().unwrap().mpid, Some(9_007_199_254_740_993));
    assert_eq!(first.json()["mpid"], 9_007_199_254_740_993_i64);
}

#[tokio::test]
async fn credentials_are_asked_for() {
    let sandbox = Sandbox::builder().credentials("the-api-key", "the-secret").start().await.unwrap();
    // the-api-key:the-secret, the same with a wrong secret, a token
    let right = "Basic dGhlLWFwaS1rZXk6dGhlLXNlY3JldA==";
    let cases = [
        (None, 401),
        (Some(BASIC), 403),
        (Some("Basic dGhlLWFwaS1rZXk6dGhlLXNlY3JldHM="), 403),
        (Some("Basic ???"), 403),
        (Some("Bearer dGhlLWFwaS1rZXk6dGhlLXNlY3JldA=="), 403),
        (Some(right), 202),
    ];
    for (authorization, status) in cases {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(authorization.map(|value| ("Authorization", value)));
        let body = good("a");
        let answer = ask(sandbox.address(), &request("POST", "/v2/events", &headers, body.as_bytes())).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{authorization:?}");
    }
    assert_eq!(counts(&sandbox), [1, 0, 0, 0]);
    let shown = format!("{sandbox:?} {:?}", sandbox.received());
    assert!(!shown.contains("the-secret") && !shown.contains("the-api-key"), "{shown}");
    assert_eq!(sandbox.received().batches[0].api_key, "****");
}

#[tokio::test]
async fn a_secret_is_in_no_debug_text() {
    let builder = Sandbox::builder().credentials("the-api-key", "the-secret");
    let shown = format!("{builder:?}");
    assert!(!shown.contains("the-secret") && !shown.contains("the-api-key"), "{shown}");
}

#[tokio::test]
async fn any_pair_will_do_when_none_is_given() {
    let sandbox = start().await;
    let json = ("Content-Type", "application/json");
    // example-api-key:example-api-secret, as documented; then ":secret" and "key:"
    let cases = [
        ("Basic ZXhhbXBsZS1hcGkta2V5OmV4YW1wbGUtYXBpLXNlY3JldA==", 202),
        ("Basic OnNlY3JldA==", 403),
        ("Basic a2V5Og==", 403),
    ];
    for (value, status) in cases {
        let headers = [json, ("Authorization", value)];
        let body = good("");
        let answer = ask(sandbox.address(), &request("POST", "/v2/events", &headers, body.as_bytes())).await;
        assert_eq!(answer.status, status, "{value}");
    }
    assert_eq!(sandbox.received().batches[0].api_key, "exam****");
}

#[tokio::test]
async fn some_bad_batches_are_named_in_a_202_and_all_bad_is_a_400() {
    let sandbox = start().await;
    let body = format!("[{},{BAD},{}]", good("a"), good("b"));
    let answer = ask(sandbox.address(), &post("/v2/bulkevents", &body)).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.headers.contains_key("x-mp-rate-limit-percentage-used"));
    let messages = answer.messages();
    assert_eq!(messages.len(), 1);
    let (_, position) = messages[0].split_once(" Path '[1].environment', line 1, position ").unwrap();
    let position: usize = position.trim_end_matches('.').parse().unwrap();
    let start = body.find(BAD).unwrap();
    assert!((start..start + BAD.len()).contains(&position), "{messages:?}, but the batch begins at {start}");

    let answer = ask(sandbox.address(), &post("/v2/bulkevents", &format!("[{BAD},{BAD}]"))).await;
    assert_eq!((answer.status, answer.messages().len()), (400, 2));
    let answer = ask(sandbox.address(), &post("/v2/events", BAD)).await;
    assert_eq!((answer.status, answer.messages().len()), (400, 1));
    assert_eq!(answer.json()["errors"][0]["code"], "BAD_REQUEST");
    assert_eq!(counts(&sandbox), [2, 4, 0, 0]);
}

#[tokio::test]
async fn warnings_refuse_nothing() {
    let sandbox = start().await;
    let nameless = r#"{"environment":"development","events":[],"no_such_member":1}"#;
    assert_eq!(ask(sandbox.address(), &post("/v2/events", nameless)).await.status, 202);
    assert_eq!(counts(&sandbox), [1, 0, 0, 0]);
}

#[tokio::test]
async fn what_is_no_list_of_batches_is_a_400() {
    let sandbox = start().await;
    let many = format!("[{}]", vec![good(""); 101].join(","));
    for body in ["", "[]", "{}", "[{", "nonsense", &many] {
        let answer = ask(sandbox.address(), &post("/v2/bulkevents", body)).await;
        assert_eq!((answer.status, answer.messages().len()), (400, 1), "{body:.20}");
    }
    let json = request("POST", "/v2/events", &[("Authorization", BASIC)], good("a").as_bytes());
    assert_eq!(ask(sandbox.address(), &json).await.status, 400, "no content type");
    assert_eq!(counts(&sandbox), [0; 4]);
}

#[tokio::test]
async fn other_paths_and_methods_are_not_there() {
    let sandbox = start().await;
    for (method, path, status) in [
        ("GET", "/v2/events", 405),
        ("PUT", "/v2/bulkevents", 405),
        ("POST", "/sandbox/stats", 405),
        ("POST", "/events", 404),
        ("GET", "/v2/bulkevents/historic", 404),
    ] {
        let answer = ask(sandbox.address(), &request(method, path, &[], b"")).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{method} {path}");
        assert_eq!(answer.headers.contains_key("allow"), status == 405);
    }
}

#[tokio::test]
async fn a_repeated_id_is_counted_and_not_stored() {
    let sandbox = start().await;
    for _ in 0..3 {
        assert_eq!(ask(sandbox.address(), &post("/v2/events", &good("same"))).await.status, 202);
    }
    assert_eq!(counts(&sandbox), [1, 0, 2, 0]);
    assert_eq!(sandbox.received().batches.len(), 1);
    sandbox.reset();
    assert_eq!(ask(sandbox.address(), &post("/v2/events", &good("same"))).await.status, 202);
    assert_eq!(counts(&sandbox), [1, 0, 0, 0]);
}

#[tokio::test]
async fn young_data_on_the_historical_path_vanishes_without_a_word() {
    let sandbox = start().await;
    let body = format!("[{},{}]", aged(71), aged(73));
    let answer = ask(sandbox.address(), &post("/v2/bulkevents/historical", &body)).await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    assert_eq!(counts(&sandbox), [1, 0, 0, 1]);
    assert_eq!(sandbox.received().batches[0].bytes, aged(73));
}

#[tokio::test]
async fn limits_are_the_workspaces_own() {
    let mut limits = Limits::default();
    limits.batches_per_request = 1;
    limits.request_bytes_hard = 500;
    let sandbox = Sandbox::builder().limits(limits).start().await.unwrap();
    let two = format!("[{},{}]", good("a"), good("b"));
    assert_eq!(ask(sandbox.address(), &post("/v2/bulkevents", &two)).await.status, 400);
    let padded = format!("{}{}", good("a"), " ".repeat(500));
    assert_eq!(ask(sandbox.address(), &post("/v2/events", &padded)).await.status, 413);
    assert_eq!(ask(sandbox.address(), &post("/v2/events", &good("a"))).await.status, 202);
}
