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
//! # Its own pages
//!
//! `GET /` lists the endpoints, `GET /sandbox/received?limit=&offset=` shows what was accepted, `GET /sandbox/stats` counts, and
//! `DELETE /sandbox/received` forgets everything. They ask for no credentials: whoever reaches the port can read them.
//!
//! # What it does not do
//!
//! Nothing is forwarded or written to disk. It never answers 429 or 503, and knows nothing of workspaces or data plans. The
//! service's wording of errors is imitated in form only.

mod account;
mod answer;
mod auth;
mod body;
mod builder;
mod decide;
mod ids;
mod message;
mod server;
mod view;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use account::{Counts, Received, ReceivedBatch, Requests};
pub use builder::SandboxBuilder;

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
        // Nothing can be sent to "any address"; loopback is among them.
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}{}", SocketAddr::new(ip, self.address.port()), decide::PREFIX)
    }

    /// What was received until now: a copy that does not change any more.
    #[must_use]
    pub fn received(&self) -> Received {
        self.shared.account().page(0, usize::MAX).0
    }

    /// Forgets everything that was received, ids for de-duplication included.
    pub fn reset(&self) {
        self.shared.account().reset();
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
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}
