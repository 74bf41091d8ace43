//! A request on its way: the wait before it, the limits it keeps to, the post.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::retry::Attempt;
use super::{Answer, Limiter, Outcome, Policy, Stop, Transport, Window};
use crate::pack::Request;

/// A request on its way, and what happened to it so far.
pub(super) struct Flight {
    pub(super) request: Request,
    /// Posts of a larger request that this one was a part of.
    earlier: u32,
    pub(super) number: u32,
    pub(super) throttled: u32,
    first: Option<Instant>,
    /// An answer that may have been lost: the service may have taken it.
    pub(super) uncertain: bool,
    /// What is left of a request from which refused batches were taken out.
    pub(super) rest: bool,
}

impl Flight {
    pub(super) fn new(request: Request, earlier: u32) -> Self {
        Self { request, earlier, number: 0, throttled: 0, first: None, uncertain: false, rest: false }
    }

    /// Posts of its batches so far.
    pub(super) fn attempts(&self) -> u32 {
        self.earlier.saturating_add(self.number)
    }

    pub(super) fn attempt(&self) -> Attempt {
        Attempt {
            number: self.number,
            throttled: self.throttled,
            elapsed: self.first.map_or(Duration::ZERO, |first| first.elapsed()),
            batches: self.request.len(),
        }
    }
}

/// What all flights share.
pub(super) struct Air<'a, T> {
    transport: &'a T,
    stop: &'a Stop,
    limiter: &'a Limiter,
    policy: &'a Policy,
    lanes: Mutex<Lanes>,
    /// A lane is free, or there are more.
    changed: Notify,
    start: Instant,
}

struct Lanes {
    window: Window,
    /// Flights that have a lane; some of them wait for the rate.
    taken: usize,
    /// Posts without an answer yet.
    posting: usize,
}

impl<'a, T: Transport> Air<'a, T> {
    pub(super) fn new(
        transport: &'a T,
        stop: &'a Stop,
        limiter: &'a Limiter,
        policy: &'a Policy,
        concurrency: usize,
    ) -> Self {
        let lanes = Mutex::new(Lanes { window: Window::new(concurrency), taken: 0, posting: 0 });
        Self { transport, stop, limiter, policy, lanes, changed: Notify::new(), start: Instant::now() }
    }

    /// Time since the run began.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes of it, or nothing when the run was stopped before.
    async fn unless_stopped<F: Future>(&self, future: F) -> Option<F::Output> {
        if self.stop.is_stopped() {
            return None;
        }
        match select(pin!(future), pin!(self.stop.stopped())).await {
            Either::Left((done, _)) if !self.stop.is_stopped() => Some(done),
            _ => None,
        }
    }

    /// Posts once, after a wait and when rate and window allow; no answer when the run was stopped before.
    pub(super) async fn fly(&self, mut flight: Flight, wait: Duration) -> (Flight, Option<Answer>) {
        if !wait.is_zero() && self.unless_stopped(sleep(wait)).await.is_none() {
            return (flight, None);
        }
        let Some(lane) = self.unless_stopped(self.lane()).await else { return (flight, None) };
        let batches = flight.request.len() as u64;
        let Some(leave) = self.unless_stopped(self.limiter.acquire(batches)).await else {
            return (flight, None);
        };
        flight.number += 1;
        flight.first.get_or_insert_with(Instant::now);
        let body = flight.request.shared_body();
        let sent = lane.post();
        let mut answer = self.transport.post(flight.request.endpoint(), body).await;
        lane.landed(sent, &answer);
        answer.retry_after = answer.retry_after.map(|asked| asked.min(self.policy.max_retry_after));
        self.limiter.observe(&leave, &answer);
        (flight, Some(answer))
    }

    async fn lane(&self) -> Lane<'_, 'a, T> {
        loop {
            let changed = self.changed.notified();
            {
                let mut lanes = self.lanes();
                if lanes.taken < lanes.window.posts() {
                    lanes.taken += 1;
                    return Lane { air: self };
                }
            }
            changed.await;
        }
    }
}

/// One of the posts that may be in the air; free again when it is dropped.
struct Lane<'l, 'a, T: Transport> {
    air: &'l Air<'a, T>,
}

impl<T: Transport> Lane<'_, '_, T> {
    fn post(&self) -> Duration {
        self.air.lanes().posting += 1;
        self.air.now()
    }

    fn landed(&self, sent: Duration, answer: &Answer) {
        let now = self.air.now();
        let mut lanes = self.air.lanes();
        let full = lanes.posting >= lanes.window.posts();
        lanes.posting -= 1;
        match answer.outcome {
            Outcome::Status(408 | 500..) | Outcome::Failed(_) => lanes.window.failed(now, sent),
            // Refused before it cost the service anything: the limiter's business.
            Outcome::Status(429) => {}
            Outcome::Status(_) => lanes.window.answered(now, sent, full),
        }
    }
}

impl<T: Transport> Drop for Lane<'_, '_, T> {
    fn drop(&mut self) {
        self.air.lanes().taken -= 1;
        self.air.changed.notify_waiters();
    }
}
