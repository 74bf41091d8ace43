//! Who may send next: first come, first served, evenly spaced by absolute times.

use std::collections::VecDeque;
use std::time::Duration;

/// What lateness of timers is made up for; more than this is lost, so that a pause is not followed by a burst.
const SLACK: Duration = Duration::from_millis(10);
/// No request keeps the next one waiting for longer.
const LONGEST: Duration = Duration::from_secs(3600);

/// A place in the queue of a [`RateLimiter`](super::RateLimiter).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a place that is neither used nor left keeps everybody behind it waiting"]
pub struct Ticket(u64);

/// Those who wait, and the time from which the first of them may go.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<(Ticket, u64)>,
    tickets: u64,
    /// No request before this.
    next: Duration,
    held: Duration,
}

impl Queue {
    /// A place at the end.
    pub(super) fn enter(&mut self, batches: u64) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.push_back((ticket, batches));
        ticket
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.waiting.retain(|waiting| waiting.0 != ticket);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lets the first one go when it is time, and says how many batches that are; everybody else learns when to ask again, at this rate.
    pub(super) fn poll(&mut self, ticket: Ticket, now: Duration, rate: Option<f64>) -> Result<u64, Duration> {
        let mut due = self.next.max(self.held);
        for &(waiting, batches) in &self.waiting {
            if waiting == ticket {
                break;
            }
            due = due.saturating_add(cost(batches, rate));
        }
        let first = self.waiting.front().is_none_or(|first| first.0 == ticket);
        if due > now {
            return Err(due);
        }
        if !first {
            // It is time for those before it, who were woken too: they come first.
            return Err(now.saturating_add(Duration::from_millis(1)));
        }
        let batches = self.waiting.pop_front().map_or(0, |(_, batches)| batches);
        let from = self.next.max(self.held).max(now.saturating_sub(SLACK));
        self.next = from.saturating_add(cost(batches, rate));
        Ok(batches)
    }

    /// Nobody goes before this.
    pub(super) fn hold(&mut self, until: Duration) {
        self.held = self.held.max(until);
    }
}

/// The time that a request takes up.
fn cost(batches: u64, rate: Option<f64>) -> Duration {
    let Some(rate) = rate else { return Duration::ZERO };
    #[allow(clippy::cast_precision_loss)] // A request has far fewer than 2^52 batches.
    let seconds = batches as f64 / rate;
    Duration::try_from_secs_f64(seconds).map_or(LONGEST, |cost| cost.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_large_request_is_not_overtaken_by_small_ones() {
        let mut queue = Queue::default();
        let first = queue.enter(1);
        let large = queue.enter(100);
        let small = queue.enter(1);
        let rate = Some(100.0);
        assert_eq!(queue.poll(small, ms(0), rate), Err(ms(1010)));
        assert_eq!(queue.poll(large, ms(0), rate), Err(ms(10)));
        assert_eq!(queue.poll(first, ms(0), rate), Ok(1));
        assert_eq!(queue.poll(small, ms(10), rate), Err(ms(1010)), "the large one is first");
        assert_eq!(queue.poll(large, ms(10), rate), Ok(100));
        assert_eq!(queue.poll(small, ms(1009), rate), Err(ms(1010)));
        assert_eq!(queue.poll(small, ms(1010), rate), Ok(1));
        assert!(queue.is_empty());
    }

    #[test]
    fn who_leaves_keeps_nobody_waiting() {
        let mut queue = Queue::default();
        let (first, second) = (queue.enter(100), queue.enter(1));
        assert_eq!(queue.poll(second, ms(0), Some(10.0)), Err(ms(10_000)));
        queue.leave(first);
        assert_eq!(queue.poll(second, ms(0), Some(10.0)), Ok(1));
    }

    #[test]
    fn who_comes_back_before_its_turn_waits_a_moment() {
        let mut queue = Queue::default();
        let (_first, second) = (queue.enter(1), queue.enter(1));
        assert_eq!(queue.poll(second, ms(500), Some(10.0)), Err(ms(501)));
    }

    #[test]
    fn a_hold_delays_all_and_makes_no_burst() {
        let mut queue = Queue::default();
        let (first, second) = (queue.enter(10), queue.enter(10));
        queue.hold(ms(5000));
        queue.hold(ms(1000));
        assert_eq!(queue.poll(first, ms(10), Some(10.0)), Err(ms(5000)));
        assert_eq!(queue.poll(first, ms(5000), Some(10.0)), Ok(10));
        assert_eq!(queue.poll(second, ms(5000), Some(10.0)), Err(ms(6000)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn late_timers_make_no_drift(rate in 1.0_f64..1000.0, sizes in prop::collection::vec((1_u64..100, 0_u64..9), 2..50)) {
            let mut queue = Queue::default();
            let (mut before, mut now) = (0, Duration::ZERO);
            for (size, late) in sizes {
                let ticket = queue.enter(size);
                while let Err(due) = queue.poll(ticket, now, Some(rate)) {
                    now = due + ms(late);
                }
                let due = before as f64 / rate;
                let late = now.as_secs_f64() - due;
                prop_assert!((-1e-3..0.010).contains(&late), "{before} batches in {now:?}");
                before += size;
            }
        }
    }
}
