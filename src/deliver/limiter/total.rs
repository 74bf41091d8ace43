//! What all senders together used of the limit in the last window, read off the percentages alone.
//!
//! Where the service looks back from each moment a reading says just that. Where it counts anew, the rises of the readings add up to it,
//! and the drops tell how long a window is, the more exactly the more there were.

use super::ledger::Ledger;

/// A count that had come to more than this percentage, and reads less than this share of it, began anew.
const RISEN: f64 = 10.0;
const DROP: f64 = 0.25;
/// Answers that overtook each other at the beginning of a count did so within this share of a window.
const OVERTAKEN: f64 = 0.05;
/// When no count began for so many windows, the service looks back.
const LATELY: f64 = 1.5;
/// A beginning is known well when the readings before and after it are closer than this share of a window.
const CLOSE: f64 = 0.03;
/// How much the time between two beginnings may differ from the others.
const REGULAR: f64 = 0.1;

/// Beginnings of counts at regular times: the first, the last, and how many times lie between.
#[derive(Clone, Copy, Debug)]
struct Beat {
    first: f64,
    last: f64,
    times: f64,
}

/// A drop of the readings.
#[derive(Clone, Copy, Debug)]
struct Anew {
    at: f64,
    /// The reading before it.
    before: f64,
    /// Since when there are drops.
    since: f64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    /// Percent of the limit.
    used: Ledger,
    /// When what was sent that was read last, and the reading.
    last: (f64, f64),
    /// When the present count began, about.
    begun: f64,
    anew: Option<Anew>,
    beat: Option<Beat>,
}

impl Total {
    /// So much of the limit was used right after what was sent then.
    pub(super) fn read(&mut self, at: f64, reading: f64, window: f64) {
        let (before, low) = self.last;
        if at < before || self.is_overtaken(at, reading, window) {
            return;
        }
        let dropped = low > RISEN && reading < low * DROP;
        let rise = if dropped { self.dropped(at, reading, window) } else { (reading - low).max(0.0) };
        self.used.add(at, rise);
        self.used.thin(at - 2.0 * window);
        self.last = (at, reading);
    }

    /// Whether it is of the count before.
    fn is_overtaken(&self, at: f64, reading: f64, window: f64) -> bool {
        self.anew.is_some_and(|anew| at - anew.at < window * OVERTAKEN && reading > anew.before / 2.0)
    }

    /// A count begins. How much more the one before it came to is known only from how fast it grew.
    fn dropped(&mut self, at: f64, reading: f64, window: f64) -> f64 {
        let (before, low) = self.last;
        let slope = low / (before - self.begun).max(f64::MIN_POSITIVE);
        self.begun = at - (reading / slope).min(at - before);
        self.beat = (at - before < window * CLOSE).then(|| Beat::after(self.beat, self.begun));
        let since = self.anew.filter(|anew| at - anew.at < LATELY * window).map_or(at, |anew| anew.since);
        self.anew = Some(Anew { at, before: low, since });
        (slope * (at - before)).min((100.0 - low).max(0.0) + reading).max(reading)
    }

    /// How many seconds lie between the beginnings of counts, as soon as three such times were alike.
    pub(super) fn period(&self) -> Option<f64> {
        self.beat.filter(|beat| beat.times >= 3.0).map(|beat| (beat.last - beat.first) / beat.times)
    }

    /// Whether counts begin anew; else the service looks back.
    pub(super) fn begins(&self, window: f64) -> bool {
        self.anew.is_some_and(|anew| self.last.0 - anew.at < LATELY * window)
    }

    /// What was used in the window before the last reading, in percent; not known while drops have been seen for less than a window.
    pub(super) fn last_window(&self, window: f64) -> Option<f64> {
        let (at, reading) = self.last;
        match self.anew.filter(|_| self.begins(window)) {
            Some(anew) => (at - anew.since >= window).then(|| self.used.sum(at) - self.used.sum(at - window)),
            None => Some(reading),
        }
    }
}

impl Beat {
    fn after(beat: Option<Self>, now: f64) -> Self {
        let Some(Self { first, last, times }) = beat else {
            return Self { first: now, last: now, times: 0.0 };
        };
        let as_before = ((now - last) * times / (last - first) - 1.0).abs() < REGULAR;
        if times == 0.0 || as_before {
            Self { first, last: now, times: times + 1.0 }
        } else {
            Self { first: last, last: now, times: 1.0 }
        }
    }
}

#[cfg(test)]
#[path = "total_tests.rs"]
mod tests;
