//! How fast: the rate that follows what the service says of its limit.

use std::time::Duration;

use super::aimd::{Aimd, Window};

/// The use of the limit, in percent, that a single sender at its configured rate steers for.
const TARGET: f64 = 98.9;
/// Whoever is slower than configured steers for a little more, whoever is faster for a little less: that is what makes senders of one account
/// end at the same rate, although none knows of the others. In percent for each factor of *e*.
const FAIRNESS: f64 = 0.45;
/// The most that is steered for.
const TARGET_MAX: f64 = 99.3;
/// The share of the configured rate that is made use of: requests do not arrive as evenly as they are sent.
const MARGIN: f64 = 0.988;
/// A reading from which the service's limit, and not something it does not tell of, explains a 429.
const NEAR: f64 = 94.0;
/// Seconds in which most of what is missing to the target is made up for, and most of what is too much is given up.
const UP: f64 = 3.0;
const DOWN: f64 = 1.0;
/// Growth a second, as a share of the configured rate: with readings to go by, and without.
const GROWTH: f64 = 0.04;
const BLIND_GROWTH: f64 = 0.01;
/// `acceleration` halves the growth, down to this.
const LEAST_GROWTH: f64 = 1.0 / 64.0;
/// Seconds in which most of the growth comes back.
const GROWTH_BACK: f64 = 120.0;
/// No growth for this long after a 429.
const FROZEN: Duration = Duration::from_secs(2);
/// Requests sent earlier than this after a cut say nothing about the new rate.
const SETTLE: Duration = Duration::from_millis(500);
/// What a 429 leaves of the rate when a reading explains it, and of the limit when its window is known.
const GENTLE: f64 = 0.995;
const KNOWN: f64 = 0.98;
/// Counts over many seconds read steadier: so much more is steered for, in percent.
const STEADIER: f64 = 0.15;
/// Where a count begins anew, the last requests of all senders meet at its end: for each percent of the own share that a request takes, so
/// much less is steered for.
const GRAIN: f64 = 0.25;
/// Of the requests right after such a 429, the share of refusals that the readings still take care of; each one above takes so much.
const STRAY: f64 = 0.2;
const STEEP: f64 = 5.0;
/// How long a rate that was too much without a reading that tells so is not tried again.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);
/// With nothing taken since the last cut, the next one waits for this long: what was sent before has to go out of the service's count first.
const DRAIN: Duration = Duration::from_secs(5);
/// No rate is cut below this, and not below this share of the configured one: some request has to find out that the limit is higher again.
const LEAST: f64 = 0.5;
const LEAST_SHARE: f64 = 0.04;
/// Time without an answer that still counts as time to grow, in seconds.
const LONGEST_STEP: f64 = 3.0;
/// What there was too much of when nothing was configured and nothing measured: the documented limit.
const DOCUMENTED: f64 = 270.0;
/// After a pause of this length the rate starts again from where it started first.
const PAUSE: Duration = Duration::from_secs(60);

/// A rate at which the service said 429 although its readings were low, or absent.
#[derive(Clone, Copy, Debug)]
struct Wall {
    rate: f64,
    at: Duration,
    /// Percent of use for each batch a second, then.
    gain: Option<f64>,
}

/// What the answers tell of the limit at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// The highest use of the last second, in percent.
    pub peak: Option<f64>,
    /// What was taken lately of all that was sent.
    pub share: f64,
    /// Batches taken a second.
    pub measured: f64,
    /// Batches a second that a window of many seconds allows.
    pub limit: Option<f64>,
    /// The highest rate that such a window has room for, after what was sent already.
    pub most: Option<f64>,
    /// That window.
    pub window: Option<Window>,
}

