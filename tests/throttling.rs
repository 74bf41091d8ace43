//! The limiter against a model of the service's limits, in virtual time: how much of the limit is used, and how seldom it is exceeded.
#![cfg(feature = "client")]
// Helpers of tests, too, may fail loudly; virtual seconds are small numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "throttling/model.rs"]
mod model;
#[path = "throttling/table.rs"]
mod table;
#[path = "throttling/windows.rs"]
mod windows;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream;
use model::{Client, Counting, Service, simulate};
use mparticle_events::Endpoint;
use mparticle_events::deliver::{Answer, Limiter, RateLimiter, Sender, Silent, Stop, Transport};
use mparticle_events::input::RawBatch;
use mparticle_events::pack::{Packer, Request};
use mparticle_events::validate::Limits;

const SEEDS: std::ops::Range<u64> = 100..104;

/// Fewer of them, where each run is two clients through three limits.
const FEW_SEEDS: std::ops::Range<u64> = 100..102;

/// Long windows of a limit of 270 batches a second, and batches in a request that fit it evenly.
const LONG: [(Counting, u64); 2] = [(Counting::Sliding(10.0), 10), (Counting::Sliding(60.0), 100)];

/// Those in which a reading follows the rate at once; elsewhere what is said here holds only for a limit that is configured right.
const PROMPT: [(Counting, u64); 2] = [(Counting::Sliding(1.0), 1), (Counting::Fixed(1.0), 1)];

fn one(service: &mut Service, configured: f64, batches: u64, seconds: usize, seed: u64) -> Client {
    let mut clients = [Client::new(RateLimiter::new(configured), batches)];
    simulate(service, &mut clients, seconds, seed);
    let [client] = clients;
    client
}

/// All that is not as it should be, told at once.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, fine: bool, what: impl Into<String>) {
        self.0.extend((!fine).then(|| what.into()));
    }

    /// Between two times a client used more than so many percent of a limit, and less than one request in a thousand was refused.
    fn unless_used(
        &mut self,
        least: f64,
        limit: f64,
        client: &Client,
        (from, to): (usize, usize),
        what: &str,
    ) {
        let (used, refused) = (client.rate(from, to) / limit * 100.0, client.refused(from, to));
        let what = format!("{what}: {used:.2} % of {limit}, {refused:.5} refused");
        self.unless(used > least && refused < 0.001, what);
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        assert!(self.0.is_empty() || std::thread::panicking(), "{}", self.0.join("\n"));
    }
}

/// The configured limit is used, and never exceeded, in the first five minutes.
fn right(what: &str, client: &Client, faults: &mut Faults) {
    let (used, refused) = (client.rate(100, 300) / 2.7, client.refused(0, 300));
    faults.unless(used > 98.0 && refused == 0.0, format!("{what}: {used:.2} %, {refused:.5} refused"));
}

#[test]
fn the_configured_limit_of_a_long_window_is_used_and_never_exceeded() {
    let mut faults = Faults::default();
    for (counting, batches) in LONG {
        for seed in SEEDS {
            let client = one(&mut Service::new(counting, 270.0), 270.0, batches, 300, seed);
            right(&format!("{counting:?} seed {seed}"), &client, &mut faults);
        }
    }
}

#[test]
fn a_wrong_configuration_is_found_out() {
    let mut faults = Faults::default();
    for (counting, batches) in PROMPT {
        for seed in SEEDS {
            let low = one(&mut Service::new(counting, 270.0), 135.0, batches, 200, seed);
            let what = format!("too low: {counting:?} seed {seed}: {:.2}", low.rate(100, 200));
            faults.unless(low.refused.is_empty() && low.rate(100, 200) > 135.0 * 0.98, what);

            let high = one(&mut Service::new(counting, 135.0), 270.0, batches, 600, seed);
            let what = format!("too high: {counting:?} seed {seed}");
            faults.unless_used(98.0, 135.0, &high, (300, 600), &what);
        }
    }
}

/// Seconds from a time until the rate of five seconds is within 5 % of a limit.
fn recovered(client: &Client, from: usize, limit: f64) -> usize {
    (from..client.taken.len() - 5)
        .find(|at| (client.rate(*at, at + 5) / limit - 1.0).abs() < 0.05)
        .map_or(usize::MAX, |at| at - from)
}

#[test]
fn the_configured_limit_is_used_and_one_that_halves_and_doubles_is_followed() {
    let mut faults = Faults::default();
    for (counting, batches) in PROMPT {
        for seed in SEEDS {
            let mut service = Service::new(counting, 270.0);
            service.limits = vec![(0.0, 270.0), (300.0, 135.0), (600.0, 270.0)];
            let client = one(&mut service, 270.0, batches, 900, seed);
            let what = format!("{counting:?} seed {seed}");
            right(&what, &client, &mut faults);
            let (down, up) = (recovered(&client, 300, 135.0), recovered(&client, 600, 270.0));
            faults.unless(down < 30 && up < 30, format!("{what}: after {down} s down, {up} s up"));
            faults.unless_used(98.0, 135.0, &client, (400, 600), &what);
            faults.unless_used(98.0, 270.0, &client, (700, 900), &what);
        }
    }
}

/// Two clients; the second comes later.
fn two(service: &mut Service, batches: u64, later: f64, seconds: usize, seed: u64) -> [Client; 2] {
    let mut clients = [0.0, later].map(|begins| {
        let mut client = Client::new(RateLimiter::new(270.0), batches);
        client.begins = begins;
        client
    });
    simulate(service, &mut clients, seconds, seed);
    clients
}

