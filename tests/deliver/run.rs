//! Runs a sender, notes what it tells of every batch, and holds that against its summary.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use mparticle_events::Endpoint;
use mparticle_events::client::{Client, Credentials};
use mparticle_events::clock::FixedClock;
use mparticle_events::deliver::dead_letter::{DeadLetter, DeadLetters};
use mparticle_events::deliver::{
    Answer, Observer, Policy, Reason, Rejection, Retry, Sender, Stop, Summary, Transport,
};
use mparticle_events::input::BatchReader;
use mparticle_events::pack::{Packer, Part, Request, RequestIds};
use mparticle_events::validate::Limits;

use crate::server::Server;

/// Everything that is told, by line.
#[derive(Default)]
pub struct Log {
    pub fate: BTreeMap<usize, Fate>,
    retries: u64,
    pub letters: Option<DeadLetters<Vec<u8>>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    Accepted,
    Rejected(Reason, String),
    NotAttempted,
}

impl Log {
    fn enter(&mut self, line: usize, fate: Fate) {
        let before = self.fate.insert(line, fate);
        assert_eq!(before, None, "line {line} is told of twice");
    }

    pub fn lines(&self, wanted: impl Fn(&Fate) -> bool) -> BTreeSet<usize> {
        self.fate.iter().filter(|(_, fate)| wanted(fate)).map(|(line, _)| *line).collect()
    }

    pub fn accepted(&self) -> BTreeSet<usize> {
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
pub fn requests(count: usize, per_request: u64, bad: impl Fn(usize) -> bool) -> Vec<Request> {
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

pub fn impatient() -> Policy {
    let mut policy = Policy::default();
    policy.base = Duration::from_millis(1);
    policy.max_backoff = Duration::from_millis(3);
    policy.max_retry_after = Duration::from_millis(3);
    policy.retry_burst = 10_000.0;
    policy
}

pub fn sender<T: Transport>(transport: T) -> Sender<T> {
    Sender::new(transport).policy(impatient()).batches_per_second(None).seed(7)
}

pub fn client(server: &Server) -> Client {
    let credentials = Credentials::new("key", "secret").unwrap();
    Client::builder(credentials).base_url(&server.base_url()).unwrap().build().unwrap()
}

pub async fn deliver(server: &Server, requests: Vec<Request>) -> (Summary, Log) {
    let total: usize = requests.iter().map(Request::len).sum();
    let letters = DeadLetters::new(Vec::new(), Arc::new(FixedClock(0)));
    let mut log = Log { letters: Some(letters), ..Log::default() };
    let summary = sender(client(server)).run(stream::iter(requests), &Stop::new(), &mut log).await;
    agree(&summary, &log, total);
    assert_eq!(summary.requests, server.account().requests, "posts");
    (summary, log)
}

pub fn agree(summary: &Summary, log: &Log, total: usize) {
    assert_eq!(summary.total(), total as u64);
    assert_eq!(log.fate.len(), total);
    assert_eq!(summary.accepted, log.accepted().len() as u64);
    assert_eq!(summary.rejected, log.lines(|fate| matches!(fate, Fate::Rejected(..))).len() as u64);
    // A stop can come between the announcement and the post.
    assert!(summary.retries <= log.retries, "{summary:?}");
}

pub fn lines(from: usize, to: usize) -> BTreeSet<usize> {
    (from..=to).collect()
}

/// Answers by a function of the number of the post.
pub struct Scripted<F>(F, std::sync::atomic::AtomicUsize);

impl<F: Fn(usize) -> Answer + Send + Sync> Transport for Scripted<F> {
    async fn post(&self, _: Endpoint, _: Bytes) -> Answer {
        let number = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
        (self.0)(number)
    }
}

pub fn scripted<F: Fn(usize) -> Answer + Send + Sync>(answers: F) -> Scripted<F> {
    Scripted(answers, std::sync::atomic::AtomicUsize::new(0))
}
