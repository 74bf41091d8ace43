//! Tests of how requests end: each fault, the limiter, and what the account says afterwards.

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::Endpoint;
use crate::clock::FixedClock;
use crate::sandbox::account::Capacity;
use crate::sandbox::auth::Accept;
use crate::sandbox::decide::Policy;
use crate::sandbox::fault::{Faults, Situation};
use crate::validate::Limits;

struct Bench {
    policy: Policy,
    limiter: RateLimiter,
    account: Account,
    faults: Faults,
    elapsed_ms: u64,
}

impl Bench {
    fn with(faults: &[&str], limit: Option<&str>) -> Self {
        let mut bench = Self {
            policy: Policy::new(Accept::Any, Limits::default(), Arc::new(FixedClock(1_768_435_200_000))),
            limiter: RateLimiter::new(limit.map(|limit| limit.parse().unwrap()), 270),
            account: Account::new(Capacity { batches: 100, bytes: 1 << 20, ids: 100 }),
            faults: Faults::new(1),
            elapsed_ms: 0,
        };
        bench.faults.replace(None, faults.iter().map(|fault| fault.parse().unwrap()), 0);
        bench
    }

    fn send(&mut self, body: &str) -> Option<Answer> {
        let judged = self.policy.judge(Endpoint::Bulk, body.as_bytes());
        let good_batches = judged.as_ref().map_or(0, |judged| judged.batches.len());
        let situation = Situation { endpoint: Endpoint::Bulk, good_batches, elapsed_ms: self.elapsed_ms };
        let decision = self.faults.decide(situation);
        let settlement = Settlement {
            key: &ApiKey::for_test("key"),
            body: body.as_bytes(),
            elapsed_ms: self.elapsed_ms,
            outcome: decision.outcome,
            percentage: decision.percentage,
        };
        settlement.settle(judged, &mut self.limiter, &mut self.account)
    }

    /// Taken, duplicates, refused; and why it last was.
    fn of(&self, id: &str) -> (u32, u32, u32, Option<String>) {
        let entry = self.account.ledger().find(id).into_iter().next().unwrap();
        assert_eq!(entry.arrivals, entry.taken + entry.duplicates + entry.refused);
        (entry.taken, entry.duplicates, entry.refused, entry.refused_because)
    }
}