/// What came of the requests since a first one was refused.
#[derive(Clone, Copy, Debug)]
struct Watch {
    until: Duration,
    taken: f64,
    refused: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Speed {
    /// Batches a second; none when there is no ceiling and never was a reason for one.
    rate: Option<f64>,
    configured: Option<f64>,
    maximum: f64,
    start: f64,
    growth: f64,
    /// Growth with nothing before it counts from here.
    updated: Duration,
    frozen: Duration,
    /// Requests sent before this say nothing new by their 429.
    settled: Duration,
    /// Whether anything that was sent after the last cut was taken; until then, the time from which there can be another cut.
    drained: Option<Duration>,
    wall: Option<Wall>,
    watch: Option<Watch>,
    aimd: Aimd,
}

impl Speed {
    /// Starts at `start`, at most `configured`.
    pub(super) fn new(configured: Option<f64>, start: f64) -> Self {
        Self {
            rate: configured.map(|configured| start.min(configured * MARGIN)),
            configured,
            maximum: configured.map_or(f64::MAX, |configured| configured * MARGIN),
            start,
            growth: 1.0,
            updated: Duration::ZERO,
            frozen: Duration::ZERO,
            settled: Duration::ZERO,
            drained: None,
            wall: None,
            watch: None,
            aimd: Aimd::default(),
        }
    }

    pub(super) fn configured(&self) -> Option<f64> {
        self.configured
    }

    pub(super) fn maximum(&mut self, maximum: f64) {
        self.maximum = self.maximum.max(maximum);
    }

    pub(super) fn start(&mut self, start: f64) {
        self.start = start;
        self.rate = self.configured.map(|configured| start.min(configured));
    }

    pub(super) fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Follows what is told; `wanted` is whether anybody had to wait for the rate.
    pub(super) fn follow(&mut self, now: Duration, told: &Told, wanted: bool) {
        let passed = now.saturating_sub(self.updated);
        self.updated = self.updated.max(now);
        if self.rate.is_none() && told.peak.is_some_and(|peak| peak > TARGET) {
            // There was no ceiling; now there is a reason for one.
            self.rate = Some(told.measured.max(DOCUMENTED));
        }
        let Some(rate) = self.rate else { return };
        if passed > PAUSE {
            self.set(rate.min(self.start));
            return;
        }
        let seconds = passed.as_secs_f64().min(LONGEST_STEP);
        self.growth += (1.0 - self.growth) * (seconds / GROWTH_BACK);
        if told.limit.is_some() {
            self.wall = None;
        }
        if let Some(alike) = self.alike(now, rate, told, wanted, seconds) {
            self.set(alike);
            return;
        }
        let mut steered = self.steered(now, rate, told, wanted, seconds);
        if let Some(most) = told.most {
            steered = steered.min(most);
        }
        self.set(steered);
    }

    /// The rate after so many seconds of coming closer to that of other senders; none when that is not to be done.
    fn alike(&mut self, now: Duration, rate: f64, told: &Told, wanted: bool, seconds: f64) -> Option<f64> {
        let (limit, window) = (told.limit?, told.window?);
        let configured = self.configured.unwrap_or(DOCUMENTED);
        let at = now.as_secs_f64();
        if !self.aimd.notice(at, limit, configured, &window) {
            return None;
        }
        let grows = wanted && now >= self.frozen;
        Some(self.aimd.follow(at, (rate, limit, configured), &window, seconds, grows))
    }

    /// The rate after so many seconds of steering for the target.
    fn steered(&self, now: Duration, rate: f64, told: &Told, wanted: bool, seconds: f64) -> f64 {
        let reference = self.configured.unwrap_or(rate);
        let target = target(reference, rate);
        let missing = match told.limit {
            Some(limit) => {
                let target = target + STEADIER - told.window.map_or(0.0, |window| GRAIN * window.grain);
                Some(limit * target / 100.0 / rate.max(LEAST) - 1.0)
            }
            None => told.peak.map(|peak| (target - peak) / 100.0),
        };
        let most = reference * self.growth * if missing.is_some() { GROWTH } else { BLIND_GROWTH };
        let more = match missing {
            Some(missing) if missing < 0.0 => return rate * (1.0 + missing * (seconds / DOWN)).max(0.5),
            _ if !wanted || now < self.frozen => return rate,
            Some(missing) => (rate * missing / UP).min(most),
            None => most,
        };
        self.within(now, told.peak, rate, rate + seconds * more)
    }

