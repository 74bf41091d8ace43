//! Over how long the service counts, and how much it allows in that time: read off its percentages and the batches sent here.
//!
//! While a count fills, a reading grows by what is sent: that tells what a batch weighs. As soon as a reading is less than the weight of all
//! that was sent, something has gone out of the count, and the batches that do explain it, counted back, tell how long it reaches. A reading
//! that drops at once tells that a count began anew, and two of them how long it lasts. Until an end was seen, what is left has to do for as
//! much time again as has passed; so a limit is not exceeded that nobody told of.
//!
//! From then on each reading is a bound: the limit is at most what was sent here in the window before it, divided by the reading. That is
//! exact at all times where the service looks back from each moment, and at the end of each window where it counts anew. What others send
//! makes the bound lower in proportion, as it should.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::ledger::{Ledger, Point};
use super::total::Total;

/// What is no longer than this, in seconds, is left to the meter.
const SHORTEST: f64 = 2.5;
/// A percentage has to have risen by this before it tells what a batch weighs, for it may be rounded.
const RISEN: f64 = 10.0;
/// From half of that rise to all of it there are about twice as many batches; else it is not these batches that made it.
const STEADY: Range<f64> = 1.4..3.0;
/// What begins within so many seconds begins at about the same time.
const TOGETHER: f64 = 5.0;
/// A count that begins with more than this has others in it, who come and go.
const LOW: f64 = 25.0;
/// A reading this much lower than the last one is of a new count.
const DROP: f64 = 0.25;
/// Less than this share of the expected rise, and a rounding, mean that something has gone out of the count.
const EXPLAINED: f64 = 0.9;
const ROUNDING: f64 = 1.0;
/// A window that was seen whole is not doubted before a count has gone on for so many times as long.
const LONGER: f64 = 1.1;
/// The share of a count that has to have been seen to tell how long it lasted.
const CLOSE: f64 = 0.85;
/// A bound counts for so many windows: the lowest of one is the limit, and the next one has to be complete before it is forgotten.
const KEPT: f64 = 1.25;
/// No moment of the window to come may have more than this in it, in percent: a little above what is steered for.
const BRIM: f64 = 99.6;
/// Moments of the coming window that are looked at.
const MOMENTS: u32 = 16;
/// The share that is made use of where no readings tell of the limit, and for how many seconds that is remembered.
const BLIND: f64 = 0.97;
const REMEMBERED: f64 = 15.0 * 60.0;
/// Windows that services count in. When what is configured fits one of them it is taken to be right until more than so many were seen.
const USUAL: [f64; 2] = [10.0, 60.0];
const FITS: Range<f64> = 0.92..1.08;
const BELIEVED: f64 = 1.25;
/// The least time that what is left has to do for then, as a share of the window.
const BRIEF: f64 = 0.01;
/// How far the time between counts that begin may be from what was thought to be the window.
const PERIOD: Range<f64> = 0.5..2.0;
/// A service that is closed after more seconds than this was not closed by a full window.
const LONGEST: f64 = 120.0;

/// Where a count of the service began to rise.
#[derive(Clone, Copy, Debug)]
struct Origin {
    point: Point,
    reading: f64,
    /// Whether it was seen to begin.
    fresh: bool,
    /// Whether everything since then is still in the count, as far as is known.
    whole: bool,
    /// What had been sent at half of the rise that is needed.
    half: Option<f64>,
    /// Batches for each percent.
    weight: Option<f64>,
}

/// When the first and the last request were refused since one was taken.
#[derive(Clone, Copy, Debug)]
struct Closed {
    first: f64,
    last: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Span {
    ledger: Ledger,
    origin: Option<Origin>,
    /// When what was sent that was read last, and the reading.
    last: (f64, f64),
    /// Seconds that the service counts over; at least.
    window: f64,
    /// Whether a window was seen from its beginning to its end.
    sure: bool,
    /// When a reading told that there are at most so many batches in a window; rising in both.
    bounds: VecDeque<(f64, f64)>,
    total: Total,
    /// Since when the service takes requests.
    opened: Option<Point>,
    closed: Option<Closed>,
}

impl Default for Span {
    fn default() -> Self {
        Self {
            ledger: Ledger::default(),
            origin: None,
            last: (0.0, 0.0),
            window: 1.0,
            sure: false,
            bounds: VecDeque::new(),
            total: Total::default(),
            opened: None,
            closed: None,
        }
    }
}

impl Span {
    /// So many batches go out.
    pub(super) fn sent(&mut self, now: Duration, batches: u64) {
        self.ledger.add(now.as_secs_f64(), count(batches));
        let needed = self.ledger.newest().at - 2.0 * KEPT * self.window;
        let rising = self.origin.filter(|origin| origin.whole).map(|origin| origin.point.at);
        self.ledger.thin(rising.map_or(needed, |rising| rising.min(needed)));
    }

