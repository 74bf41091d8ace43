//! The time, passed in: everything that asks for it can be tested without waiting.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the current time comes from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_unix_ms(&self) -> i64;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_unix_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// A clock that stands still, for tests and for checking a file as of a given day.
///
/// ```
/// use mparticle_events::clock::{Clock, FixedClock};
///
/// assert_eq!(FixedClock(1_700_000_000_000).now_unix_ms(), 1_700_000_000_000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(
    /// Milliseconds since 1970-01-01 UTC.
    pub i64,
);

impl Clock for FixedClock {
    fn now_unix_ms(&self) -> i64 {
        self.0
    }
}

/// A clock shared between threads.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock, shared.
#[must_use]
pub fn system() -> SharedClock {
    Arc::new(SystemClock)
}
