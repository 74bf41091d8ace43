//! The delivery task: one run of the sender after another, until everything is settled or nothing can pass.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join, select};
use tokio::time::{Instant, sleep};
use tracing::Instrument;

use super::batching::Batching;
use super::metrics::{Counter, Histogram};
use super::outcome::{Fate, Refusal};
use super::shared::Shared;
use crate::Endpoint;
use crate::deliver::retry::{Attempt, Decision, Policy, decide};
use crate::deliver::{
    Answer, Observer, Outcome, Reason, Rejection, Retry, Sender, Stop, Summary, Transport, feed,
};
use crate::pack::{Part, Request};

/// The wait after a run that ended because the service could not be reached.
const PAUSE: Duration = Duration::from_secs(5);

/// Delivers until the intake is closed and everything settled, or nothing can pass.
pub(super) async fn drive<T: Transport>(shared: Arc<Shared>, sender: Sender<Watched<T>>) {
    let guard = Guard(Arc::clone(&shared));
    loop {
        let stop = Stop::new();
        {
            let mut state = shared.state();
            if state.failed.is_some() {
                break;
            }
            state.hold.rewind();
            state.run = stop.clone();
        }
        let (feed, requests) = feed(1);
        let mut fates = Fates { shared: &shared, notes: 0 };
        let running = sender.run(requests, &stop, &mut fates);
        let packing = Batching::new(&shared, feed, &stop).run();
        let span = tracing::debug_span!("uploader_run");
        let ((), summary) = join(packing, running).instrument(span).await;
        let done = {
            let state = shared.state();
            state.failed.is_some() || (state.closed.is_some() && state.hold.load().0 == 0)
        };
        if done {
            break;
        }
        let reason = summary.stopped.as_deref().unwrap_or("the run ended");
        tracing::warn!(reason, "delivery is interrupted and will be tried again");
        pause(&shared).await;
    }
    shared.finish().await;
    drop(guard);
}

/// Waits a little; not when everything is to end.
async fn pause(shared: &Shared) {
    let closed = async {
        while shared.state().closed.is_none() {
            shared.work.notified().await;
        }
    };
    if shared.state().closed.is_some() {
        sleep(PAUSE).await;
    } else {
        select(pin!(sleep(PAUSE)), pin!(closed)).await;
    }
}

/// Notices when the task is dropped with the runtime, or panics.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        let (ended, expected, held) = {
            let state = self.0.state();
            (state.ended, state.expected, state.hold.load().0)
        };
        if !ended {
            self.0.close("its delivery task was dropped");
            if !expected {
                tracing::warn!(batches = held, "the uploader's task was dropped before it was shut down");
            }
        }
    }
}

/// Enters what becomes of each batch.
struct Fates<'a> {
    shared: &'a Shared,
    /// Notes of the run that were told.
    notes: u64,
}

impl Observer for Fates<'_> {
    fn accepted(&mut self, request: &Request, parts: &[Part]) -> io::Result<()> {
        for part in parts {
            // Only who wants to be told needs the bytes.
            let batch = if self.shared.settings.callback.is_some() {
                Bytes::copy_from_slice(request.body().get(part.range.clone()).unwrap_or_default())
            } else {
                Bytes::new()
            };
            self.shared.settle(part.index, &Fate::Accepted, batch);
        }
        Ok(())
    }

    fn rejected(&mut self, rejection: &Rejection<'_>) -> io::Result<()> {
        let why = Refusal {
            status: rejection.status,
            code: rejection.code.clone(),
            message: rejection.message.clone(),
            attempts: rejection.attempts,
        };
        let fate = if rejection.reason == Reason::GaveUp { Fate::GaveUp(why) } else { Fate::Rejected(why) };
        self.shared.settle(rejection.part.index, &fate, Bytes::copy_from_slice(rejection.sent));
        Ok(())
    }

    // `not_attempted` has nothing to do: the batch is still held, and the next run or the end will find it.

    fn retry(&mut self, retry: &Retry<'_>) {
        self.shared.count(Counter::Retries, 1);
        let wait_ms = u64::try_from(retry.wait.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            batches = retry.request.len(),
            attempt = retry.attempt,
            wait_ms,
            "a request will be posted again"
        );
    }
    /// An error that could not be traced to a batch: those of its request count as accepted, and one of them may not be.
    fn progress(&mut self, so_far: &Summary) {
        let notes = so_far.notes.len() as u64 + so_far.more_notes;
        let new = notes.saturating_sub(self.notes);
        if new > 0 {
            self.notes = notes;
            self.shared.count(Counter::Untraced, new);
            let code = so_far.notes.last().map(|note| note.code.as_str());
            tracing::warn!(
                errors = new,
                code,
                "the service reports an error in one of several batches, but not which"
            );
        }
    }
}

/// A transport under observation: measures each post, and notices answers after which nothing will pass.
pub(super) struct Watched<T> {
    pub(super) transport: T,
    pub(super) shared: Arc<Shared>,
}

impl<T: Transport> Transport for Watched<T> {
    async fn post(&self, endpoint: Endpoint, body: Bytes) -> Answer {
        let bytes = body.len();
        let span = tracing::debug_span!("uploader_post", endpoint = endpoint.name(), bytes);
        let started = Instant::now();
        let answer = self.transport.post(endpoint, body).instrument(span).await;
        let took = started.elapsed().as_secs_f64();
        tracing::debug!(status = answer.status_code(), seconds = took, "posted");
        self.shared.count(Counter::Requests, 1);
        self.shared.count(Counter::Throttled, u64::from(answer.outcome == Outcome::Status(429)));
        self.shared.observe(Histogram::PostTime, took);
        #[allow(clippy::cast_precision_loss)] // A body is far smaller than 2^52.
        self.shared.observe(Histogram::RequestBytes, bytes as f64);
        let first = Attempt { number: 1, batches: 1, ..Attempt::default() };
        if decide(&first, &answer, &Policy::default(), 0.0) == Decision::Stop {
            self.shared.fail(&answer.message.clone().unwrap_or_else(|| answer.summary()));
        }
        answer
    }
}
