//! What ends a run early, and what makes it wait.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use futures_util::stream;
use mparticle_events::client::ApiError;
use mparticle_events::deliver::{Answer, Failure, Observer, Reason, Rejection, Sender, Silent, Stop};

use crate::run::{Fate, Log, agree, requests, scripted, sender};

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
