//! Delivery against a server on loopback that misbehaves as the real one can: its account and ours must agree.
#![cfg(feature = "client")]
// Helpers of tests, too, may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "deliver/server.rs"]
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use mparticle_events::Endpoint;
use mparticle_events::client::{ApiError, Client, Credentials};
use mparticle_events::clock::FixedClock;
use mparticle_events::deliver::dead_letter::{DeadLetter, DeadLetters, Letters};
use mparticle_events::deliver::{
    Answer, Failure, Observer, Policy, Reason, Rejection, Retry, Sender, Silent, Stop, Summary, Transport,
};
use mparticle_events::input::BatchReader;
use mparticle_events::pack::{Packer, Part, Request, RequestIds};
use mparticle_events::validate::Limits;

use server::{Fault, Server, Style};

/// Everything that is told, by line.
#[derive(Default)]
struct Log {
    fate: BTreeMap<usize, Fate>,
    retries: u64,
    letters: Option<DeadLetters<Vec<u8>>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Accepted,
    Rejected(Reason, String),
    NotAttempted,
}

impl Log {
    fn enter(&mut self, line: usize, fate: Fate) {
        let before = self.fate.insert(line, fate);
        assert_eq!(before, None, "line {line} is told of twice");
    }

    fn lines(&self, wanted: impl Fn(&Fate) -> bool) -> BTreeSet<usize> {
        self.fate.iter().filter(|(_, fate)| wanted(fate)).map(|(line, _)| *line).collect()
    }

    fn accepted(&self) -> BTreeSet<usize> {
        self.lines(|fate| *fate == Fate::Accepted)
    }
}

impl Observer for Log {
    fn accepted(&mut self, _: &Request, parts: &[Part]) -> io::Result<()> {
        parts.iter().for_each(|part| self.enter(part.line, Fate::Accepted));
        Ok(())
    }

    fn rejected(&mut self, rejection: &Rejection<'_>) -> io::Result<()> {
        self.enter(rejection.part.line, Fate::Rejected(rejection.reason, rejection.message.clone()));
        self.letters.as_mut().map_or(Ok(()), |letters| letters.write(&DeadLetter::rejected(rejection)))
    }

    fn not_attempted(&mut self, request: &Request) -> io::Result<()> {
        request.parts().iter().for_each(|part| self.enter(part.line, Fate::NotAttempted));
        Ok(())
    }

    fn retry(&mut self, _: &Retry<'_>) {
        self.retries += 1;
    }
}

/// Batches numbered by line; those for which `bad` holds are refused by the server.
fn requests(count: usize, per_request: u64, bad: impl Fn(usize) -> bool) -> Vec<Request> {
    let text: String = (1..=count)
        .map(|line| format!("{{\"n\":{line},\"name\":\"é😀\",\"bad\":{}}}\n", bad(line)))
        .collect();
    let mut limits = Limits::default();
    limits.batches_per_request = per_request;
    let mut packer = Packer::new(Endpoint::Bulk, &limits).request_ids(RequestIds::for_input("test"));
    let batches = BatchReader::new(text.as_bytes()).map(Result::unwrap);
    let mut requests: Vec<Request> = batches.filter_map(|batch| packer.push(batch).unwrap()).collect();
    requests.extend(packer.finish());
    requests
}

fn impatient() -> Policy {
    let mut policy = Policy::default();
    policy.base = Duration::from_millis(1);
    policy.max_backoff = Duration::from_millis(3);
    policy.max_retry_after = Duration::from_millis(3);
    policy.retry_burst = 10_000.0;
    policy
}

fn sender<T: Transport>(transport: T) -> Sender<T> {
    Sender::new(transport).policy(impatient()).batches_per_second(None).seed(7)
}

fn client(server: &Server) -> Client {
    let credentials = Credentials::new("key", "secret").unwrap();
    Client::builder(credentials).base_url(&server.base_url()).unwrap().build().unwrap()
}

async fn deliver(server: &Server, requests: Vec<Request>) -> (Summary, Log) {
    let total: usize = requests.iter().map(Request::len).sum();
    let letters = DeadLetters::new(Vec::new(), Arc::new(FixedClock(0)));
    let mut log = Log { letters: Some(letters), ..Log::default() };
    let summary = sender(client(server)).run(stream::iter(requests), &Stop::new(), &mut log).await;
    agree(&summary, &log, total);
    assert_eq!(summary.requests, server.account().requests, "posts");
    (summary, log)
}

