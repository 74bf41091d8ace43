//! How many retries there may be in all, so that a service in trouble is not hammered: a state machine on a clock that is passed in.

use std::time::Duration;

use super::Policy;

/// What is saved up at most by requests that needed no retry, as a multiple of [`Policy::retry_burst`].
const SAVED: f64 = 2.0;

/// Retries cost, first posts earn a part of one, and time earns a few: who has none left waits longer.
///
/// Answers with 429 are no part of it: the limiter paces those.
///
/// ```
/// use std::time::Duration;
/// use mparticle_events::deliver::{Budget, Policy};
///
/// let mut policy = Policy::default();
/// (policy.retry_burst, policy.retries_per_second) = (2.0, 1.0);
/// let mut budget = Budget::new(&policy);
/// assert_eq!(budget.retry(Duration::ZERO), Duration::ZERO);
/// assert_eq!(budget.retry(Duration::ZERO), Duration::ZERO);
/// assert_eq!(budget.retry(Duration::ZERO), Duration::from_secs(1));
/// ```
#[derive(Clone, Debug)]
pub struct Budget {
    retries: f64,
    share: f64,
    burst: f64,
    per_second: f64,
    at: Duration,
}

impl Budget {
    /// As the policy says; figures that are negative or no numbers count as zero.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let usable = |figure: f64| if figure.is_finite() { figure.max(0.0) } else { 0.0 };
        let burst = usable(policy.retry_burst);
        Self {
            retries: burst,
            share: usable(policy.retry_share),
            burst,
            per_second: usable(policy.retries_per_second),
            at: Duration::ZERO,
        }
    }

    /// A request is posted for the first time.
    pub fn first(&mut self) {
        self.retries = (self.retries + self.share).min(self.burst * SAVED).max(self.retries.min(self.burst));
    }

    /// Takes one retry, and says how long to wait at least until it is posted: [`Duration::MAX`] when there will never be one.
    pub fn retry(&mut self, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        if self.retries < self.burst {
            self.retries = (self.retries + passed * self.per_second).min(self.burst);
        }
        self.retries -= 1.0;
        if self.retries >= 0.0 {
            return Duration::ZERO;
        }
        let wait = -self.retries / self.per_second;
        if !wait.is_finite() {
            self.retries += 1.0;
        }
        Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(share: f64, burst: f64, per_second: f64) -> Budget {
        let mut policy = Policy::default();
        (policy.retry_share, policy.retry_burst, policy.retries_per_second) = (share, burst, per_second);
        Budget::new(&policy)
    }

    #[test]
    fn each_waits_for_its_own_retry() {
        let mut budget = budget(0.0, 1.0, 2.0);
        let waits = [(); 4].map(|()| budget.retry(Duration::ZERO));
        assert_eq!(waits, [0, 500, 1000, 1500].map(Duration::from_millis));
        assert_eq!(budget.retry(Duration::from_secs(3)), Duration::ZERO, "time earned them");
    }

    #[test]
    fn first_posts_earn_their_share() {
        let mut budget = budget(0.2, 1.0, 0.0);
        assert_eq!(budget.retry(Duration::ZERO), Duration::ZERO);
        assert_eq!(budget.retry(Duration::ZERO), Duration::MAX);
        (0..4).for_each(|_| budget.first());
        assert_eq!(budget.retry(Duration::ZERO), Duration::MAX);
        (0..2).for_each(|_| budget.first());
        assert_eq!(budget.retry(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn figures_that_are_none_allow_no_retry() {
        for figure in [f64::NAN, -1.0, f64::NEG_INFINITY] {
            assert_eq!(
                budget(figure, figure, figure).retry(Duration::from_secs(9)),
                Duration::MAX,
                "{figure}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_more_retries_than_share_burst_and_time_allow(
            share in 0.0_f64..1.0,
            burst in 0.0_f64..50.0,
            per_second in 0.1_f64..10.0,
            events in prop::collection::vec((any::<bool>(), 0_u64..2000), 1..300),
        ) {
            let mut budget = budget(share, burst, per_second);
            let (mut now, mut firsts, mut due) = (Duration::ZERO, 0.0, Vec::new());
            for (first, pause) in events {
                now += Duration::from_millis(pause);
                if first {
                    budget.first();
                    firsts += 1.0;
                } else {
                    due.push(now + budget.retry(now));
                }
            }
            due.sort();
            for (count, at) in (1_u32..).zip(due) {
                let allowed = firsts * share + burst + at.as_secs_f64() * per_second;
                prop_assert!(f64::from(count) <= allowed + 1.0 + 1e-6, "{count} until {at:?}, allowed {allowed}");
            }
        }
    }
}
