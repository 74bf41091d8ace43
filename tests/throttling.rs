//! The limiter against a model of the service's limits, in virtual time: how much of the limit is used, and how seldom it is exceeded.
#![cfg(feature = "client")]
// Helpers of tests, too, may fail loudly; virtual seconds are small numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "throttling/model.rs"]
mod model;

use mparticle_events::deliver::RateLimiter;
use model::{Client, Counting, Service, simulate};

const SEEDS: std::ops::Range<u64> = 0..8;

/// What a limit of 270 batches a second can look like, and batches in a request that fit it evenly.
const KINDS: [(Counting, u64); 4] = [
    (Counting::Sliding(1.0), 1),
    (Counting::Fixed(1.0), 1),
    (Counting::Sliding(10.0), 10),
    (Counting::Sliding(60.0), 100),
];

fn one(service: &mut Service, configured: f64, batches: u64, seconds: usize, seed: u64) -> Client {
    let mut clients = [Client::new(RateLimiter::new(configured), batches)];
    simulate(service, &mut clients, seconds, seed);
    let [client] = clients;
    client
}

fn show(what: &str, client: &Client, limit: f64, from: usize, to: usize) {
    let (rate, refused) = (client.rate(from, to) / limit, client.refused(from, to));
    println!("{what}: {:.2} % used, {:.5} refused", rate * 100.0, refused);
}

#[test]
fn the_configured_limit_is_used_and_never_exceeded() {
    for (counting, batches) in KINDS {
        for seed in SEEDS {
            let client = one(&mut Service::new(counting, 270.0), 270.0, batches, 300, seed);
            show(&format!("{counting:?} seed {seed}"), &client, 270.0, 100, 300);
            assert_eq!(client.refused.len(), 0, "{counting:?} seed {seed}");
            assert!(client.rate(100, 300) > 270.0 * 0.98, "{counting:?} seed {seed}: {}", client.rate(100, 300));
        }
    }
}

#[test]
fn a_wrong_configuration_is_found_out() {
    for (counting, batches) in KINDS {
        for seed in SEEDS {
            let what = format!("{counting:?} seed {seed}");
            let low = one(&mut Service::new(counting, 270.0), 135.0, batches, 200, seed);
            assert!(low.refused.is_empty() && low.rate(100, 200) > 134.0, "{what}: {}", low.rate(100, 200));

            let high = one(&mut Service::new(counting, 135.0), 270.0, batches, 400, seed);
            show(&format!("too high: {what}"), &high, 135.0, 200, 400);
            assert!(high.rate(200, 400) > 135.0 * 0.98, "{what}: {}", high.rate(200, 400));
            assert!(high.refused(200, 400) < 0.001, "{what}");
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
fn a_limit_that_halves_and_doubles_is_followed() {
    for (counting, batches) in KINDS {
        for seed in SEEDS {
            let mut service = Service::new(counting, 270.0);
            service.limits = vec![(0.0, 270.0), (200.0, 135.0), (500.0, 270.0)];
            let client = one(&mut service, 270.0, batches, 800, seed);
            let (down, up) = (recovered(&client, 200, 135.0), recovered(&client, 500, 270.0));
            println!("{counting:?} seed {seed}: down {down} s, up {up} s");
            show("  half", &client, 135.0, 400, 500);
            show("  whole", &client, 270.0, 700, 800);
            assert!(down < 60 + 60 && up < 90, "{counting:?} seed {seed}: {down} {up}");
            for (limit, from, to) in [(135.0, 400, 500), (270.0, 700, 800)] {
                assert!(client.rate(from, to) > limit * 0.98, "{counting:?} seed {seed} {}", client.rate(from, to));
                assert!(client.refused(from, to) < 0.001);
            }
        }
    }
}

#[test]
fn clients_of_one_key_share_it_fairly() {
    for (counting, batches) in KINDS {
        for seed in SEEDS {
            let mut clients = [0.0, 100.0].map(|begins| {
                let mut client = Client::new(RateLimiter::new(270.0), batches);
                client.begins = begins;
                client
            });
            simulate(&mut Service::new(counting, 270.0), &mut clients, 2000, seed);
            let rates = clients.each_ref().map(|client| client.rate(1700, 2000));
            let together = (rates[0] + rates[1]) / 270.0;
            let refused = clients.each_ref().map(|client| client.refused(1000, 2000));
            println!("{counting:?} seed {seed}: {rates:?} together {:.2} % refused {refused:?}", together * 100.0);
            assert!((rates[0] / rates[1] - 1.0).abs() < 0.1, "{counting:?} seed {seed}: {rates:?}");
            assert!(together > 0.98 && refused.iter().all(|refused| *refused < 0.001));
        }
    }
}
