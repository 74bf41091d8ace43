//! Settings of a sandbox, and how it is started.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::Instant;

use super::Sandbox;
use super::account::{Account, Capacity};
use super::auth::Accept;
use super::decide::Policy;
use super::fault::{Fault, Faults};
use super::limiter::{RateLimit, RateLimiter};
use super::server::{self, Shared};
use crate::clock::{self, SharedClock};
use crate::validate::Limits;

/// Settings of a [`Sandbox`] to be. Made by [`Sandbox::builder`].
#[must_use]
pub struct SandboxBuilder {
    address: SocketAddr,
    accept: Accept,
    clock: SharedClock,
    limits: Limits,
    capacity: Capacity,
    read_timeout: Duration,
    rate_limit: Option<RateLimit>,
    faults: Vec<Fault>,
    seed: u64,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            accept: Accept::Any,
            clock: clock::system(),
            limits: Limits::default(),
            capacity: Capacity { batches: 10_000, bytes: 256 << 20, ids: 1_000_000 },
            read_timeout: Duration::from_secs(30),
            rate_limit: None,
            faults: Vec::new(),
            seed: 0,
        }
    }
}

impl SandboxBuilder {
    /// The port to listen on. Default: 0, which lets the system choose a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// The address and port to listen on. Default: 127.0.0.1. At any address that is not loopback others on the network
    /// can post; the sandbox's own pages answer them 403.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Accepts this key and secret only; any other pair is answered 403.
    pub fn credentials(mut self, key: impl Into<String>, secret: impl Into<String>) -> Self {
        self.accept = Accept::Pair { key: key.into(), secret: secret.into() };
        self
    }

    /// Accepts any key and secret that are not empty. The default.
    pub fn any_credentials(mut self) -> Self {
        self.accept = Accept::Any;
        self
    }

    /// The time that ages of events are measured from. Default: the machine's clock.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// The workspace's limits. Default: the documented ones.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many accepted batches to keep for [`Sandbox::received`] and the JSON view. Default: 10,000.
    /// Counts stay exact when older ones are let go.
    pub fn max_kept(mut self, batches: usize) -> Self {
        self.capacity.batches = batches;
        self
    }

    /// How many bytes of accepted batches to keep. Default: 256 MiB.
    pub fn max_kept_bytes(mut self, bytes: usize) -> Self {
        self.capacity.bytes = bytes;
        self
    }

    /// How many ids to keep for de-duplication and for the account, over all keys. Default: 1,000,000. Each takes about 50
    /// bytes, and ids that are not UUIDs their length in addition. Beyond it the oldest are let go: they would be taken again.
    pub fn account_limit(mut self, ids: usize) -> Self {
        self.capacity.ids = ids;
        self
    }

    /// Refuses what goes beyond this rate with 429. Default: none; the percentage in answers is then of
    /// [`Limits::batches_per_second`](crate::validate::Limits::batches_per_second).
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Something more that goes wrong on purpose. Can be called several times.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// What the chance in faults begins with: the same seed and the same requests in the same order meet the same faults.
    /// Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long the body of a request may take to arrive before it is answered 408. Default: 30 seconds.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Starts listening. The sandbox runs in the current tokio runtime, which needs I/O and time enabled.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, such as [`io::ErrorKind::AddrInUse`]; the message names it.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn start(self) -> io::Result<Sandbox> {
        let context = |error: io::Error| {
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => "; choose another port, or 0 for any free one",
                _ => "",
            };
            io::Error::new(
                error.kind(),
                format!("the sandbox cannot listen on {}: {error}{hint}", self.address),
            )
        };
        let listener = TcpListener::bind(self.address).await.map_err(context)?;
        let address = listener.local_addr().map_err(context)?;
        let limiter = RateLimiter::new(self.rate_limit, self.limits.batches_per_second);
        let mut faults = Faults::new(self.seed);
        faults.replace(None, self.faults, 0);
        let shared = Arc::new(Shared {
            policy: Policy::new(self.accept, self.limits, self.clock),
            account: Mutex::new(Account::new(self.capacity)),
            limiter: Mutex::new(limiter),
            faults: Mutex::new(faults),
            settled: Notify::new(),
            ended: Semaphore::new(0),
            started: Instant::now(),
            read_timeout: self.read_timeout,
        });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server::run(listener, Arc::clone(&shared), stopped));
        Ok(Sandbox { address, shared, stop: Some(stop), task })
    }
}

/// Without the secret, and without the key.
impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("address", &self.address)
            .field("accept", &self.accept)
            .field("limits", &self.limits)
            .field("capacity", &self.capacity)
            .field("read_timeout", &self.read_timeout)
            .field("rate_limit", &self.rate_limit)
            .field("faults", &self.faults)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