fn fair(
    what: &str,
    clients: &[Client; 2],
    limit: f64,
    from: usize,
    to: usize,
    apart: f64,
    faults: &mut Faults,
) {
    let [first, second] = clients.each_ref().map(|client| client.rate(from, to));
    let (used, ratio) = ((first + second) / limit * 100.0, first / second);
    let refused = clients.each_ref().map(|client| client.refused(from, to));
    let what = format!("{what}: {first:.1} and {second:.1}, together {used:.2} %, refused {refused:.5?}");
    let seldom = refused.iter().all(|refused| *refused < 0.001);
    faults.unless((ratio - 1.0).abs() < apart && used > 98.0 && seldom, what);
}

#[test]
fn two_clients_recover_alike_when_the_limit_halves_and_doubles() {
    let mut faults = Faults::default();
    for (counting, _) in PROMPT {
        for seed in FEW_SEEDS {
            let mut service = Service::new(counting, 270.0);
            service.limits = vec![(0.0, 270.0), (300.0, 135.0), (800.0, 270.0)];
            let clients = two(&mut service, 1, 1.0, 1300, seed);
            let what = format!("{counting:?} seed {seed}");
            fair(&what, &clients, 270.0, 150, 300, 0.1, &mut faults);
            fair(&what, &clients, 135.0, 500, 800, 0.1, &mut faults);
            fair(&what, &clients, 270.0, 1000, 1300, 0.1, &mut faults);
        }
    }
}

#[test]
fn a_client_that_comes_later_gets_its_share() {
    let mut faults = Faults::default();
    for (counting, _) in PROMPT {
        let clients = two(&mut Service::new(counting, 270.0), 1, 100.0, 1500, 1);
        fair(&format!("{counting:?}"), &clients, 270.0, 1200, 1500, 0.1, &mut faults);
    }
}

#[test]
fn growth_that_is_too_steep_becomes_less_so() {
    let mut faults = Faults::default();
    for seed in SEEDS {
        let mut service = Service::new(Counting::Sliding(1.0), 270.0);
        service.acceleration = Some(20.0);
        let client = one(&mut service, 270.0, 1, 600, seed);
        faults.unless(!client.refused.is_empty(), "the limit was never met, so nothing is shown");
        faults.unless_used(98.0, 270.0, &client, (400, 600), &format!("seed {seed}"));
    }
}

#[test]
fn without_readings_a_rate_that_was_too_much_is_remembered() {
    let mut faults = Faults::default();
    for seed in SEEDS {
        let mut service = Service::new(Counting::Sliding(1.0), 200.0);
        (service.header, service.retry_after) = (false, Some(1));
        let client = one(&mut service, 270.0, 1, 900, seed);
        faults.unless_used(85.0, 200.0, &client, (300, 900), &format!("seed {seed}"));
    }
}

/// The model as a server, on tokio's paused clock.
struct Modelled {
    service: Mutex<Service>,
    start: tokio::time::Instant,
    refused: AtomicU64,
}

impl Transport for Modelled {
    async fn post(&self, _: Endpoint, body: bytes::Bytes) -> Answer {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let batches = serde_json::from_slice::<Vec<serde::de::IgnoredAny>>(&body).unwrap().len() as u64;
        let answer = self.service.lock().unwrap().answer(self.start.elapsed().as_secs_f64(), batches);
        self.refused.fetch_add(u64::from(answer.status_code() == Some(429)), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(40)).await;
        answer
    }
}

fn requests(count: usize, per_request: u64) -> impl Iterator<Item = Request> {
    let mut limits = Limits::default();
    limits.batches_per_request = per_request;
    let mut packer = Packer::new(Endpoint::Bulk, &limits);
    let batch = || RawBatch { bytes: "{}".into(), ..RawBatch::default() };
    let mut requests: Vec<Request> = (0..count).filter_map(|_| packer.push(batch()).unwrap()).collect();
    requests.extend(packer.finish());
    requests.into_iter()
}

#[tokio::test(start_paused = true)]
async fn two_senders_with_one_limiter_use_the_limit_and_lose_nothing() {
    for (limit, refusals) in [(270.0, 0), (180.0, 20)] {
        let service = Mutex::new(Service::new(Counting::Sliding(1.0), limit));
        let start = tokio::time::Instant::now();
        let server = Modelled { service, start, refused: AtomicU64::new(0) };
        let limiter = Limiter::new(RateLimiter::new(270.0));
        let sender = Sender::new(&server).limiter(limiter.clone()).concurrency(32).seed(3);
        let other = sender.clone();
        let stop = Stop::new();
        let (one, two) = tokio::join!(
            async { sender.run(stream::iter(requests(20_000, 3)), &stop, &mut Silent).await },
            async { other.run(stream::iter(requests(20_000, 3)), &stop, &mut Silent).await },
        );
        let took = start.elapsed().as_secs_f64();
        let refused = server.refused.load(Ordering::Relaxed);
        assert_eq!((one.accepted, two.accepted), (20_000, 20_000));
        assert_eq!(one.throttled + two.throttled, refused);
        assert!(refused <= refusals, "{refused}");
        // The start, at half of it, included.
        assert!(40_000.0 / took > limit * 0.95, "{took}");
        assert_eq!(one.rate.is_some(), limiter.rate().is_some());
    }
}
