//! Additive increase and multiplicative decrease: what makes senders of one account alike, although none knows of the others.
//!
//! Who steers by a percentage of the limit keeps the share that it has, whatever that is. So when the limit of a long window has become
//! another one, which all senders see at about the same time, each of them does without this for some windows: it grows by as much as the
//! others do, and gives up the same part as they when the limit is used. Each time they come closer. The steps get smaller towards the end,
//! so that the share that is kept from then on is not that of a moment.

use std::ops::Range;

/// A limit that differs more than this from the one that was known is another one.
const SAME: Range<f64> = 0.8..1.25;
/// For so many windows what is known of the limit is still being found out.
const SETTLES: f64 = 3.0;
/// Who has this much of the configured rate, or had it before, shares it with nobody.
const SHARED: f64 = 0.9;
/// So many windows after the limit changed, what was sent before has gone out of the count.
const DRAINED: f64 = 1.5;
/// The part that is given up each time, at first and at last, and for how many windows that is done.
const FIRST: f64 = 0.15;
const LAST: f64 = 0.02;
const WINDOWS: f64 = 10.0;
/// The use of the limit, in percent, at which it is given up, and the part of a window before it is again.
const EDGE: f64 = 97.0;
const WAIT: f64 = 0.125;
/// In so many windows the rate would grow by the same part of the configured one.
const CLIMB: f64 = 2.0;
/// Far below the edge it grows so many times faster.
const FASTER: f64 = 2.0;
/// It does not become more than so many times the present share, for a window passes before what comes of it is seen.
const HIGHEST: f64 = 1.6;

/// Times in seconds.
#[derive(Clone, Copy, Debug)]
struct Phase {
    from: f64,
    until: f64,
    /// Nothing is given up before this.
    wait: f64,
    /// Whether the limit was used since; the steps get smaller from there.
    met: bool,
}

/// The limit as it was known, since a time.
#[derive(Clone, Copy, Debug)]
struct Known {
    limit: f64,
    since: f64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Aimd {
    known: Option<Known>,
    phase: Option<Phase>,
}

/// What is known of a window of many seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub seconds: f64,
    /// What all senders together used of it in the last so many seconds, in percent.
    pub used: f64,
    /// What a request takes of the own share of it, in percent.
    pub grain: f64,
}

impl Aimd {
    /// Takes notice of the limit, of which there may be a configured one, in batches a second. Whether the rate is left to this at present.
    pub(super) fn notice(&mut self, now: f64, limit: f64, configured: f64, window: &Window) -> bool {
        if self.phase.is_some_and(|phase| now >= phase.until) {
            (self.phase, self.known) = (None, None);
        }
        let seconds = window.seconds;
        let known = self.known.unwrap_or(Known { limit, since: now });
        let settled = now - known.since > SETTLES * seconds;
        let changed = settled && self.phase.is_none() && !SAME.contains(&(limit / known.limit));
        if changed && limit.max(known.limit) < configured * SHARED {
            let from = now + DRAINED * seconds;
            self.phase = Some(Phase { from, until: from + WINDOWS * seconds, wait: from, met: false });
        }
        self.known = Some(match (changed, settled) {
            (true, _) => Known { limit, since: now },
            (false, true) => known,
            (false, false) => Known { limit, ..known },
        });
        self.phase.is_some_and(|phase| now >= phase.from)
    }

    /// The part of a step, now.
    fn step(&self, now: f64) -> Option<f64> {
        let phase = self.phase.filter(|phase| now >= phase.from)?;
        let part = (now - phase.from) / (phase.until - phase.from).max(f64::MIN_POSITIVE);
        Some(FIRST * (LAST / FIRST).powf(part.clamp(0.0, 1.0)))
    }

    /// What is left of a rate when the limit is used, or a request was refused; none when that is not left to this.
    pub(super) fn decrease(&mut self, now: f64, rate: f64, window: &Window) -> Option<f64> {
        let step = self.step(now)?;
        let phase = self.phase.as_mut()?;
        if now < phase.wait {
            return Some(rate);
        }
        phase.wait = now + window.seconds * WAIT;
        if !phase.met && now > phase.from + window.seconds {
            *phase = Phase { from: now, until: now + WINDOWS * window.seconds, met: true, ..*phase };
        }
        Some(rate * (1.0 - step))
    }

    /// The rate after so many seconds; `grows` is whether it may.
    pub(super) fn follow(
        &mut self,
        now: f64,
        (rate, limit, configured): (f64, f64, f64),
        window: &Window,
        seconds: f64,
        grows: bool,
    ) -> f64 {
        let missing = EDGE - window.used;
        if missing <= 0.0 {
            return self.decrease(now, rate, window).unwrap_or(rate);
        }
        let Some(step) = self.step(now).filter(|_| grows) else { return rate };
        let more = step * configured / (CLIMB * window.seconds) * missing.clamp(1.0, FASTER);
        (rate + more * seconds).min(limit * HIGHEST)
    }
}

#[cfg(test)]
#[path = "aimd_tests.rs"]
mod tests;
