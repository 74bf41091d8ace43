//! Sets up an uploader.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle as Runtime;

use super::drive::{Watched, drive};
use super::error::StartError;
use super::handle::Uploader;
use super::hold::Hold;
use super::merge::Collector;
use super::metrics::Metrics;
use super::outcome::Settled;
use super::shared::Shared;
use crate::Endpoint;
use crate::deliver::{Policy, Sender, Transport};
use crate::validate::{Limits, Route, Validator};

type Callback = Box<dyn Fn(&Settled) + Send + Sync>;

/// What holds for the whole life of an uploader.
pub(super) struct Settings {
    pub(super) validator: Option<Validator>,
    limits: Limits,
    pub(super) endpoint: Endpoint,
    pub(super) window: Duration,
    pub(super) max_batches: usize,
    pub(super) max_bytes: usize,
    pub(super) metrics: Option<Arc<dyn Metrics>>,
    pub(super) callback: Option<Callback>,
}

fn size(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl Settings {
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Batches that fill a request.
    pub(super) fn request_batches(&self) -> usize {
        if self.endpoint.is_bulk() { size(self.limits.batches_per_request).max(1) } else { 1 }
    }

    /// Bytes that fill a request.
    pub(super) fn request_bytes(&self) -> usize {
        size(self.limits.request_bytes)
    }

    /// The most bytes that a batch may take with its id.
    pub(super) fn batch_bytes(&self) -> usize {
        size(self.limits.batch_bytes_hard).min(self.request_bytes().saturating_sub(3))
    }

    pub(super) fn collector(&self) -> Collector {
        let most = size(self.limits.batch_bytes).min(self.batch_bytes());
        Collector::new(most, !self.window.is_zero())
    }
}

/// Sets up an [`Uploader`].
#[must_use = "nothing happens until it is started"]
pub struct UploaderBuilder<T> {
    transport: T,
    settings: Settings,
    policy: Policy,
    concurrency: usize,
    per_second: Option<f64>,
    #[cfg(feature = "spool")]
    spool: Option<super::Spool>,
}

impl<T: Transport + 'static> UploaderBuilder<T> {
    pub(super) fn new(transport: T) -> Self {
        let policy = Policy {
            max_attempts: u32::MAX,
            max_throttled: u32::MAX,
            max_given_up: u32::MAX,
            deadline: Duration::from_secs(3600),
            ..Policy::default()
        };
        let limits = Limits::default();
        #[allow(clippy::cast_precision_loss)] // A rate is far below 2^52.
        let per_second = Some(limits.batches_per_second as f64);
        Self {
            transport,
            settings: Settings {
                validator: Some(Validator::builder().route(Route::Live).build()),
                limits,
                endpoint: Endpoint::Bulk,
                window: Duration::from_millis(200),
                max_batches: 10_000,
                max_bytes: 32 * 1024 * 1024,
                metrics: None,
                callback: None,
            },
            policy,
            concurrency: 4,
            per_second,
            #[cfg(feature = "spool")]
            spool: None,
        }
    }

    /// Checks with this validator, and keeps to its limits when packing. Default: a [`Validator`] for live data.
    pub fn validator(mut self, validator: Validator) -> Self {
        self.settings.limits = validator.limits().clone();
        self.settings.validator = Some(validator);
        self
    }

    /// Leaves out the check. That a batch is a JSON object is still seen to: anything else would spoil those beside it.
    pub fn unchecked(mut self) -> Self {
        self.settings.validator = None;
        self
    }

    /// Where to post. Default: [`Endpoint::Bulk`].
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.settings.endpoint = endpoint;
        self
    }

    /// How long a batch may wait for others. Within it batches of one user are merged. Default: 200 ms; zero for no wait and no merging.
    pub fn window(mut self, window: Duration) -> Self {
        self.settings.window = window;
        self
    }

    /// The most batches held, those on their way included; at least one. Default: 10 000.
    pub fn max_batches(mut self, batches: usize) -> Self {
        self.settings.max_batches = batches.max(1);
        self
    }

    /// The most bytes held, those on their way included. A batch larger than that passes alone. Default: 32 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_bytes = bytes.max(1);
        self
    }

    /// Retries as this says. Default: as often as it takes within an hour of the first post of a request.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// So many requests at a time; at least one. Default: 4. With one, requests arrive in order.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    /// At most so many batches a second; `None` for no ceiling. Default: the documented limit.
    pub fn batches_per_second(mut self, ceiling: Option<f64>) -> Self {
        self.per_second = ceiling;
        self
    }

    /// Measures with this. Default: nothing is measured.
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.settings.metrics = Some(metrics);
        self
    }

    /// Calls this when a batch has come to its end, exactly once for each that was enqueued.
    ///
    /// It is called on the task that delivers, which waits for it: hand slow work to a channel. A panic in it is caught, logged and
    /// counted, and changes nothing else.
    pub fn on_settled(mut self, callback: impl Fn(&Settled) + Send + Sync + 'static) -> Self {
        self.settings.callback = Some(Box::new(callback));
        self
    }

    /// Keeps batches on disk until they are settled.
    #[cfg(feature = "spool")]
    pub fn spool(mut self, spool: super::Spool) -> Self {
        self.spool = Some(spool);
        self
    }

    /// Starts the delivery task on the current tokio runtime, which needs time, and for a network client I/O.
    ///
    /// With a spool it reads what an earlier process left; that blocks for as long as the disk takes.
    ///
    /// # Errors
    ///
    /// Outside a tokio runtime, and when the spool cannot be opened: another process has it, it is damaged, the disk refuses.
    pub fn start(self) -> Result<Uploader, StartError> {
        let runtime = Runtime::try_current()
            .map_err(|_| StartError::new("an uploader has to be started within a tokio runtime"))?;
        #[cfg(feature = "spool")]
        if let Some(spool) = self.spool.clone() {
            let opened = super::spool::open(&spool)?;
            return Ok(self.recover(opened, &runtime));
        }
        let shared = Arc::new(Shared::new(self.settings, Hold::new(0), None));
        let sender = sender(self.transport, &shared, self.policy, self.concurrency, self.per_second);
        let task = runtime.spawn(drive(Arc::clone(&shared), sender));
        Ok(Uploader::new(shared, task))
    }

    #[cfg(feature = "spool")]
    fn recover(self, opened: super::spool::Opened, runtime: &Runtime) -> Uploader {
        use super::hold::Stage;
        use super::metrics::Counter;
        use super::wire::Wire;

        let mut hold = Hold::new(opened.batches.first().map_or(opened.next, |(ticket, _)| *ticket));
        let recovered = opened.batches.len() as u64;
        for (ticket, bytes) in opened.batches {
            hold.skip_to(ticket);
            // No room is taken: what was left must not keep the service from starting.
            hold.push(Wire { bytes, id: None }, Stage::Packed, 0);
        }
        hold.skip_to(opened.next);
        let shared = Arc::new_cyclic(|shared: &std::sync::Weak<Shared>| {
            let shared = shared.clone();
            let on_health = move |health: super::spool::Health| {
                if let Some(shared) = shared.upgrade() {
                    shared.spool_does(health);
                }
            };
            let store = opened.file.serve(Arc::new(on_health));
            Shared::new(self.settings, hold, Some(Box::new(store)))
        });
        shared.count(Counter::Recovered, recovered);
        if recovered > 0 {
            tracing::info!(batches = recovered, "batches of an earlier process are sent again");
        }
        let sender = sender(self.transport, &shared, self.policy, self.concurrency, self.per_second);
        let task = runtime.spawn(drive(Arc::clone(&shared), sender));
        Uploader::new(shared, task)
    }
}

fn sender<T: Transport>(
    transport: T,
    shared: &Arc<Shared>,
    policy: Policy,
    concurrency: usize,
    per_second: Option<f64>,
) -> Sender<Watched<T>> {
    Sender::new(Watched { transport, shared: Arc::clone(shared) })
        .policy(policy)
        .concurrency(concurrency)
        .batches_per_second(per_second)
}

impl<T> fmt::Debug for UploaderBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploaderBuilder")
            .field("endpoint", &self.settings.endpoint)
            .field("window", &self.settings.window)
            .field("max_batches", &self.settings.max_batches)
            .field("max_bytes", &self.settings.max_bytes)
            .finish_non_exhaustive()
    }
}
