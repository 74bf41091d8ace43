//! Posts requests, several at a time, and keeps the account.

use futures_core::Stream;

use super::{Limiter, Observer, Policy, RateLimiter, Stop, Summary, Transport};
use crate::pack::Request;

/// Posts packed requests, follows up on every answer, and accounts for every batch.
///
/// All runs of a sender and of its clones share one limiter; give senders with the same key the [same](Self::limiter).
#[derive(Clone, Debug)]
pub struct Sender<T> {
    pub(super) transport: T,
    pub(super) policy: Policy,
    pub(super) concurrency: usize,
    pub(super) limiter: Limiter,
    pub(super) seed: u64,
}

impl<T: Transport> Sender<T> {
    /// A sender with the default [`Policy`], four requests at a time, and the documented ceiling of batches a second.
    #[must_use]
    pub fn new(transport: T) -> Self {
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self { transport, policy: Policy::default(), concurrency: 4, limiter: Limiter::default(), seed }
    }

    /// Retries as this says.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// At most so many requests at a time, at least one. It begins with four at the most, and adapts to how the service copes:
    /// see [`Window`](super::Window).
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    /// At most so many batches a second, by a limiter of its own; `None` for no ceiling.
    #[must_use]
    pub fn batches_per_second(self, ceiling: Option<f64>) -> Self {
        self.limiter(Limiter::new(ceiling.map_or_else(RateLimiter::unlimited, RateLimiter::new)))
    }

    /// Asks this limiter: everything that sends with the same key to the same pod should share one.
    #[must_use]
    pub fn limiter(mut self, limiter: Limiter) -> Self {
        self.limiter = limiter;
        self
    }

    /// Makes the random part of the waits repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Delivers all requests of a stream, and returns when each of their batches is accounted for.
    ///
    /// After a stop the stream is still read to its end, and everything in it counted as not attempted; whoever produces it can
    /// end it earlier by looking at [`Stop::is_stopped`].
    ///
    /// It needs a tokio runtime with time, and for a network client with I/O. The stream is read on the task that calls: one that
    /// reads files and checks batches belongs on another thread, with a [`feed`](super::feed) between.
    pub async fn run<S, O>(&self, requests: S, stop: &Stop, observer: &mut O) -> Summary
    where
        S: Stream<Item = Request>,
        O: Observer + ?Sized,
    {
        super::run::run(self, requests, stop, observer).await
    }
}
