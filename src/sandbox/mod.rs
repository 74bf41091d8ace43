//! The Events API on loopback: for trying things out, and for the tests of programs that send.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use mparticle_events::sandbox::Sandbox;
//!
//! let sandbox = Sandbox::start().await?;
//! let base_url = sandbox.base_url(); // http://127.0.0.1:PORT/v2: give it to the program under test
//! assert!(base_url.ends_with("/v2"));
//!
//! // … the program sends …
//!
//! let received = sandbox.received();
//! assert_eq!(received.counts.accepted, 0);
//! assert!(received.batches.is_empty());
//! sandbox.shutdown().await;
//! # Ok(()) })
//! # }
//! ```
//!
//! # What it answers
//!
//! | status | when |
//! |---|---|
//! | 202 | everything was taken; of a bulk request, *something* was: `errors` in the body tell what was not |
//! | 400 | no batch could be taken, the body is no JSON or an empty list, holds more than 100 batches, or is not sent as JSON |
//! | 401, 403 | no `Authorization` header; one that cannot be read or holds another pair. No body |
//! | 404, 405 | another path; another method |
//! | 408 | the body did not arrive in time (the sandbox's own) |
//! | 413 | the body is over the limit for a request |
//!
//! Batches are checked by the same [`Validator`](crate::validate::Validator) that checks them offline: an error refuses
//! the batch, a warning does not. What only `/bulkevents/historical` objects to, such as young events, is answered 202 and
//! not processed, as documented; [`Counts::dropped`] counts it. A `source_request_id` that the same key sent within 30 days is
//! answered 202 and counted as a duplicate. Batches of a request that is refused as a whole are not counted.
//!
//! # What can go wrong on purpose
//!
//! By itself it never answers 429 or 5xx. With a [rate limit](SandboxBuilder::rate_limit) it refuses what comes too fast, and
//! with [faults](Fault) it throttles, fails, is slow, closes connections before or after the batches were taken, and takes
//! requests in part. Chance comes from a [seed](SandboxBuilder::seed), so that a run can be repeated.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use mparticle_events::sandbox::{RateLimit, Sandbox};
//!
//! let sandbox = Sandbox::builder()
//!     .rate_limit(RateLimit::per_second(270).acceleration(50))
//!     .fault("503:rate=0.1".parse()?)
//!     .fault("drop-after:rate=0.05".parse()?)
//!     .seed(7)
//!     .start()
//!     .await?;
//! // … and later, while it runs:
//! sandbox.set_faults(["429:retry-after=2,count=5".parse()?]);
//! sandbox.clear_faults();
//! # Ok(()) })
//! # }
//! ```
//!
//! # What it knows afterwards
//!
//! [`Sandbox::received`] has the batches and counts, and assertions on them. [`Sandbox::account_of`] says of a
//! `source_request_id` how often it came, was taken, and was refused, and why: also of batches whose answer was lost. Ids are
//! known as long as they fit ([`SandboxBuilder::account_limit`]).
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # use mparticle_events::sandbox::Sandbox;
//! # use std::time::Duration;
//! # let sandbox = Sandbox::start().await?;
//! // … the program sends, sooner or later …
//! let received = sandbox.wait_for(0, Duration::from_secs(5)).await?;
//! received.assert_accepted(0).assert_nothing_refused().assert_no_duplicates();
//! assert!(received.of_customer("c-42").is_none());
//! assert!(sandbox.account_of("an-id").is_empty());
//! # Ok(()) })
//! # }
//! ```
//!
//! # Its own pages
//!
//! `GET /` lists them: what was accepted and counts (`/sandbox/received`, `/sandbox/stats`), what became of each id
//! (`/sandbox/account`, whole as NDJSON with `?format=ndjson`), and the faults (`/sandbox/faults`: GET, PUT, POST, DELETE). They
//! ask for no credentials, and answer whoever is not on this machine 403.
//!
//! # What it does not do
//!
//! Nothing is forwarded or written to disk. It knows nothing of workspaces or data plans. The service's wording of errors is
//! imitated in form only, and so is its way to measure rates, which is not documented.

mod account;
mod admin;
mod answer;
mod auth;
mod body;
mod builder;
mod decide;
mod entry;
mod expect;
mod fault;
mod late;
mod ledger;
mod limiter;
mod message;
mod reason;
mod received;
mod server;
mod settle;
mod view;
mod wire;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use builder::SandboxBuilder;
pub use entry::{AccountEntry, AccountTotals};
pub use expect::WaitError;
pub use fault::{Fault, FaultError};
pub use limiter::RateLimit;
pub use received::{Counts, Received, ReceivedBatch, Refusal, Requests};

/// How long [`Sandbox::shutdown`] waits for requests under way.
const GRACE: Duration = Duration::from_secs(5);

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    address: SocketAddr,
    shared: Arc<server::Shared>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Starts a sandbox on a free loopback port that accepts any credentials.
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A sandbox with other settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Where it listens; the port is the real one also when 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address to send to, such as `http://127.0.0.1:40123/v2`.
    #[must_use]
    pub fn base_url(&self) -> String {
        let address = SocketAddr::new(wire::reachable(self.address.ip()), self.address.port());
        format!("http://{address}{}", decide::PREFIX)
    }

    /// What was received until now: a copy that does not change any more.
    #[must_use]
    pub fn received(&self) -> Received {
        self.shared.account().page(0, usize::MAX).0
    }

    /// Forgets everything that was received, ids for de-duplication included. Faults stay.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// Waits until so many batches were accepted in all, and says what was received by then.
    ///
    /// # Errors
    ///
    /// When fewer were accepted within `timeout`; the message says what came instead.
    pub async fn wait_for(&self, batches: u64, timeout: Duration) -> Result<Received, WaitError> {
        let enough = async {
            loop {
                let mut settled = pin!(self.shared.settled.notified());
                // Before looking, so that nothing is missed between the look and the wait.
                settled.as_mut().enable();
                if self.shared.account().accepted() >= batches {
                    return;
                }
                settled.await;
            }
        };
        match tokio::time::timeout(timeout, enough).await {
            Ok(()) => Ok(self.received()),
            Err(_) => Err(WaitError { wanted: batches, received: Box::new(self.received()) }),
        }
    }

    /// What became of a `source_request_id`: an entry for each API key that it came with, none when it never came.
    #[must_use]
    pub fn account_of(&self, source_request_id: &str) -> Vec<AccountEntry> {
        self.shared.account().ledger().find(source_request_id)
    }

    /// What became of all ids: the sums.
    #[must_use]
    pub fn account_totals(&self) -> AccountTotals {
        self.shared.account().ledger().totals()
    }

    /// Puts these faults in the place of all, and begins with the seed again.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        let elapsed_ms = self.shared.elapsed_ms();
        self.shared.faults().replace(None, faults, elapsed_ms);
    }

    /// Lets nothing more go wrong on purpose.
    pub fn clear_faults(&self) {
        self.set_faults([]);
    }

    /// Takes no more requests, and waits up to 5 seconds for those under way.
    pub async fn shutdown(mut self) {
        self.stop.take();
        // Past the grace period the drop below ends what is left.
        let _ = tokio::time::timeout(GRACE, &mut self.task).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.take();
        self.task.abort();
        // Who answers slowly on purpose would go on doing so.
        self.shared.ended.close();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}