fn list(ids: &[&str]) -> String {
    let batch = |id: &&str| format!(r#"{{"environment":"development","mpid":1,"source_request_id":"{id}"}}"#);
    format!("[{}]", ids.iter().map(batch).collect::<Vec<_>>().join(","))
}

fn messages(answer: &Answer) -> Vec<String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let errors = body["errors"].as_array().unwrap();
    errors.iter().map(|error| error["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_status_takes_nothing_and_the_account_knows() {
    for status in [400_u16, 401, 403, 408, 413, 429, 500, 502, 503, 504] {
        let mut bench = Bench::with(&[&format!("{status}:count=1")], None);
        let answer = bench.send(&list(&["a", "b"])).unwrap();
        assert_eq!(answer.status, status);
        assert_eq!(answer.body.is_empty(), !matches!(status, 400 | 413));
        assert_eq!(bench.of("a"), (0, 0, 1, Some(status.to_string())));
        assert_eq!(bench.send(&list(&["a", "b"])).unwrap().status, 202);
        assert_eq!(bench.of("b"), (1, 0, 1, Some(status.to_string())));
        assert_eq!(bench.account.page(0, 0).0.counts.total(), 2, "what is refused as a whole is not counted");
    }
}

#[test]
fn an_answer_that_is_lost_is_no_batch_that_is_lost() {
    let mut bench = Bench::with(&["drop-before:count=1", "drop-after:count=1"], None);
    assert_eq!(bench.send(&list(&["a"])), None);
    assert_eq!(bench.of("a"), (0, 0, 1, Some("drop-before".to_owned())));
    assert_eq!(bench.send(&list(&["a"])), None);
    assert_eq!(bench.of("a").0, 1);
    assert_eq!(bench.send(&list(&["a"])).unwrap().status, 202);
    assert_eq!(bench.of("a"), (1, 1, 1, Some("drop-before".to_owned())));
    let counts = bench.account.page(0, 0).0.counts;
    assert_eq!((counts.accepted, counts.duplicate), (1, 1));
}

#[test]
fn a_request_can_be_taken_in_part_and_never_in_none() {
    for (form, is_placed) in [("path", [true, true]), ("position", [false, true]), ("none", [false, false])] {
        let mut bench = Bench::with(&[&format!("partial:form={form},batches=2")], None);
        let answer = bench.send(&list(&["a", "b", "c"])).unwrap();
        assert_eq!(answer.status, 202);
        let messages = messages(&answer);
        assert_eq!(messages.len(), 2);
        for message in &messages {
            assert_eq!([message.contains("Path '["), message.contains("position ")], is_placed, "{message}");
        }
        let taken: Vec<u32> = ["a", "b", "c"].map(|id| bench.of(id).0).to_vec();
        assert_eq!(taken.iter().sum::<u32>(), 1, "{taken:?}");
    }
    let mut bench = Bench::with(&["partial:batches=99"], None);
    assert_eq!(messages(&bench.send(&list(&["a", "b"])).unwrap()).len(), 1);
    assert_eq!(bench.account.page(0, 0).0.counts.accepted, 1);
}

#[test]
fn the_batch_that_a_message_places_is_the_one_that_was_refused() {
    let mut bench = Bench::with(&["partial:form=path", "partial:form=position,after=1"], None);
    for _ in 0..2 {
        let ids = ["ä", "b", "c", "d"];
        let body = list(&ids);
        let message = messages(&bench.send(&body).unwrap()).remove(0);
        let refused = bench.account.page(0, 0).0.refusals.pop().unwrap().source_request_id.unwrap();
        if let Some((_, index)) = message.split_once("Path '[") {
            let index: usize = index.split(']').next().unwrap().parse().unwrap();
            assert_eq!(ids[index], refused);
        } else {
            let position = message.rsplit_once("position ").unwrap().1.trim_end_matches('.');
            let position: usize = position.parse().unwrap();
            assert_eq!(body.chars().nth(position - 1), Some('{'));
            let before: String = body.chars().take(position - 1).collect();
            assert_eq!(ids[before.matches('{').count()], refused);
        }
    }
}

#[test]
fn a_throttled_answer_says_what_it_was_told_to() {
    let headers = |fault: &str| {
        let answer = Bench::with(&[fault], None).send(&list(&["a"])).unwrap();
        answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    };
    assert_eq!(headers("429"), ["x-mp-rate-limit-exceeded: account"]);
    assert_eq!(headers("429:limit=none"), [""; 0]);
    for value in ["0", "2", "-1", "soon", "Fri 31 Dec 1999 23:59:59 GMT"] {
        assert_eq!(
            headers(&format!("429:limit=acceleration,retry-after={value}")),
            ["x-mp-rate-limit-exceeded: acceleration".to_owned(), format!("retry-after: {value}")]
        );
    }
    assert_eq!(headers("503:retryafter=huge"), ["retryafter: 99999999999999999999"]);
}

#[test]
fn the_percentage_can_be_forced() {
    let mut bench = Bench::with(&["percentage:value=97"], None);
    let answer = bench.send(&list(&["a"])).unwrap();
    assert_eq!(answer, Answer::empty(202).with_header(PERCENTAGE_USED, "97"));
}

#[test]
fn over_the_limit_nothing_is_taken() {
    let mut bench = Bench::with(&["drop-after:after=2,count=1"], Some("2"));
    assert_eq!(bench.send(&list(&["a", "b"])).unwrap().headers, [(PERCENTAGE_USED, "100".to_owned())]);
    let answer = bench.send(&list(&["c"])).unwrap();
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers, [(LIMIT_EXCEEDED, "account".to_owned()), ("retry-after", "1".to_owned())]);
    assert_eq!(bench.of("c"), (0, 0, 1, Some("rate-limit".to_owned())));
    // An answer can be lost also when it is this one: nothing was taken then.
    assert_eq!(bench.send(&list(&["c"])), None);
    assert_eq!(bench.of("c").0, 0);
    bench.elapsed_ms = 1_000;
    assert_eq!(bench.send(&list(&["c"])).unwrap().status, 202);
    assert_eq!(bench.of("c"), (1, 0, 2, Some("rate-limit".to_owned())));
}

#[test]
fn what_cannot_be_read_meets_faults_as_well() {
    let mut bench = Bench::with(&["503:count=1", "drop-after:count=1"], None);
    assert_eq!(bench.send("nonsense").unwrap().status, 503);
    assert_eq!(bench.send("nonsense"), None);
    assert_eq!(bench.send("nonsense").unwrap().status, 400);
    assert_eq!(bench.account.ledger().totals().arrivals, 0);
}