    /// They were taken, and the answer told this percentage.
    pub(super) fn taken(&mut self, sent: Duration, reading: Option<f64>) {
        let at = sent.as_secs_f64();
        if let Some(reading) = reading.filter(|read| read.is_finite() && *read >= 0.0) {
            self.learn(at, reading);
            self.last = (at, reading);
            self.total.read(at, reading, self.window);
            self.timed();
            self.bound(at, reading);
        }
        self.reopened(at);
    }

    /// They were not taken.
    pub(super) fn refused(&mut self, sent: Duration, batches: u64) {
        self.ledger.take_back(sent.as_secs_f64(), count(batches));
    }

    /// And that because the limit is used up.
    pub(super) fn full(&mut self, sent: Duration) {
        let at = sent.as_secs_f64();
        self.bound(at, 100.0);
        let Closed { first, last } = self.closed.unwrap_or(Closed { first: at, last: at });
        self.closed = Some(Closed { first: first.min(at), last: last.max(at) });
    }

    fn learn(&mut self, at: f64, reading: f64) {
        let fresh = self.last.1 > RISEN && reading < self.last.1 * DROP;
        if !fresh && self.origin.is_some_and(|origin| !origin.whole) {
            return;
        }
        let here = Point { at, sum: self.ledger.sum(at) };
        let Some(mut origin) = self.origin.filter(|_| !fresh) else {
            self.ended(at);
            self.origin = Some(Origin::here(here, reading, fresh));
            return;
        };
        let (rise, sent) = (reading - origin.reading, here.sum - origin.point.sum);
        origin.weigh(rise, sent);
        if let Some(weight) = origin.weight.filter(|weight| rise < EXPLAINED * sent / weight - ROUNDING) {
            origin.whole = false;
            let reach = at - self.ledger.when(here.sum - weight * rise);
            self.settle(at, reach, weight, rise > 0.0);
        }
        // Another sender that begun just after this one is soon as steady.
        let others = !origin.whole && self.window <= SHORTEST && at - origin.point.at < TOGETHER;
        self.origin = Some(if others && reading < LOW { Origin::here(here, reading, false) } else { origin });
    }

    /// Counts that begin at regular times tell better than the first of them.
    fn timed(&mut self) {
        let known = |period: &f64| *period > SHORTEST && PERIOD.contains(&(period / self.window));
        if let Some(period) = self.total.period().filter(known).filter(|period| *period != self.window) {
            // In a shorter window there is less.
            self.bounds.iter_mut().for_each(|bound| bound.1 *= period / self.window);
            (self.window, self.sure) = (period, true);
        }
    }

    /// A new count begins: the one before it is over. When, is known only if there were readings until shortly before.
    fn ended(&mut self, now: f64) {
        if let Some(Origin { point, fresh, whole: true, weight: Some(weight), .. }) = self.origin {
            let (seen, lasted) = (self.last.0 - point.at, now - point.at);
            let close = seen > lasted * CLOSE;
            self.settle(now, if close { lasted } else { seen }, weight, fresh && close);
        }
    }

