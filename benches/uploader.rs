//! Prints how long `enqueue` takes, with the check on, for a batch of 1 KB: `cargo bench --bench uploader --features uploader`.
//!
//! The transport accepts at once, so that what is measured is the uploader alone. Each call is timed by itself; the clock's own time is
//! printed beside. With `-- --quick` a run takes a moment and only shows that everything works.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark for people"
)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use mparticle_events::Endpoint;
use mparticle_events::deliver::{Answer, Transport};
use mparticle_events::types::{Batch, CustomEventType, Environment, Event};
use mparticle_events::uploader::{Uploader, UploaderBuilder};
use mparticle_events::validate::Validator;

struct Accepting;

impl Transport for Accepting {
    async fn post(&self, _: Endpoint, _: Bytes) -> Answer {
        Answer::status(202)
    }
}

/// A batch of about 1 KB, as a shop's backend sends it.
fn batch(user: usize) -> Batch {
    let mut batch = Batch::new(Environment::Production).customer_id(format!("customer-{user:08}"));
    for (name, screen) in
        [("Product viewed", "shoes"), ("Added to cart", "cart"), ("Checkout started", "checkout")]
    {
        let event = Event::custom(name, CustomEventType::Navigation)
            .attribute("screen", screen)
            .attribute("referrer", "https://shop.example.com/search?q=winter+boots&page=3")
            .attribute("position", 7)
            .attribute("experiment", "blue-button")
            .session("5f0c2c0e-7b8c-4b62-9d2e-0c2f9f1f3a77");
        batch = batch.event(event);
    }
    batch.user_attribute("tier", "gold").user_attribute("newsletter", "weekly")
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 1000].as_nanos();
    println!("| {name} | {} | {} | {} |", at(500), at(990), at(999));
}

fn builder() -> UploaderBuilder<Accepting> {
    Uploader::builder(Accepting).batches_per_second(None).max_batches(100_000).max_bytes(1 << 30)
}

/// Times each of so many calls, in bursts with time between them for the delivery to catch up.
async fn measure<I: Clone>(
    name: &str,
    uploader: Uploader,
    inputs: &[I],
    calls: usize,
    call: impl AsyncFn(&Uploader, I),
) {
    let mut times = Vec::with_capacity(calls);
    while times.len() < calls {
        for input in inputs {
            let input = input.clone();
            let started = Instant::now();
            call(&uploader, input).await;
            times.push(started.elapsed());
        }
        uploader.flush(Duration::from_secs(60)).await.expect("the transport takes everything");
    }
    report(name, times);
    assert!(uploader.shutdown(Duration::from_secs(60)).await.is_empty());
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let calls = if quick { 2_000 } else { 200_000 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let typed: Vec<Batch> = (0..1000).map(batch).collect();
    let bytes: Vec<Bytes> =
        typed.iter().map(|batch| serde_json::to_vec(batch).expect("it is JSON").into()).collect();
    let validator = Validator::new();
    assert!(bytes.iter().all(|batch| validator.accepts(batch)), "good batches take the fast way");
    println!("{calls} calls, batches of {} bytes\n", bytes[0].len());
    println!("| ns | median | p99 | p99.9 |\n|---|---|---|---|");
    let clock = (0..calls).map(|_| Instant::now().elapsed()).collect();
    report("the clock", clock);
    let check = (0..calls).map(|call| {
        let started = Instant::now();
        std::hint::black_box(validator.check_bytes(&bytes[call % bytes.len()]));
        started.elapsed()
    });
    report("the check alone", check.collect());
    runtime.block_on(async {
        let start = |builder: UploaderBuilder<Accepting>| builder.start().expect("a runtime is there");
        let enqueue_bytes = async |uploader: &Uploader, batch: Bytes| {
            uploader.enqueue_bytes(batch).await.expect("there is room");
        };
        measure("`enqueue_bytes`", start(builder()), &bytes, calls, enqueue_bytes).await;
        measure("`enqueue_bytes`, unchecked", start(builder().unchecked()), &bytes, calls, enqueue_bytes)
            .await;
        measure("`enqueue`, typed", start(builder()), &typed, calls, async |uploader, batch| {
            uploader.enqueue(batch).await.expect("there is room");
        })
        .await;
    });
}