fn agree(summary: &Summary, log: &Log, total: usize) {
    assert_eq!(summary.total(), total as u64);
    assert_eq!(log.fate.len(), total);
    assert_eq!(summary.accepted, log.accepted().len() as u64);
    assert_eq!(summary.rejected, log.lines(|fate| matches!(fate, Fate::Rejected(..))).len() as u64);
    // A stop can come between the announcement and the post.
    assert!(summary.retries <= log.retries, "{summary:?}");
}

fn lines(from: usize, to: usize) -> BTreeSet<usize> {
    (from..=to).collect()
}

#[tokio::test]
async fn what_is_transient_is_tried_again_until_it_is_taken() {
    for fault in [
        Fault::Status(429, Some("1")),
        Fault::Status(429, None),
        Fault::Status(503, None),
        Fault::Status(500, Some("garbage")),
        Fault::Status(408, None),
        Fault::DropBefore,
        Fault::DropAfter,
    ] {
        let server = Server::start(Style::Index, vec![fault; 5]).await;
        let (summary, log) = deliver(&server, requests(20, 5, |_| false)).await;
        assert_eq!(log.accepted(), lines(1, 20), "{fault:?}");
        assert!(summary.is_clean(), "{summary:?}");
        assert_eq!((summary.requests, summary.retries), (9, 5), "{fault:?}");
        let account = server.account();
        assert_eq!(account.taken, lines(1, 20));
        // A request that was taken before its connection broke comes twice, under the same ids.
        assert_eq!(account.ids.len(), 20, "{fault:?}");
        assert_eq!(account.doubled > 0, fault == Fault::DropAfter);
    }
}

#[tokio::test]
async fn single_bad_batches_are_found_from_the_answer_to_the_rest() {
    for style in [Style::Index, Style::Position] {
        let server = Server::start(style, vec![]).await;
        let (summary, log) = deliver(&server, requests(30, 10, |line| line == 3 || line == 20)).await;
        let refused = log.lines(
            |fate| matches!(fate, Fate::Rejected(Reason::Refused, said) if said.contains("bad \"value\"")),
        );
        assert_eq!(refused, BTreeSet::from([3, 20]), "{style:?}");
        assert_eq!((summary.accepted, summary.notes.len()), (28, 0));
        assert_eq!(summary.requests, 3);
        let letters = log.letters.unwrap().into_inner();
        for letter in Letters::new(&letters[..]).map(Result::unwrap) {
            assert_eq!(
                (letter.status, letter.attempts, letter.code.as_deref()),
                (Some(202), 1, Some("BAD_REQUEST"))
            );
            assert!(letter.batch.starts_with(format!("{{\"n\":{}", letter.line).as_bytes()));
            let sent: serde_json::Value = serde_json::from_slice(&letter.to_raw().bytes).unwrap();
            assert!(server.account().ids.contains(sent["source_request_id"].as_str().unwrap()));
        }
    }
}

/// Takes everything but the batch with `bad` in it, of which it says the place only, in UTF-16 units.
struct Vague;

impl Transport for Vague {
    async fn post(&self, _: Endpoint, body: Bytes) -> Answer {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let Some(bad) = text.find("bad") else { return Answer::status(202) };
        let position = text[..bad].encode_utf16().count();
        let message = format!("Not an integer. line 1, position {position}.");
        Answer::status(202).with_errors(vec![ApiError::new("BAD_REQUEST", message)])
    }
}

#[tokio::test]
async fn a_place_that_can_mean_two_batches_is_looked_at_more_closely() {
    let text: String = (1..=8)
        .map(|line| match line {
            1 => format!("{{\"n\":1,\"a\":\"{}\"}}\n", "\u{1F600}".repeat(200)),
            5 => "{\"n\":\"bad\"}\n".to_owned(),
            line => format!("{{\"n\":{line}}}\n"),
        })
        .collect();
    for ids in [true, false] {
        let packer = Packer::new(Endpoint::Bulk, &Limits::default());
        let mut packer = if ids { packer.request_ids(RequestIds::for_input("x")) } else { packer };
        for batch in BatchReader::new(text.as_bytes()) {
            assert!(packer.push(batch.unwrap()).unwrap().is_none());
        }
        let mut log = Log::default();
        let requests = stream::iter(packer.finish());
        let summary = sender(Vague).run(requests, &Stop::new(), &mut log).await;
        agree(&summary, &log, 8);
        if ids {
            let refused = log.lines(|fate| matches!(fate, Fate::Rejected(Reason::Refused, _)));
            assert_eq!((refused, summary.notes.len()), (BTreeSet::from([5]), 0));
        } else {
            // To post them again could double them.
            assert_eq!((summary.accepted, summary.notes.len(), summary.requests), (8, 1, 1));
        }
    }
}