    /// Without readings, a service that was closed for long tells of the window: its count was full, and what it took since it opened before
    /// is all that it takes in one.
    fn reopened(&mut self, at: f64) {
        let opened = *self.opened.get_or_insert(Point { at, sum: 0.0 });
        let Some(Closed { first, last }) = self.closed.filter(|closed| at > closed.last) else { return };
        self.closed = None;
        let here = Point { at: (last + at) / 2.0, sum: self.ledger.sum(last) };
        if self.origin.is_some() || here.at - first < SHORTEST {
            return;
        }
        if here.at - opened.at < LONGEST {
            self.settle(at, here.at - opened.at, (here.sum - opened.sum) / 100.0, true);
        }
        self.opened = Some(here);
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

    fn bound(&mut self, at: f64, reading: f64) {
        if self.window <= SHORTEST || self.rising(at).is_some() {
            self.bounds.clear();
        } else if reading > 0.0 {
            let bound = (self.ledger.sum(at) - self.ledger.sum(at - self.window)) / reading * 100.0;
            while self.bounds.back().is_some_and(|back| back.1 >= bound) {
                self.bounds.pop_back();
            }
            self.bounds.push_back((at, bound));
            while self.bounds.front().is_some_and(|front| front.0 < at - self.window * KEPT) {
                self.bounds.pop_front();
            }
        }
    }

    /// The count that has been rising for longer than any is known to last, and its weight.
    fn rising(&self, now: f64) -> Option<(Origin, f64)> {
        let origin = self.origin.filter(|origin| origin.whole)?;
        let known = if self.sure { self.window * LONGER } else { 0.0 };
        (now - origin.point.at > known.max(SHORTEST)).then_some((origin, origin.weight?))
    }

    /// Batches a second that the service allows; none when that is not known, or its window is so short that the meter knows better.
    pub(super) fn limit(&self, now: Duration) -> Option<f64> {
        let now = now.as_secs_f64();
        if self.window <= SHORTEST || self.rising(now).is_some() {
            return None;
        }
        let (at, bound) = self.bounds.front()?;
        match self.origin {
            Some(_) => Some(bound / self.window),
            None => (now - at < REMEMBERED).then_some(bound / self.window * BLIND),
        }
    }

    /// What everybody used in the last window, in percent, and its seconds; none when that is not known, or left to the meter.
    pub(super) fn used(&self, now: Duration) -> Option<(f64, f64)> {
        self.origin.and(self.limit(now))?;
        Some((self.total.last_window(self.window)?, self.window))
    }

    /// Whether the service counts anew after each window.
    pub(super) fn begins(&self) -> bool {
        self.total.begins(self.window)
    }

    /// The highest rate at which no moment of the window to come has more in it than allowed, whatever was sent before. What is configured
    /// may tell of a window that was not seen yet.
    pub(super) fn most(&self, now: Duration, configured: Option<f64>) -> Option<f64> {
        let now = now.as_secs_f64();
        let sent = self.ledger.newest().sum;
        if let Some((origin, weight)) = self.rising(now) {
            let age = now - origin.point.at;
            let usual = configured.and_then(|configured| usual(weight * 100.0 / configured));
            let (read, lasts) = match usual.filter(|usual| age < usual * BELIEVED) {
                Some(usual) => {
                    let since = sent - self.ledger.sum(self.last.0);
                    (self.last.1 + since / weight, age.min((usual - age).max(usual * BRIEF)))
                }
                None => (origin.reading + (sent - origin.point.sum) / weight, age),
            };
            return Some(((BRIM - read) * weight / lasts).max(0.0));
        }
        if self.window <= SHORTEST {
            return None;
        }
        let brim = self.bounds.front()?.1 * BRIM / 100.0;
        let moment = |moment: u32| {
            let ahead = self.window * f64::from(moment) / f64::from(MOMENTS);
            let left = sent - self.ledger.sum(now - self.window + ahead);
            (brim - left) / ahead
        };
        (1..=MOMENTS).map(moment).reduce(f64::min).map(|most| most.max(0.0))
    }
}

impl Origin {
    fn here(point: Point, reading: f64, fresh: bool) -> Self {
        Self { point, reading, fresh, whole: reading < LOW, half: None, weight: None }
    }

    /// Learns what a batch weighs from a rise and what was sent meanwhile; the steepest rise is the one in which nothing went out.
    fn weigh(&mut self, rise: f64, sent: f64) {
        match (self.half, self.weight) {
            (None, _) => self.half = Some(sent).filter(|_| rise >= RISEN / 2.0),
            (Some(_), Some(weight)) if rise >= RISEN => self.weight = Some(weight.min(sent / rise)),
            (Some(half), None) if rise >= RISEN => {
                self.whole = STEADY.contains(&(sent / half));
                self.weight = Some(sent / rise);
            }
            _ => {}
        }
    }
}

/// The usual window that these seconds fit.
fn usual(seconds: f64) -> Option<f64> {
    USUAL.into_iter().find(|usual| FITS.contains(&(seconds / usual)))
}

fn count(batches: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Far below 2^52.
    let batches = batches as f64;
    batches
}

#[cfg(test)]
#[path = "span_tests.rs"]
mod tests;
