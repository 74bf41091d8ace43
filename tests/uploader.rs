//! The uploader as a service uses it, with a scripted transport and a clock that stands still.
#![cfg(feature = "uploader")]
// Helpers of tests, too, may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "uploader/script.rs"]
mod script;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use mparticle_events::client::ApiError;
use mparticle_events::deliver::{Answer, Failure, Policy};
use mparticle_events::types::{Batch, Environment, Event};
use mparticle_events::uploader::{Counter, Fate, Metrics, Uploader, UploaderBuilder};
use proptest::prelude::*;
use script::{Fates, Script, ids};
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

fn user(name: &str, screen: &str) -> Batch {
    Batch::new(Environment::Development).customer_id(name).event(Event::screen_view(screen))
}

fn unlimited(script: &Script) -> UploaderBuilder<Script> {
    Uploader::builder(script.clone()).batches_per_second(None)
}

#[tokio::test(start_paused = true)]
async fn batches_of_a_window_share_a_request_and_those_of_a_user_a_batch() {
    let script = Script::accepting();
    let fates = Fates::default();
    let uploader = unlimited(&script).on_settled(fates.note()).start().unwrap();
    for (name, screen) in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")] {
        uploader.enqueue(user(name, screen)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(199)).await;
    assert_eq!(script.bodies().len(), 0, "the window is open");
    tokio::time::sleep(Duration::from_millis(2)).await;
    let bodies = script.bodies();
    assert_eq!(bodies.len(), 1);
    let screens = |batch: &Value| -> Vec<String> {
        let events = batch["events"].as_array().unwrap().iter();
        events.map(|event| event["data"]["screen_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        bodies[0].as_array().unwrap().iter().map(screens).collect::<Vec<_>>(),
        [vec!["1", "3", "4"], vec!["2"]]
    );
    assert!(uploader.shutdown(SECOND).await.is_empty());
    let settled = fates.all();
    assert_eq!(settled.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(settled.values().all(|settled| settled.fate == Fate::Accepted));
    assert_eq!(settled[&0].source_request_id(), settled[&3].source_request_id());
    assert_ne!(settled[&0].source_request_id(), settled[&1].source_request_id());
}

#[tokio::test(start_paused = true)]
async fn a_full_request_does_not_wait_for_its_window() {
    let script = Script::accepting();
    let uploader = unlimited(&script).window(60 * SECOND).start().unwrap();
    for number in 0..150 {
        uploader.enqueue(user(&format!("u{number}"), "x")).await.unwrap();
    }
    tokio::time::sleep(SECOND).await;
    assert_eq!(script.bodies().iter().map(|body| body.as_array().unwrap().len()).collect::<Vec<_>>(), [100]);
    let large = "x".repeat(3000);
    for number in 0..90 {
        let batch = user(&format!("v{number}"), "x").user_attribute("large", large.as_str());
        uploader.enqueue(batch).await.unwrap();
    }
    tokio::time::sleep(SECOND).await;
    let sizes: Vec<usize> = script.bodies().iter().map(|body| body.to_string().len()).collect();
    assert!(sizes.len() >= 2 && sizes.iter().all(|size| *size < 256_000), "{sizes:?}");
    uploader.flush(SECOND).await.unwrap();
    assert_eq!(ids(&script.bodies()).len(), 240);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_refused_at_once() {
    let uploader = unlimited(&Script::accepting()).start().unwrap();
    let bad =
        &br#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_evnt","data":{}}]}"#[..];
    let error = uploader.enqueue_bytes(bad).await.unwrap_err();
    assert!(error.is_invalid() && error.report().unwrap().has_errors());
    assert!(error.to_string().contains("MP"), "{error}");
    assert_eq!(&error.into_batch()[..], bad);
    assert_eq!(uploader.held(), 0);

    let trusting = unlimited(&Script::accepting()).unchecked().start().unwrap();
    trusting.enqueue_bytes(bad).await.unwrap();
    for broken in [&b"{},{}"[..], b"[]", b"", b"{\"a\":1"] {
        assert!(trusting.enqueue_bytes(broken).await.unwrap_err().is_invalid());
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(140_000));
    assert!(trusting.enqueue_bytes(large).await.unwrap_err().is_invalid());
}

#[tokio::test(start_paused = true)]
async fn room_is_bounded_by_batches_and_by_bytes() {
    let one = serde_json::to_vec(&user("a", "1")).unwrap();
    for (batches, bytes) in [(3, usize::MAX), (1000, 3 * (one.len() + 59))] {
        let script = Script::gated();
        let uploader = unlimited(&script).max_batches(batches).max_bytes(bytes).start().unwrap();
        for _ in 0..3 {
            uploader.try_enqueue_bytes(one.clone()).unwrap();
        }
        let error = uploader.try_enqueue(user("a", "1")).unwrap_err();
        assert!(error.is_full());
        assert_eq!(error.into_batch(), user("a", "1"));
        let mut waiting = Box::pin(uploader.enqueue(user("b", "1")));
        let pending = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending())).await;
        assert!(pending, "there is no room");
        script.open();
        waiting.await.unwrap();
        uploader.flush(SECOND).await.unwrap();
        assert_eq!(uploader.held(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_not_waited_for_longer_than_asked() {
    let script = Script::gated();
    let fates = Fates::default();
    let uploader = unlimited(&script).on_settled(fates.note()).start().unwrap();
    uploader.enqueue(user("a", "1")).await.unwrap();
    uploader.enqueue(user("a", "2")).await.unwrap();
    uploader.enqueue(user("b", "3").source_request_id("mine")).await.unwrap();
    let error = uploader.flush(SECOND).await.unwrap_err();
    assert_eq!((error.left, error.stopped), (3, None));
    let left = uploader.shutdown(SECOND).await;
    assert_eq!(left.iter().map(|left| left.tickets.len()).collect::<Vec<_>>(), [2, 1]);
    assert!(left.iter().all(|left| left.may_have_arrived));
    let posted = ids(&script.bodies());
    let given: BTreeSet<_> = left.iter().map(|left| left.source_request_id().unwrap()).collect();
    assert_eq!(posted, given);
    assert!(given.contains("mine"));
    assert_eq!(fates.all().len(), 3);
    assert!(fates.all().values().all(|settled| settled.fate == Fate::NotAttempted));
    assert!(uploader.shutdown(SECOND).await.is_empty(), "given back once");
    let error = uploader.enqueue(user("a", "4")).await.unwrap_err();
    assert!(error.is_closed() && error.to_string().contains("shut down"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_gives_everything_back() {
    let script = Script::answering(|_| Answer::status(401));
    let fates = Fates::default();
    let uploader = unlimited(&script).on_settled(fates.note()).start().unwrap();
    for number in 0..250 {
        uploader.enqueue(user(&format!("u{number}"), "1")).await.unwrap();
    }
    let error = uploader.flush(60 * SECOND).await.unwrap_err();
    assert_eq!(error.left, 250);
    assert!(error.to_string().contains("401"), "{error}");
    let error = uploader.enqueue(user("a", "1")).await.unwrap_err();
    assert!(error.is_closed() && error.to_string().contains("401"), "{error}");
    assert_eq!(fates.all().len(), 250);
    assert_eq!(uploader.shutdown(SECOND).await.len(), 250);
}

#[tokio::test(start_paused = true)]
async fn one_bad_batch_in_a_202_is_the_only_one_rejected() {
    let error = ApiError::new("BAD_REQUEST", "Not a string. Path '[1].mpid', line 1, position 9.");
    let script = Script::answering(move |_| Answer::status(202).with_errors(vec![error.clone()]));
    let fates = Fates::default();
    let uploader = unlimited(&script).on_settled(fates.note()).start().unwrap();
    for name in ["a", "b", "c"] {
        uploader.enqueue(user(name, "1")).await.unwrap();
    }
    uploader.flush(SECOND).await.unwrap();
    let settled = fates.all();
    assert_eq!((&settled[&0].fate, &settled[&2].fate), (&Fate::Accepted, &Fate::Accepted));
    let Fate::Rejected(why) = &settled[&1].fate else { panic!("{settled:?}") };
    assert_eq!((why.status, why.code.as_deref(), why.attempts), (Some(202), Some("BAD_REQUEST"), 1));
    assert!(String::from_utf8_lossy(&settled[&1].batch).contains("\"b\""));
}

#[tokio::test(start_paused = true)]
async fn an_error_about_no_batch_in_particular_is_counted() {
    #[derive(Default)]
    struct Untraced(AtomicU64);
    impl Metrics for Untraced {
        fn count(&self, counter: Counter, by: u64) {
            if counter == Counter::Untraced {
                self.0.fetch_add(by, Ordering::Relaxed);
            }
        }
    }
    let error = ApiError::new("BAD_REQUEST", "Something is wrong.");
    let script = Script::answering(move |_| Answer::status(202).with_errors(vec![error.clone()]));
    let untraced = Arc::new(Untraced::default());
    let uploader = unlimited(&script).metrics(untraced.clone()).start().unwrap();
    uploader.enqueue(user("a", "1")).await.unwrap();
    uploader.enqueue(user("b", "1")).await.unwrap();
    assert!(uploader.shutdown(SECOND).await.is_empty());
    assert_eq!(untraced.0.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_sat_out_under_the_same_ids() {
    let started = tokio::time::Instant::now();
    let script = Script::answering(move |_| {
        if started.elapsed() < 3 * 3600 * SECOND {
            return Answer::failed(Failure::Connect, "no connection");
        }
        Answer::status(202)
    });
    let uploader = unlimited(&script).start().unwrap();
    uploader.enqueue(user("a", "1")).await.unwrap();
    uploader.flush(4 * 3600 * SECOND).await.unwrap();
    assert!(script.bodies().len() > 10);
    assert_eq!(ids(&script.bodies()).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn spent_attempts_and_panics_of_the_callback_are_contained() {
    #[derive(Default)]
    struct Panics(AtomicU64);
    impl Metrics for Panics {
        fn count(&self, counter: Counter, by: u64) {
            if counter == Counter::CallbackPanics {
                self.0.fetch_add(by, Ordering::Relaxed);
            }
        }
    }
    let mut policy = Policy::default();
    policy.max_attempts = 2;
    let panics = Arc::new(Panics::default());
    let fates = Fates::default();
    let note = fates.note();
    let uploader = unlimited(&Script::answering(|_| Answer::status(503)))
        .policy(policy)
        .metrics(panics.clone())
        .on_settled(move |settled| {
            note(settled);
            panic!("of the callback");
        })
        .start()
        .unwrap();
    for round in 0..5 {
        uploader.enqueue(user("a", &round.to_string())).await.unwrap();
        uploader.flush(600 * SECOND).await.unwrap();
    }
    assert_eq!(panics.0.load(Ordering::Relaxed), 5);
    assert!(
        fates.all().values().all(|settled| matches!(&settled.fate, Fate::GaveUp(why) if why.attempts == 2))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_delivered_after_the_last_handle_is_dropped() {
    let script = Script::accepting();
    let uploader = unlimited(&script).start().unwrap();
    let other = uploader.clone();
    drop(uploader);
    other.enqueue(user("a", "1")).await.unwrap();
    drop(other);
    tokio::time::sleep(SECOND).await;
    assert_eq!(ids(&script.bodies()).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_enqueue_at_the_same_time() {
    let script = Script::accepting();
    let fates = Fates::default();
    let uploader = unlimited(&script).max_batches(50).on_settled(fates.note()).start().unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|task| {
            let uploader = uploader.clone();
            tokio::spawn(async move {
                for number in 0..50 {
                    uploader.enqueue(user(&format!("u{task}"), &number.to_string())).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(uploader.shutdown(30 * SECOND).await.is_empty());
    assert_eq!(fates.all().len(), 1000);
    let bodies = script.bodies();
    let batches = bodies.iter().flat_map(|body| body.as_array().unwrap());
    assert_eq!(batches.map(|batch| batch["events"].as_array().unwrap().len()).sum::<usize>(), 1000);
}

#[test]
fn it_needs_a_runtime() {
    let error = Uploader::builder(Script::accepting()).start().unwrap_err();
    assert!(error.to_string().contains("tokio"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_enqueued_is_accepted_or_rejected_or_given_back(
        batches in prop::collection::vec((0_u8..5, 0_u8..3), 1..120),
        statuses in prop::collection::vec(prop::sample::select(vec![202_u16, 202, 202, 400, 413, 429, 503, 0, 401]), 1..20),
        room in 20_usize..200,
        window in 0_u64..300,
        patience in 0_u64..5000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let at = AtomicU64::new(0);
            let script = Script::answering(move |_| {
                let next = at.fetch_add(1, Ordering::Relaxed) as usize;
                match statuses[next % statuses.len()] {
                    0 => Answer::failed(Failure::Dropped, "dropped"),
                    status => Answer::status(status),
                }
            });
            let fates = Fates::default();
            let window = Duration::from_millis(window);
            let builder = unlimited(&script).max_batches(room).window(window).on_settled(fates.note());
            let uploader = builder.start().unwrap();
            let mut enqueued = 0;
            for (number, (name, pause)) in batches.iter().enumerate() {
                match uploader.enqueue(user(&format!("u{name}"), &number.to_string())).await {
                    Ok(ticket) => assert_eq!(ticket.number(), enqueued),
                    Err(error) => { assert!(error.is_closed()); break }
                }
                enqueued += 1;
                tokio::time::sleep(Duration::from_millis(u64::from(*pause) * 40)).await;
            }
            let left = uploader.shutdown(Duration::from_millis(patience)).await;
            let returned: BTreeSet<u64> =
                left.iter().flat_map(|left| &left.tickets).map(|ticket| ticket.number()).collect();
            let settled = fates.all();
            assert_eq!(settled.keys().copied().collect::<Vec<_>>(), (0..enqueued).collect::<Vec<_>>());
            let not_attempted: BTreeSet<u64> =
                settled.values().filter(|one| one.fate == Fate::NotAttempted).map(|one| one.ticket.number()).collect();
            assert_eq!(not_attempted, returned);
            // No event is in two batches of different ids, or the service would count it twice.
            let mut seen = std::collections::BTreeMap::new();
            for batch in script.bodies().iter().flat_map(|body| body.as_array().unwrap().clone()) {
                for event in batch["events"].as_array().unwrap() {
                    let name = event["data"]["screen_name"].to_string();
                    let first = seen.entry(name).or_insert_with(|| batch["source_request_id"].clone());
                    assert_eq!(*first, batch["source_request_id"]);
                    assert_ne!(*first, json!(null));
                }
            }
        });
    }
}
