//! How many posts at a time: a state machine on a clock that is passed in.

use std::time::Duration;

/// Where it begins, when the maximum is not lower.
const START: usize = 4;
/// A failure halves the number, an answer that takes long takes a tenth.
const FAILED: f64 = 0.5;
const SLOW: f64 = 0.9;
/// An answer takes long when it needs so many times what the fastest did, and more than noise on top.
const TIMES: f64 = 3.0;
const NOISE: f64 = 0.1;
/// The fastest answer is forgotten slowly: the way to the service can get longer.
const FORGET: f64 = 1.002;
/// The part that a new answer has in the smoothed time.
const PART: f64 = 0.125;

/// The number of posts that may be in the air: grows by one for each round of good answers, shrinks when they fail or become slow.
///
/// ```
/// use std::time::Duration;
/// use mparticle_events::deliver::Window;
///
/// let mut window = Window::new(16);
/// assert_eq!(window.posts(), 4);
/// window.failed(Duration::from_secs(2), Duration::from_secs(1));
/// assert_eq!(window.posts(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Window {
    posts: f64,
    maximum: f64,
    /// Requests sent before this say nothing new.
    settled: Duration,
    fastest: f64,
    smooth: f64,
}

impl Window {
    /// At most so many at a time, at least one; begins with four.
    #[must_use]
    pub fn new(maximum: usize) -> Self {
        let maximum = maximum.max(1);
        #[allow(clippy::cast_precision_loss)] // Nobody has 2^52 connections.
        let (posts, maximum) = (maximum.min(START) as f64, maximum as f64);
        Self { posts, maximum, settled: Duration::ZERO, fastest: f64::INFINITY, smooth: 0.0 }
    }

    /// Posts that may be in the air.
    #[must_use]
    pub fn posts(&self) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 1 and a `usize`.
        let posts = self.posts as usize;
        posts.max(1)
    }

    /// The service answered at `now` what was sent at `sent`; `full` when all that may be in the air were.
    pub fn answered(&mut self, now: Duration, sent: Duration, full: bool) {
        let took = now.saturating_sub(sent).as_secs_f64();
        self.smooth = if self.smooth > 0.0 { self.smooth + (took - self.smooth) * PART } else { took };
        self.fastest = (self.fastest * FORGET).min(took);
        if self.smooth > self.fastest * TIMES + NOISE {
            self.shrink(now, sent, SLOW);
        } else if full {
            self.posts = (self.posts + 1.0 / self.posts).min(self.maximum);
        }
    }

    /// What was sent at `sent` got no answer, or one that says that the service cannot cope (408, 5xx).
    pub fn failed(&mut self, now: Duration, sent: Duration) {
        self.shrink(now, sent, FAILED);
    }

    /// Once for all that was in the air together.
    fn shrink(&mut self, now: Duration, sent: Duration, to: f64) {
        if sent >= self.settled {
            self.settled = now;
            self.posts = (self.posts * to).max(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// So many rounds of full windows, each answer taking so long.
    fn rounds(window: &mut Window, start: Duration, rounds: u32, took: Duration) -> Duration {
        let mut now = start;
        for _ in 0..rounds {
            let sent = now;
            now += took;
            for _ in 0..window.posts() {
                window.answered(now, sent, true);
            }
        }
        now
    }

    #[test]
    fn it_begins_with_few_and_grows_by_one_a_round() {
        let mut window = Window::new(8);
        assert_eq!(window.posts(), 4);
        let now = rounds(&mut window, ms(0), 2, ms(50));
        assert_eq!(window.posts(), 5);
        rounds(&mut window, now, 50, ms(50));
        assert_eq!(window.posts(), 8);
        assert_eq!([0, 1, 3].map(|most| Window::new(most).posts()), [1, 1, 3]);
    }

    #[test]
    fn it_does_not_grow_when_nobody_needs_it() {
        let mut window = Window::new(8);
        for round in 0..100 {
            window.answered(ms(round * 10 + 5), ms(round * 10), false);
        }
        assert_eq!(window.posts(), 4);
    }

    #[test]
    fn failures_of_one_round_count_once_and_never_below_one() {
        let mut window = Window::new(16);
        rounds(&mut window, ms(0), 200, ms(10));
        assert_eq!(window.posts(), 16);
        for _ in 0..16 {
            window.failed(ms(9000), ms(8000));
        }
        assert_eq!(window.posts(), 8);
        for second in 10..40 {
            window.failed(ms(second * 1000 + 500), ms(second * 1000));
        }
        assert_eq!(window.posts(), 1);
        rounds(&mut window, ms(60_000), 5, ms(10));
        assert!(window.posts() > 1, "it comes back");
    }

    #[test]
    fn answers_that_become_slow_make_it_shrink() {
        let mut window = Window::new(16);
        let now = rounds(&mut window, ms(0), 200, ms(100));
        let before = window.posts();
        rounds(&mut window, now, 5, ms(1500));
        assert!(window.posts() < before, "{before} → {}", window.posts());
    }

    #[test]
    fn a_longer_way_is_got_used_to() {
        let mut window = Window::new(8);
        let now = rounds(&mut window, ms(0), 20, ms(20));
        let now = rounds(&mut window, now, 2000, ms(400));
        rounds(&mut window, now, 200, ms(400));
        assert_eq!(window.posts(), 8);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_always_between_one_and_the_maximum(
            most in 0_usize..100,
            events in prop::collection::vec((any::<bool>(), any::<bool>(), any::<u32>(), any::<u32>()), 0..200),
        ) {
            let mut window = Window::new(most);
            for (good, full, now, sent) in events {
                let (now, sent) = (ms(now.into()), ms(sent.into()));
                if good { window.answered(now, sent, full) } else { window.failed(now, sent) }
                prop_assert!((1..=most.max(1)).contains(&window.posts()));
            }
        }
    }
}
