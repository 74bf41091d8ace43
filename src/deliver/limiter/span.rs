//! Over how long the service counts, and how much it allows in that time: read off its percentages and the batches sent here.
//!
//! While a count fills, a reading grows by what is sent: that tells what a batch weighs. As soon as a reading is less than the weight of all
//! that was sent, something has gone out of the count, and the batches that do explain it, counted back, tell how long it reaches.

use std::collections::VecDeque;
use std::time::Duration;

/// Seconds that the service counts over until something else is known; what is no longer than this is left to the meter.
const SHORTEST: f64 = 2.5;
/// A percentage has to have risen by this before it tells what a batch weighs, for it may be rounded.
const RISEN: f64 = 5.0;
/// A count that is seen to begin with more than this has others in it, who come and go.
const LOW: f64 = 25.0;
/// Less than this share of the expected rise, and a rounding, mean that something has gone out of the count.
const EXPLAINED: f64 = 0.85;
const ROUNDING: f64 = 1.0;
/// What is known of the length holds until the count has gone on for so many times as long.
const LONGER: f64 = 1.1;
/// A reading counts for so many windows: the highest of one is the use, and the next one has to be complete before it is forgotten.
const KEPT: f64 = 1.25;
/// No moment of the window to come may have more than this in it, in percent: a little above what is steered for.
const BRIM: f64 = 99.6;
/// The share that is made use of where no readings tell of the limit, and how long that is remembered.
const BLIND: f64 = 0.97;
const REMEMBERED: f64 = 15.0 * 60.0;
/// No window is longer, in seconds.
const LONGEST: f64 = 120.0;
/// Moments of the coming window that are looked at.
const MOMENTS: u32 = 16;
/// Points that are kept of the past; more of them are thinned out.
const POINTS: usize = 512;
/// The least time between points, in seconds.
const STEP: f64 = 0.025;

/// All that was sent up to a moment.
#[derive(Clone, Copy, Debug)]
struct Point {
    at: f64,
    sum: f64,
}

/// Where the count of the service began to rise.
#[derive(Clone, Copy, Debug)]
struct Origin {
    point: Point,
    reading: f64,
    /// What had been sent when half of the rise was there that is needed to tell the weight.
    half: Option<f64>,
    /// Batches for each percent.
    weight: Option<f64>,
    /// Whether the count was seen to begin.
    fresh: bool,
    /// Whether everything since then is still in the count.
    whole: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Span {
    points: VecDeque<Point>,
    step: f64,
    origin: Option<Origin>,
    last: f64,
    /// Seconds.
    window: f64,
    /// Whether the window was seen from its beginning to its end.
    sure: bool,
    /// No more batches in a window than these, by what was read at that time; rising.
    bounds: VecDeque<(f64, f64)>,
    /// Since when, and at what sum, the service takes requests; and the first and last that it refused then.
    taking: Option<Point>,
    closed: Option<(f64, f64)>,
}

impl Default for Span {
    fn default() -> Self {
        let points = VecDeque::from([Point { at: 0.0, sum: 0.0 }]);
        Self { points, step: STEP, origin: None, last: 0.0, window: 1.0, sure: false, bounds: VecDeque::new(), taking: None, closed: None }
    }
}

impl Span {
    /// So many batches go out.
    pub(super) fn sent(&mut self, now: Duration, batches: u64) {
        let at = now.as_secs_f64();
        let sum = self.newest().sum + count(batches);
        match self.points.len().checked_sub(2).and_then(|before| self.points.get(before)).map(|before| before.at) {
            Some(before) if at < before + self.step => {
                if let Some(last) = self.points.back_mut() {
                    *last = Point { at: last.at.max(at), sum };
                }
            }
            _ => self.points.push_back(Point { at: at.max(self.newest().at), sum }),
        }
        if self.points.len() > POINTS {
            self.thin();
        }
    }

    /// They were not taken after all.
    pub(super) fn refused(&mut self, sent: Duration, batches: u64) {
        let at = sent.as_secs_f64();
        for point in self.points.iter_mut().rev().take_while(|point| point.at >= at) {
            point.sum -= count(batches);
        }
        let (first, last) = self.closed.unwrap_or((at, at));
        self.closed = Some((first.min(at), last.max(at)));
    }

    /// They were taken. Where no readings tell of the window, a service that was closed for long does: its count was full, and what it took
    /// since it last opened is all that it takes in a window.
    pub(super) fn taken(&mut self, sent: Duration) {
        let at = sent.as_secs_f64();
        let taking = *self.taking.get_or_insert(Point { at, sum: 0.0 });
        let Some((first, last)) = self.closed.filter(|closed| at > closed.1) else { return };
        self.closed = None;
        let opened = (last + at) / 2.0;
        let window = opened - taking.at;
        if self.origin.is_none() && opened - first > SHORTEST {
            if window < LONGEST {
                self.settle(at, window, (self.sum(last) - taking.sum) / 100.0, true);
            }
            self.taking = Some(Point { at: opened, sum: self.sum(last) });
        }
    }

    /// The percentage that the answer to what was sent then told; 100 and more when it was refused.
    pub(super) fn read(&mut self, sent: Duration, reading: f64) {
        let at = sent.as_secs_f64();
        let here = Point { at, sum: self.sum(at) };
        if reading < 100.0 {
            self.learn(here, reading);
            self.last = reading;
        }
        if self.open(at).is_some() {
            self.bounds.clear();
        } else if reading > 0.0 {
            let bound = (here.sum - self.sum(at - self.window)) / reading * 100.0;
            while self.bounds.back().is_some_and(|back| back.1 >= bound) {
                self.bounds.pop_back();
            }
            self.bounds.push_back((at, bound));
            while self.bounds.front().is_some_and(|front| front.0 < at - self.window * KEPT) {
                self.bounds.pop_front();
            }
        }
    }

