//! Tests of the decisions, without I/O.

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::clock::FixedClock;
use crate::sandbox::account::{Account, Capacity};
use crate::sandbox::answer::PERCENTAGE_USED;
use crate::sandbox::limiter::RateLimiter;
use crate::sandbox::received::Counts;
use crate::sandbox::settle::Settlement;

/// 2026-01-15 00:00:00 UTC.
const NOW_MS: i64 = 1_768_435_200_000;
const HOUR_MS: i64 = 3_600_000;

fn policy(limits: Limits) -> Policy {
    Policy::new(Accept::Any, limits, Arc::new(FixedClock(NOW_MS)))
}

/// A batch with a value that no sandbox takes.
const BAD: &str = r#"{"mpid":1,"environment":"nowhere"}"#;

/// A policy with the documented limits, an empty account, and one key.
struct Bench {
    policy: Policy,
    limiter: RateLimiter,
    account: Account,
    key: ApiKey,
}

impl Bench {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let capacity = Capacity { batches: 100, bytes: 1 << 20, ids: 100 };
        Self {
            limiter: RateLimiter::new(None, limits.batches_per_second),
            policy: policy(limits),
            account: Account::new(capacity),
            key: ApiKey::for_test("key"),
        }
    }

    fn take(&mut self, endpoint: Endpoint, body: &str) -> Answer {
        let judged = self.policy.judge(endpoint, body.as_bytes());
        let settlement = Settlement {
            key: &self.key,
            body: body.as_bytes(),
            elapsed_ms: 0,
            outcome: None,
            percentage: None,
        };
        settlement.settle(judged, &mut self.limiter, &mut self.account).expect("an answer")
    }

    /// Accepted, rejected, duplicate, dropped.
    fn counts(&self) -> [u64; 4] {
        let Counts { accepted, rejected, duplicate, dropped } = self.account.page(0, 0).0.counts;
        [accepted, rejected, duplicate, dropped]
    }
}

fn errors(answer: &Answer) -> Vec<String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let errors = body["errors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["code"] == "BAD_REQUEST"));
    errors.iter().map(|error| error["message"].as_str().unwrap().to_owned()).collect()
}

