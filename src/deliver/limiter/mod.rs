//! One limiter for each (pod, key): what all senders with the same key share.
//!
//! The service counts by key, so everything in a program that sends with one key should ask one [`Limiter`]. A clone of it is the same
//! limiter; [`Limiters`] finds it by pod and key. There is no global one. [`RateLimiter`] says what it does when the configured rate is
//! wrong, what it learns, and what it cannot do.

mod aimd;
mod ledger;
mod machine;
mod meter;
mod queue;
mod span;
mod speed;
mod total;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

pub use machine::RateLimiter;
pub use queue::Ticket;

use super::Answer;
use crate::validate::Limits;

/// A [`RateLimiter`] with a clock, shared by its clones.
///
/// ```
/// use mparticle_events::deliver::{Limiter, RateLimiter};
///
/// let limiter = Limiter::new(RateLimiter::new(270.0));
/// let same = limiter.clone();
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # runtime.block_on(async {
/// let leave = same.acquire(100).await;
/// // … post, then tell what came of it:
/// limiter.observe(&leave, &mparticle_events::deliver::Answer::status(202));
/// # });
/// assert!(limiter.rate().unwrap() < 270.0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Limiter(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    machine: RateLimiter,
    /// The moment that times count from: the first use.
    origin: Option<Instant>,
}

impl State {
    fn now(&mut self) -> Duration {
        self.origin.get_or_insert_with(Instant::now).elapsed()
    }

    /// A moment of the machine's clock, on tokio's.
    fn instant(&mut self, time: Duration) -> Instant {
        let origin = *self.origin.get_or_insert_with(Instant::now);
        // A time beyond all clocks is never waited out in one go.
        origin.checked_add(time).unwrap_or_else(|| Instant::now() + Duration::from_secs(3600))
    }
}

/// Leave to send one request, from [`Limiter::acquire`].
#[derive(Debug)]
#[must_use = "it was counted; post the request"]
pub struct Leave {
    sent: Duration,
    batches: u64,
}

impl Limiter {
    /// Shares this limiter.
    #[must_use]
    pub fn new(machine: RateLimiter) -> Self {
        let state = Mutex::new(State { machine, origin: None });
        Self(Arc::new(Shared { state, changed: Notify::new() }))
    }

    /// Waits until a request of so many batches may go. First come, first served; who stops waiting gives the place up.
    pub async fn acquire(&self, batches: u64) -> Leave {
        let place = Place { limiter: self, ticket: self.state().machine.enter(batches) };
        loop {
            let changed = self.0.changed.notified();
            let due = {
                let mut state = self.state();
                let now = state.now();
                match state.machine.poll(place.ticket, now) {
                    Ok(()) => return Leave { sent: now, batches },
                    Err(due) => state.instant(due),
                }
            };
            let _ = select(pin!(sleep_until(due)), pin!(changed)).await;
        }
    }

    /// Learns from the answer to a request.
    pub fn observe(&self, leave: &Leave, answer: &Answer) {
        let mut state = self.state();
        let now = state.now();
        state.machine.observe(now, leave.sent, leave.batches, answer);
    }

    /// Batches a second at present; `None` when nothing limits them.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.state().machine.rate()
    }

    /// Whether both are the same limiter.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Limiter {
    /// Under the documented limit of 270 batches a second.
    fn default() -> Self {
        #[allow(clippy::cast_precision_loss)] // A rate is far below 2^52.
        let per_second = Limits::default().batches_per_second as f64;
        Self::new(RateLimiter::new(per_second))
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("rate", &self.rate()).finish_non_exhaustive()
    }
}

/// A place in the queue, given up when its holder is dropped.
struct Place<'a> {
    limiter: &'a Limiter,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.limiter.state().machine.leave(self.ticket);
        // Those behind may be asleep until a later time than is now necessary.
        self.limiter.0.changed.notify_waiters();
    }
}

/// Finds the limiter of a pod and a key; made at the first question. Clones share what they find.
///
/// ```
/// use mparticle_events::deliver::{Limiter, Limiters};
///
/// let limiters = Limiters::default();
/// let one = limiters.get("https://s2s.us1.mparticle.com/v2", "key", Limiter::default);
/// assert!(one.is_same(&limiters.get("https://s2s.us1.mparticle.com/v2", "key", Limiter::default)));
/// assert!(!one.is_same(&limiters.get("https://s2s.us1.mparticle.com/v2", "other", Limiter::default)));
/// ```
#[derive(Clone, Default)]
pub struct Limiters(Arc<Mutex<BTreeMap<(String, String), Limiter>>>);

impl Limiters {
    /// The limiter of this pod ([`Pod::base_url`](crate::client::Pod::base_url)) and API key; `make` makes it when there is none yet.
    pub fn get(&self, pod: &str, key: &str, make: impl FnOnce() -> Limiter) -> Limiter {
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limiters.entry((pod.to_owned(), key.to_owned())).or_insert_with(make).clone()
    }
}

impl fmt::Debug for Limiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiters").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