#[tokio::test]
async fn an_error_without_a_place_is_a_note_with_all_its_lines() {
    let server = Server::start(Style::Nowhere, vec![]).await;
    let (summary, _) = deliver(&server, requests(6, 3, |line| line == 5)).await;
    assert_eq!((summary.accepted, summary.rejected), (6, 0));
    assert_eq!(summary.notes.len(), 1);
    assert_eq!(summary.notes[0].lines, [4, 5, 6]);
    assert!(!summary.is_clean());
}

#[tokio::test]
async fn a_refused_request_is_halved_until_the_bad_batch_is_alone() {
    for status in [400, 413] {
        let server = Server::start(Style::RefuseAll(status), vec![]).await;
        let (summary, log) = deliver(&server, requests(16, 16, |line| line == 11)).await;
        assert_eq!((summary.accepted, summary.rejected), (15, 1));
        assert!(matches!(&log.fate[&11], Fate::Rejected(Reason::Refused, said) if said.contains("bad")));
        assert_eq!(server.account().taken.len(), 15);
        assert_eq!(summary.requests, 9, "one, and two for each halving");
    }
}

#[tokio::test]
async fn a_wrong_key_stops_the_run_and_nothing_is_refused() {
    let mut faults = vec![Fault::None; 5];
    faults.extend([Fault::Status(401, None); 100]);
    let server = Server::start(Style::Index, faults).await;
    let (summary, log) = deliver(&server, requests(100, 5, |_| false)).await;
    assert_eq!((summary.accepted, summary.rejected, summary.not_attempted), (25, 0, 75));
    assert!(summary.stopped.unwrap().contains("401"));
    assert!(summary.requests <= 5 + 4, "only what was in flight");
    assert_eq!(log.accepted(), server.account().taken);
}

#[tokio::test]
async fn a_service_that_is_down_stops_the_run() {
    let server = Server::start(Style::Index, vec![Fault::Status(503, None); 1000]).await;
    let (summary, log) = deliver(&server, requests(50, 1, |_| false)).await;
    assert!(summary.stopped.unwrap().contains("in a row"));
    assert!(summary.rejected >= 3 && summary.not_attempted >= 40);
    let gave_up = log.lines(|fate| matches!(fate, Fate::Rejected(Reason::GaveUp, said) if said.starts_with("gave up after 8 attempts")));
    assert_eq!(gave_up.len() as u64, summary.rejected);

    let address = server.base_url();
    drop(server);
    let credentials = Credentials::new("key", "secret").unwrap();
    let nobody = Client::builder(credentials).base_url(&address).unwrap().build().unwrap();
    let summary =
        sender(nobody).run(stream::iter(requests(10, 1, |_| false)), &Stop::new(), &mut Silent).await;
    assert_eq!((summary.rejected, summary.not_attempted), (0, 10));
    assert!(summary.stopped.is_some());
}

#[tokio::test]
async fn random_faults_lose_nothing() {
    // Side by side: what a server refuses makes its sender slow down.
    let runs = (0..20).map(|seed| async move {
        let server = Server::start(Style::Index, server::random_faults(seed, 60)).await;
        let (summary, log) = deliver(&server, requests(120, 7, |line| line % 13 == 0)).await;
        let account = server.account();
        assert_eq!(summary.stopped, None);
        let bad = (1..=120).filter(|line| line % 13 == 0).collect::<BTreeSet<_>>();
        let gave_up = log.lines(|fate| matches!(fate, Fate::Rejected(Reason::GaveUp, _)));
        assert_eq!(gave_up, BTreeSet::new());
        assert_eq!(log.accepted(), account.taken, "seed {seed}");
        assert_eq!(log.lines(|fate| matches!(fate, Fate::Rejected(..))), bad);
        assert_eq!(account.ids.len(), 120, "an id changed on the way");
    });
    futures_util::future::join_all(runs).await;
}

/// Answers by a function of the number of the post.
struct Scripted<F>(F, std::sync::atomic::AtomicUsize);

impl<F: Fn(usize) -> Answer + Send + Sync> Transport for Scripted<F> {
    async fn post(&self, _: Endpoint, _: Bytes) -> Answer {
        let number = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
        (self.0)(number)
    }
}

fn scripted<F: Fn(usize) -> Answer + Send + Sync>(answers: F) -> Scripted<F> {
    Scripted(answers, std::sync::atomic::AtomicUsize::new(0))
}