    /// The service took what was sent at `sent`.
    pub(super) fn taken(&mut self, now: Duration, sent: Duration) {
        if sent >= self.settled {
            self.drained = None;
        }
        self.watched(now, 1.0, 0.0);
    }

    /// Counts what came of the requests after a 429, and cuts when too many were refused. Whoever cuts by what just happened to be refused
    /// ends apart from the other senders of the account; half for all keeps them together, and the readings lead back to the limit.
    fn watched(&mut self, now: Duration, taken: f64, refused: f64) {
        let Some(watch) = &mut self.watch else { return };
        watch.taken += taken;
        watch.refused += refused;
        if now < watch.until {
            return;
        }
        let excess = watch.refused / (watch.taken + watch.refused) - STRAY;
        self.watch = None;
        if let Some(rate) = self.rate.filter(|_| excess > 0.0) {
            self.settled = now;
            self.set(rate * (1.0 - STEEP * excess).max(0.5));
        }
    }

    /// The service said that the speed is too high, to a request sent at `sent`. Whether that is news.
    pub(super) fn too_fast(&mut self, now: Duration, sent: Duration, told: &Told) -> bool {
        self.frozen = self.frozen.max(now + FROZEN);
        self.watched(now, 0.0, 1.0);
        if sent < self.settled {
            return false;
        }
        self.settled = now + SETTLE;
        if self.drained.is_some_and(|from| now < from) {
            return true;
        }
        self.drained = Some(now + DRAIN);
        let rate = self.rate.unwrap_or_else(|| told.measured.max(DOCUMENTED));
        self.rate = Some(rate);
        let left = self.cut(now, rate, told);
        self.set(left);
        true
    }

    /// What is left of a rate that was too much.
    fn cut(&mut self, now: Duration, rate: f64, told: &Told) -> f64 {
        if let Some(left) =
            told.window.and_then(|window| self.aimd.decrease(now.as_secs_f64(), rate, &window))
        {
            return left;
        }
        if told.limit.is_some() || told.most.is_some() {
            let limit = told.limit.map_or(rate, |limit| limit * KNOWN);
            return told.most.unwrap_or(rate).min(limit).min(rate);
        }
        if told.peak.is_some_and(|peak| peak >= NEAR) {
            self.watch = Some(Watch { until: self.settled, taken: 0.0, refused: 0.0 });
            return rate * GENTLE;
        }
        self.wall = Some(Wall { rate, at: now, gain: told.peak.map(|peak| peak / rate.max(LEAST)) });
        rate * told.share.clamp(0.5, 0.8)
    }

    /// The service said that the speed grows too fast: it stays, and grows more slowly.
    pub(super) fn too_steep(&mut self, now: Duration, sent: Duration) -> bool {
        self.frozen = self.frozen.max(now + FROZEN);
        if sent < self.settled {
            return false;
        }
        self.settled = now + SETTLE;
        self.growth = (self.growth / 2.0).max(LEAST_GROWTH);
        true
    }

    /// No more than a little below where there was a 429 without a warning, unless the readings say that things have changed since.
    fn within(&self, now: Duration, peak: Option<f64>, rate: f64, wanted: f64) -> f64 {
        let Some(wall) = self.wall else { return wanted };
        let changed = match (wall.gain, peak) {
            (Some(then), Some(peak)) => peak / rate.max(LEAST) < then * 0.8,
            _ => false,
        };
        if changed || now.saturating_sub(wall.at) > REMEMBERED {
            return wanted;
        }
        wanted.min((wall.rate * 0.95).max(rate))
    }

    fn set(&mut self, rate: f64) {
        let least = self.configured.map_or(LEAST, |configured| (configured * LEAST_SHARE).max(LEAST));
        let least = least.min(self.maximum);
        self.rate = Some(if rate.is_finite() { rate.clamp(least, self.maximum) } else { least });
    }
}

fn target(reference: f64, rate: f64) -> f64 {
    let slower = reference / rate.max(LEAST);
    (TARGET + FAIRNESS * slower.max(f64::MIN_POSITIVE).ln()).clamp(TARGET - FAIRNESS, TARGET_MAX)
}

#[cfg(test)]
#[path = "speed_tests.rs"]
mod tests;
