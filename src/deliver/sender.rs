//! Posts requests, several at a time, and keeps the account.

use futures_core::Stream;

use super::{Observer, Policy, Stop, Summary, Transport};
use crate::pack::Request;
use crate::validate::Limits;

/// Posts packed requests, follows up on every answer, and accounts for every batch.
#[derive(Clone, Debug)]
pub struct Sender<T> {
    pub(super) transport: T,
    pub(super) policy: Policy,
    pub(super) concurrency: usize,
    pub(super) per_second: Option<f64>,
    pub(super) seed: u64,
}

impl<T: Transport> Sender<T> {
    /// A sender with the default [`Policy`], four requests at a time, and the documented ceiling of batches a second.
    #[must_use]
    pub fn new(transport: T) -> Self {
        #[allow(clippy::cast_precision_loss)] // A rate is far below 2^52.
        let per_second = Limits::default().batches_per_second as f64;
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self { transport, policy: Policy::default(), concurrency: 4, per_second: Some(per_second), seed }
    }

    /// Retries as this says.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// So many requests at a time; at least one.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    /// At most so many batches a second; `None` for no ceiling.
    #[must_use]
    pub fn batches_per_second(mut self, ceiling: Option<f64>) -> Self {
        self.per_second = ceiling;
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