fn good(id: &str) -> String {
    format!(r#"{{"environment":"development","mpid":1,"source_request_id":"{id}"}}"#)
}

/// An event of the given age, in a batch.
fn aged(hours: i64) -> String {
    let time = NOW_MS - hours * HOUR_MS;
    format!(
        r#"{{"environment":"production","mpid":1,"events":[{{"event_type":"custom_event","data":{{"event_name":"a","custom_event_type":"other","timestamp_unixtime_ms":{time}}}}}]}}"#
    )
}

#[test]
fn paths_and_methods_are_told_apart() {
    assert_eq!(route("POST", "/v2/events"), Call::Post(Endpoint::Events));
    assert_eq!(route("POST", "/v2/bulkevents"), Call::Post(Endpoint::Bulk));
    assert_eq!(route("POST", "/v2/bulkevents/historical"), Call::Post(Endpoint::Historical));
    assert_eq!(route("GET", "/v2/events"), Call::WrongMethod("POST"));
    assert_eq!(route("DELETE", "/sandbox/received"), Call::Reset);
    assert_eq!(route("POST", "/"), Call::WrongMethod("GET, HEAD"));
    assert_eq!(route("GET", "/sandbox/account"), Call::Account);
    assert_eq!(route("PATCH", "/sandbox/faults"), Call::WrongMethod("GET, HEAD, PUT, POST, DELETE"));
    for method in ["GET", "PUT", "POST", "DELETE"] {
        assert!(route(method, "/sandbox/faults").is_private(), "{method}");
    }
    assert!(!route("POST", "/v2/events").is_private() && !route("GET", "/").is_private());
    for unknown in ["/events", "/v2", "/v2/", "/v2/events/", "/v1/events", "/v2//events", "/V2/events", ""] {
        assert_eq!(route("POST", unknown), Call::Unknown, "{unknown}");
    }
}

#[test]
fn the_head_decides_before_the_body_is_read() {
    let policy = policy(Limits::default());
    let pair: &[u8] = b"Basic a2V5OnNlY3JldA==";
    let head = |authorization: &[&'static [u8]], content_type, content_length| Head {
        authorization: authorization.to_vec(),
        content_type,
        content_length,
    };
    let status = |head: Head<'_>| policy.admit(&head).map(|_| 0).unwrap_or_else(|answer| answer.status);
    let json = Some("application/json");

    assert_eq!(policy.admit(&head(&[], json, None)), Err(Answer::empty(401)));
    assert_eq!(policy.admit(&head(&[b"Basic ?"], json, None)), Err(Answer::empty(403)));
    // Who may not post learns nothing else.
    assert_eq!(status(head(&[], None, Some(u64::MAX))), 401);

    assert_eq!(status(head(&[pair], json, Some(262_144))), 0);
    assert_eq!(status(head(&[pair], json, Some(262_145))), 413);
    for accepted in ["application/json", "Application/JSON; charset=utf-8", "application/json;charset=UTF-8"]
    {
        assert_eq!(status(head(&[pair], Some(accepted), None)), 0, "{accepted}");
    }
    for refused in [None, Some("text/plain"), Some("application/jsonl"), Some("")] {
        assert_eq!(status(head(&[pair], refused, None)), 400, "{refused:?}");
    }
}

#[test]
fn good_batches_are_taken_without_a_word() {
    let mut bench = Bench::new();
    let answer = bench.take(Endpoint::Events, &good("a"));
    assert_eq!(answer, Answer::empty(202).with_header(PERCENTAGE_USED, "0"));
    let body = format!("[{}]", (0..27).map(|n| good(&n.to_string())).collect::<Vec<_>>().join(","));
    let answer = bench.take(Endpoint::Bulk, &body);
    assert_eq!(answer, Answer::empty(202).with_header(PERCENTAGE_USED, "10"));
    assert_eq!(bench.counts(), [28, 0, 0, 0]);
}

#[test]
fn a_partly_bad_request_is_taken_in_part_and_says_what_was_not() {
    let mut bench = Bench::new();
    let body = format!("[{}, {BAD}, {}, 7]", good("a"), good("b"));
    let answer = bench.take(Endpoint::Bulk, &body);

    assert_eq!(answer.status, 202);
    assert!(answer.headers.iter().any(|(name, _)| *name == PERCENTAGE_USED));
    let messages = errors(&answer);
    assert_eq!(messages.len(), 2, "{messages:?}");
    for (message, path, at) in [(&messages[0], "[1].environment", BAD), (&messages[1], "[3]", "7")] {
        let start = body.rfind(at).unwrap();
        let rest = message.split_once(&format!(" Path '{path}', line 1, position ")).expect(message).1;
        let position: usize = rest.trim_end_matches('.').parse().unwrap();
        assert!((start..start + at.len()).contains(&position), "{message} is not about the batch at {start}");
    }
    assert_eq!(bench.counts(), [2, 2, 0, 0]);
    let ids: Vec<_> = bench.account.page(0, 9).0.batches.into_iter().map(|b| b.source_request_id).collect();
    assert_eq!(ids, [Some("a".to_owned()), Some("b".to_owned())]);
}

#[test]
fn nothing_but_bad_batches_is_a_400() {
    let mut bench = Bench::new();
    let answer = bench.take(Endpoint::Bulk, &format!("[{BAD},{BAD}]"));
    assert_eq!((answer.status, errors(&answer).len()), (400, 2));
    assert!(!answer.headers.iter().any(|(name, _)| *name == PERCENTAGE_USED));
    let answer = bench.take(Endpoint::Events, BAD);
    assert_eq!((answer.status, errors(&answer).len()), (400, 1));
    assert!(!errors(&answer)[0].contains("[0]"));
    assert_eq!(bench.counts(), [0, 3, 0, 0]);
}

#[test]
fn what_cannot_be_read_as_batches_is_a_400_and_counts_no_batch() {
    let mut bench = Bench::new();
    let many = format!("[{}]", vec!["{}"; 101].join(","));
    for body in ["", "  ", "{}", "[", "[{]", "[]", "nonsense", "[{}] x", "\u{feff}[]", &many] {
        let answer = bench.take(Endpoint::Bulk, body);
        assert_eq!((answer.status, errors(&answer).len()), (400, 1), "{body}");
    }
    assert_eq!(bench.counts(), [0; 4]);
}

#[test]
fn one_batch_too_many_says_how_many_there_are() {
    let mut bench = Bench::new();
    let hundred = vec![good(""); 100].join(",");
    assert_eq!(bench.take(Endpoint::Bulk, &format!("[{hundred}]")).status, 202);
    let body = format!("[{hundred},{}]", good(""));
    let message = errors(&bench.take(Endpoint::Bulk, &body)).remove(0);
    let position = body.rfind('{').unwrap();
    let wanted = format!(
        "A request may hold at most 100 batches; this one holds 101. Path '', line 1, position {position}."
    );
    assert_eq!(message, wanted);
    assert_eq!(bench.counts(), [100, 0, 0, 0]);
}

#[test]
fn the_events_path_takes_one_batch_and_no_list() {
    let mut bench = Bench::new();
    for body in ["", "nonsense", "{", "7"] {
        assert_eq!(bench.take(Endpoint::Events, body).status, 400, "{body}");
    }
    assert_eq!(bench.take(Endpoint::Events, &format!("[{}]", good("a"))).status, 400);
    assert_eq!(bench.take(Endpoint::Events, &format!("\n {}\n", good("a"))).status, 202);
    assert_eq!(bench.counts(), [1, 5, 0, 0]);
}

#[test]
fn a_repeated_id_is_answered_as_if_taken() {
    let mut bench = Bench::new();
    let twice = format!("[{},{}]", good("a"), good("a"));
    assert_eq!(bench.take(Endpoint::Bulk, &twice).status, 202);
    let again = bench.take(Endpoint::Events, &good("a"));
    assert_eq!((again.status, again.body), (202, vec![]));
    assert_eq!(bench.counts(), [1, 0, 2, 0]);

    bench.key = ApiKey::for_test("another");
    assert_eq!(bench.take(Endpoint::Events, &good("a")).status, 202);
    assert_eq!(bench.counts(), [2, 0, 2, 0]);
}

#[test]
fn a_refused_batch_does_not_use_up_its_id() {
    let mut bench = Bench::new();
    let bad = BAD.replace(r#""mpid":1"#, r#""source_request_id":"a""#);
    assert_eq!(bench.take(Endpoint::Events, &bad).status, 400);
    assert_eq!(bench.take(Endpoint::Events, &good("a")).status, 202);
    assert_eq!(bench.counts(), [1, 1, 0, 0]);
}

#[test]
fn batches_without_an_id_are_never_duplicates() {
    let mut bench = Bench::new();
    for id in ["null", r#""""#] {
        let batch = format!(r#"{{"environment":"development","mpid":1,"source_request_id":{id}}}"#);
        assert_eq!(bench.take(Endpoint::Bulk, &format!("[{batch},{batch}]")).status, 202, "{id}");
    }
    assert_eq!(bench.counts(), [4, 0, 0, 0]);
    assert_eq!(source_request_id(br#"{"source_request_id":12}"#).as_deref(), Some("12"));
    assert_eq!(source_request_id(br#"{"source_request_id":["x"]}"#), None);
}

#[test]
fn the_historical_path_drops_young_and_undated_data_in_silence() {
    let mut bench = Bench::new();
    let undated = r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_event","data":{"event_name":"a","custom_event_type":"other"}}]}"#;
    let body = format!("[{},{},{undated},{}]", aged(100), aged(71), good("no events"));
    let answer = bench.take(Endpoint::Historical, &body);
    assert_eq!((answer.status, String::from_utf8(answer.body).unwrap()), (202, String::new()));
    assert_eq!(bench.counts(), [1, 0, 0, 3]);

    // All of them dropped is no error either.
    assert_eq!(bench.take(Endpoint::Historical, &format!("[{}]", aged(1))).status, 202);
    // What is wrong on every path is refused here too.
    assert_eq!(bench.take(Endpoint::Historical, &format!("[{BAD}]")).status, 400);
    assert_eq!(bench.counts(), [1, 1, 0, 4]);
}

#[test]
fn limits_can_be_changed() {
    let limits =
        Limits { batches_per_request: 2, batches_per_second: 4, request_bytes_hard: 10, ..Limits::default() };
    let mut bench = Bench::with(limits);
    let answer = bench.take(Endpoint::Bulk, &format!("[{},{}]", good("a"), good("b")));
    assert_eq!(answer, Answer::empty(202).with_header(PERCENTAGE_USED, "50"));
    assert_eq!(bench.take(Endpoint::Bulk, "[{},{},{}]").status, 400);
    assert_eq!(bench.policy.body_limit(), 10);
    assert_eq!(bench.policy.too_large().status, 413);
}

#[test]
fn a_batch_over_its_own_limit_is_refused_and_the_others_taken() {
    let mut bench = Bench::new();
    let fat = format!(
        r#"{{"environment":"development","mpid":1,"user_attributes":{{"a":["{}"]}}}}"#,
        vec!["x".repeat(500); 270].join("\",\"")
    );
    assert!(fat.len() > 131_072);
    let answer = bench.take(Endpoint::Bulk, &format!("[{},{fat}]", good("a")));
    assert_eq!(answer.status, 202);
    assert_eq!(errors(&answer).len(), 1);
    assert_eq!(bench.counts(), [1, 1, 0, 0]);
}