    fn learn(&mut self, here: Point, reading: f64) {
        let anew = reading < self.last / 4.0 && self.last > RISEN;
        let began = Origin { point: here, reading, half: None, weight: None, fresh: anew, whole: reading < LOW };
        let Some(mut origin) = self.origin.filter(|_| !anew) else {
            if let Some((ended, weight)) = self.origin.filter(|ended| ended.whole).and_then(|ended| Some((ended, ended.weight?))) {
                self.settle(here.at, here.at - ended.point.at, weight, ended.fresh);
            }
            self.origin = Some(began);
            return;
        };
        if !origin.whole {
            return;
        }
        let (rise, sent) = (reading - origin.reading, here.sum - origin.point.sum);
        if rise >= RISEN / 2.0 {
            let half = *origin.half.get_or_insert(sent);
            if rise >= RISEN {
                origin.whole = origin.weight.is_some() || sent < half * 3.0;
                origin.weight = Some(origin.weight.map_or(sent / rise, |weight| weight.min(sent / rise)));
            }
        }
        if let Some(weight) = origin.weight {
            if rise < EXPLAINED * sent / weight - ROUNDING {
                origin.whole = false;
                self.settle(here.at, here.at - self.when(here.sum - weight * rise), weight, rise > 0.0);
            }
        }
        self.origin = Some(origin);
    }

    /// The end of a window was seen.
    fn settle(&mut self, now: f64, window: f64, weight: f64, sure: bool) {
        self.sure |= sure;
        if window > self.window * LONGER {
            // What was read with another window in mind is worth nothing now, but so much is known.
            self.bounds = VecDeque::from([(now, weight * 100.0)]);
        }
        self.window = self.window.max(window);
    }

    /// Since when, and at what weight, the count has been rising for longer than any was known to.
    fn open(&self, now: f64) -> Option<(Origin, f64)> {
        let origin = self.origin.filter(|origin| origin.whole)?;
        let weight = origin.weight?;
        let known = if self.sure { self.window * LONGER } else { 0.0 };
        (now - origin.point.at > known.max(SHORTEST)).then_some((origin, weight))
    }

    /// Batches a second that the service allows, when it counts over longer than the meter does.
    pub(super) fn limit(&self, now: Duration) -> Option<f64> {
        if self.window <= SHORTEST || self.open(now.as_secs_f64()).is_some() {
            return None;
        }
        let (at, bound) = self.bounds.front()?;
        let blind = self.origin.is_none();
        if blind && now.as_secs_f64() - at > REMEMBERED {
            return None;
        }
        Some(bound / self.window * if blind { BLIND } else { 1.0 })
    }

    /// The highest rate at which no moment of the window to come has more in it than allowed, whatever was sent before.
    pub(super) fn most(&self, now: Duration) -> Option<f64> {
        let now = now.as_secs_f64();
        let all = self.newest().sum;
        if let Some((origin, weight)) = self.open(now) {
            // As long as the end is not known, what is left has to do for as much time again.
            let read = origin.reading + (all - origin.point.sum) / weight;
            return Some(((BRIM - read) * weight / (now - origin.point.at)).max(0.0));
        }
        if self.window <= SHORTEST {
            return None;
        }
        let brim = self.bounds.front()?.1 * BRIM / 100.0;
        let moment = |n: u32| {
            let ahead = self.window * f64::from(n) / f64::from(MOMENTS);
            (brim - (all - self.sum(now - self.window + ahead))) / ahead
        };
        (1..=MOMENTS).map(moment).reduce(f64::min).map(|most| most.max(0.0))
    }

    fn newest(&self) -> Point {
        self.points.back().copied().unwrap_or(Point { at: 0.0, sum: 0.0 })
    }

    /// All that was sent until then.
    fn sum(&self, at: f64) -> f64 {
        let after = self.points.partition_point(|point| point.at <= at);
        self.between(after, |point| point.at, at, |point| point.sum)
    }

    /// When all that was sent came to this.
    fn when(&self, sum: f64) -> f64 {
        let after = self.points.partition_point(|point| point.sum <= sum);
        self.between(after, |point| point.sum, sum, |point| point.at)
    }

    fn between(&self, after: usize, known: impl Fn(&Point) -> f64, value: f64, wanted: impl Fn(&Point) -> f64) -> f64 {
        let before = after.checked_sub(1).and_then(|before| self.points.get(before));
        match (before, self.points.get(after)) {
            (Some(before), Some(after)) => {
                let part = (value - known(before)) / (known(after) - known(before)).max(f64::MIN_POSITIVE);
                wanted(before) + part.clamp(0.0, 1.0) * (wanted(after) - wanted(before))
            }
            (Some(only), None) | (None, Some(only)) => wanted(only),
            (None, None) => 0.0,
        }
    }

    fn thin(&mut self) {
        let needed = self.newest().at - 2.0 * KEPT * self.window;
        let kept = if self.origin.is_some_and(|origin| origin.whole) { self.origin.map_or(needed, |origin| origin.point.at.min(needed)) } else { needed };
        while self.points.len() > 2 && self.points.get(1).is_some_and(|second| second.at < kept) {
            self.points.pop_front();
        }
        if self.points.len() > POINTS {
            self.step *= 2.0;
            let mut number = 0_usize;
            self.points.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
    }
}

fn count(batches: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Far below 2^52.
    let batches = batches as f64;
    batches
}
