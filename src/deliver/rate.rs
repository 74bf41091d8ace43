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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hold_outlasts_the_rate_and_a_shorter_hold() {
        let mut limiter = RateLimiter::unlimited();
        limiter.hold(Duration::ZERO, Duration::from_secs(5));
        limiter.hold(Duration::from_secs(1), Duration::from_secs(1));
        assert_eq!(limiter.try_take(Duration::from_secs(2), 1), Err(Duration::from_secs(3)));
        assert_eq!(limiter.try_take(Duration::from_secs(5), 1), Ok(()));
        assert_eq!(limiter.try_take(Duration::from_secs(5), u64::MAX), Ok(()));
    }

    #[test]
    fn a_rate_that_is_none_is_no_ceiling() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut limiter = RateLimiter::new(rate);
            assert_eq!(limiter.try_take(Duration::ZERO, 100), Ok(()));
            assert_eq!(limiter.try_take(Duration::ZERO, 100), Ok(()), "{rate}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_rate_is_kept_and_used(rate in 1.0_f64..1000.0, sizes in prop::collection::vec(1_u64..100, 2..50)) {
            let mut limiter = RateLimiter::new(rate);
            let mut now = Duration::ZERO;
            let mut before = 0;
            for size in sizes {
                while let Err(wait) = limiter.try_take(now, size) {
                    now += wait;
                }
                let due = before as f64 / rate;
                prop_assert!((now.as_secs_f64() - due).abs() < 1e-3, "{before} batches in {now:?}");
                before += size;
            }
        }
    }
}