#[tokio::test(start_paused = true)]
async fn a_stop_drains_what_is_in_flight_and_counts_the_rest() {
    let stop = Stop::new();
    let handle = stop.clone();
    let transport = scripted(move |number| {
        if number == 5 {
            handle.stop("interrupted");
        }
        Answer::status(202)
    });
    let mut log = Log::default();
    let summary = sender(transport).run(stream::iter(requests(40, 1, |_| false)), &stop, &mut log).await;
    agree(&summary, &log, 40);
    assert_eq!(summary.stopped.as_deref(), Some("interrupted"));
    assert_eq!(summary.accepted, summary.requests, "what was in flight got its answer");
    assert!((6..=9).contains(&summary.accepted), "{summary:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_wakes_those_who_wait_for_a_retry() {
    let stop = Stop::new();
    let handle = stop.clone();
    let transport = scripted(|_| Answer::status(429).with_retry_after(Duration::from_secs(200)));
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        handle.stop("interrupted");
    });
    let start = tokio::time::Instant::now();
    let mut log = Log::default();
    let sender = Sender::new(transport);
    let summary = sender.run(stream::iter(requests(4, 2, |_| false)), &stop, &mut log).await;
    agree(&summary, &log, 4);
    assert_eq!(summary.not_attempted, 4);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_counts_when_the_run_stops_for_lack_of_a_connection() {
    let refused = Fate::Rejected(Reason::GaveUp, "gave up after 8 attempts: refused".to_owned());
    for (then, fate) in
        [(Answer::failed(Failure::Connect, "refused"), refused), (Answer::status(401), Fate::NotAttempted)]
    {
        let transport = scripted(move |number| match number {
            0 => Answer::failed(Failure::Timeout, "no answer"),
            _ => then.clone(),
        });
        let mut log = Log::default();
        let sender = sender(transport).concurrency(1);
        let summary = sender.run(stream::iter(requests(2, 1, |_| false)), &Stop::new(), &mut log).await;
        agree(&summary, &log, 2);
        assert!(summary.stopped.is_some());
        assert_eq!(log.fate, BTreeMap::from([(1, fate), (2, Fate::NotAttempted)]));
    }
}

#[tokio::test(start_paused = true)]
async fn the_rate_holds_for_all_workers() {
    let transport = scripted(|_| Answer::status(202));
    let start = tokio::time::Instant::now();
    let sender = Sender::new(transport).batches_per_second(Some(10.0));
    // In a task of its own, as services do it: the run can be sent to another thread.
    let run =
        async move { sender.run(stream::iter(requests(51, 1, |_| false)), &Stop::new(), &mut Silent).await };
    assert_eq!(tokio::spawn(run).await.unwrap().accepted, 51);
    // The paused clock shows what was asked of it: no time passes here.
    assert!(start.elapsed() >= Duration::from_secs(5));
}

/// A place for dead letters that is full.
struct Full;

impl Observer for Full {
    fn rejected(&mut self, _: &Rejection<'_>) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_the_run() {
    let error = ApiError::new("BAD_REQUEST", "bad");
    let transport = scripted(move |_| Answer::status(202).with_errors(vec![error.clone()]));
    let summary =
        sender(transport).run(stream::iter(requests(50, 1, |_| false)), &Stop::new(), &mut Full).await;
    assert_eq!(summary.total(), 50);
    assert!(summary.rejected <= 4, "{summary:?}");
    assert!(summary.stopped.unwrap().contains("no space left"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_names_its_batches_needs_one_more_post_and_not_many() {
    let named = |index: usize| ApiError::new("BAD_REQUEST", format!("Bad. Path '[{index}].x'."));
    let transport = scripted(move |number| match number {
        0 => Answer::status(400).with_errors(vec![named(11), named(3)]),
        _ => Answer::status(202),
    });
    let mut log = Log::default();
    let summary =
        sender(transport).run(stream::iter(requests(16, 16, |_| false)), &Stop::new(), &mut log).await;
    agree(&summary, &log, 16);
    assert_eq!((summary.requests, summary.accepted, summary.rejected), (2, 14, 2));
    assert_eq!(log.lines(|fate| matches!(fate, Fate::Rejected(..))), BTreeSet::from([4, 12]));

    // A service that names one batch at a time is asked once more only; then halves find the rest.
    let transport = scripted(move |_| Answer::status(400).with_errors(vec![named(0)]));
    let mut log = Log::default();
    let summary =
        sender(transport).run(stream::iter(requests(16, 16, |_| false)), &Stop::new(), &mut log).await;
    agree(&summary, &log, 16);
    assert_eq!((summary.accepted, summary.rejected), (0, 16));
}
