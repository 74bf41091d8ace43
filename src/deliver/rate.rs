//! A ceiling on batches a second: a state machine on a clock that is passed in.

use std::time::Duration;

/// Says when the next request may go, so that no second sees more batches than allowed.
///
/// Requests are spaced evenly: one of 100 batches at 200 a second keeps the next one waiting for half a second. There is no burst
/// allowance, because the service limits not only the speed but also its growth. Time is what has passed since any fixed moment.
///
/// ```
/// use std::time::Duration;
/// use mparticle_events::deliver::RateLimiter;
///
/// let mut limiter = RateLimiter::new(200.0);
/// let now = Duration::ZERO;
/// assert_eq!(limiter.try_take(now, 100), Ok(()));
/// assert_eq!(limiter.try_take(now, 100), Err(Duration::from_millis(500)));
/// ```
#[derive(Clone, Debug)]
pub struct RateLimiter {
    per_second: Option<f64>,
    /// No request before this.
    next: Duration,
}

impl RateLimiter {
    /// At most so many batches a second; no ceiling when the number is zero, negative or not finite.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let usable = per_second.is_finite() && per_second > 0.0;
        Self { per_second: usable.then_some(per_second), next: Duration::ZERO }
    }

    /// No ceiling; waits only when [held](Self::hold).
    #[must_use]
    pub fn unlimited() -> Self {
        Self { per_second: None, next: Duration::ZERO }
    }

    /// Takes leave to send that many batches now.
    ///
    /// # Errors
    ///
    /// The time to wait before asking again; nothing was taken.
    pub fn try_take(&mut self, now: Duration, batches: u64) -> Result<(), Duration> {
        if now < self.next {
            return Err(self.next - now);
        }
        if let Some(per_second) = self.per_second {
            #[allow(clippy::cast_precision_loss)] // A request has far fewer than 2^52 batches.
            let seconds = batches as f64 / per_second;
            let cost = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(3600));
            self.next = now.saturating_add(cost);
        }
        Ok(())
    }

    /// Lets nothing go for that long: the service said it is too much.
    pub fn hold(&mut self, now: Duration, wait: Duration) {
        self.next = self.next.max(now.saturating_add(wait));
    }
}
