//! How much was sent by when, as a line through some points.

use std::collections::VecDeque;

/// Points that are kept; beyond them the line gets coarser.
const POINTS: usize = 512;
/// The least time between points, in seconds.
const STEP: f64 = 0.025;

/// All that was sent up to a moment, which is in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point {
    pub at: f64,
    pub sum: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Ledger {
    /// Rising in both.
    points: VecDeque<Point>,
    step: f64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { points: VecDeque::from([Point::default()]), step: STEP }
    }
}

impl Ledger {
    /// So many batches went out.
    pub(super) fn add(&mut self, at: f64, batches: f64) {
        let newest = self.newest();
        let point = Point { at: at.max(newest.at), sum: newest.sum + batches };
        let before = self.points.len().checked_sub(2).and_then(|before| self.points.get(before)).copied();
        if before.is_some_and(|before| point.at < before.at + self.step) {
            self.points.pop_back();
        }
        self.points.push_back(point);
    }

    /// What was sent then does not count.
    pub(super) fn take_back(&mut self, at: f64, batches: f64) {
        for point in self.points.iter_mut().rev().take_while(|point| point.at >= at) {
            point.sum -= batches;
        }
    }

    /// Forgets what was before that time when there are many points, and every other point when there still are.
    pub(super) fn thin(&mut self, needed: f64) {
        if self.points.len() <= POINTS {
            return;
        }
        while self.points.get(1).is_some_and(|second| second.at < needed) {
            self.points.pop_front();
        }
        if self.points.len() > POINTS {
            self.step *= 2.0;
            let mut keep = false;
            let newest = self.points.pop_back();
            self.points.retain(|_| {
                keep = !keep;
                keep
            });
            self.points.extend(newest);
        }
    }

    /// All that was sent.
    pub(super) fn newest(&self) -> Point {
        self.points.back().copied().unwrap_or_default()
    }

    /// What was sent until then.
    pub(super) fn sum(&self, at: f64) -> f64 {
        let after = self.points.partition_point(|point| point.at <= at);
        self.between(after, at, |point| (point.at, point.sum))
    }

    /// When so much had been sent.
    pub(super) fn when(&self, sum: f64) -> f64 {
        let after = self.points.partition_point(|point| point.sum <= sum);
        self.between(after, sum, |point| (point.sum, point.at))
    }

    fn between(&self, after: usize, at: f64, axes: impl Fn(&Point) -> (f64, f64)) -> f64 {
        let before = after.checked_sub(1).and_then(|before| self.points.get(before)).map(&axes);
        match (before, self.points.get(after).map(&axes)) {
            (Some((from, low)), Some((to, high))) => {
                let part = (at - from) / (to - from).max(f64::MIN_POSITIVE);
                low + part.clamp(0.0, 1.0) * (high - low)
            }
            (Some((_, only)), None) | (None, Some((_, only))) => only,
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_how_much_by_when_and_when_how_much() {
        let mut ledger = Ledger::default();
        (1..=10).for_each(|second| ledger.add(f64::from(second), 20.0));
        assert_eq!(
            (ledger.sum(0.0), ledger.sum(4.0), ledger.sum(4.5), ledger.sum(99.0)),
            (0.0, 80.0, 90.0, 200.0)
        );
        assert_eq!((ledger.when(80.0), ledger.when(90.0), ledger.when(999.0)), (4.0, 4.5, 10.0));
    }

    #[test]
    fn what_was_refused_does_not_count() {
        let mut ledger = Ledger::default();
        (1..=4).for_each(|second| ledger.add(f64::from(second), 10.0));
        ledger.take_back(2.0, 10.0);
        assert_eq!([1.0, 2.0, 3.0, 4.0].map(|at| ledger.sum(at)), [10.0, 10.0, 20.0, 30.0]);
    }

    #[test]
    fn it_stays_small_and_true() {
        let mut ledger = Ledger::default();
        for tenth in 1..=100_000_u32 {
            ledger.add(f64::from(tenth) / 10.0, 1.0);
            ledger.thin(0.0);
        }
        assert!(ledger.points.len() <= POINTS);
        assert_eq!(ledger.newest().sum, 100_000.0);
        let sum = ledger.sum(5000.0);
        assert!((sum - 50_000.0).abs() < 1.0, "{sum}");
        ledger.add(10_000.0, 1.0);
        (0..POINTS).for_each(|_| ledger.add(ledger.newest().at + 100.0, 1.0));
        ledger.thin(10_000.0);
        assert!(ledger.points.front().unwrap().at > 9000.0);
    }

    #[test]
    fn a_clock_that_goes_back_does_no_harm() {
        let mut ledger = Ledger::default();
        ledger.add(10.0, 1.0);
        ledger.add(5.0, 1.0);
        assert_eq!((ledger.newest().at, ledger.newest().sum), (10.0, 2.0));
    }
}
