//! What the answers of the last second or so said: the highest use of the limit, and how much was taken.

use std::time::Duration;

/// Limits are counted by the second, so the highest reading of one second is the use: within a counter that starts anew every second the
/// others are only lower.
const SLOT: Duration = Duration::from_millis(250);
const SLOTS: usize = 5;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    number: u128,
    peak: Option<f64>,
    taken: u64,
    refused: u64,
}

/// Readings by time, forgotten after a second and a bit.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    slots: [Slot; SLOTS],
}

impl Meter {
    /// Batches that were taken, and the use that the answer told of.
    pub(super) fn taken(&mut self, now: Duration, batches: u64, percentage: Option<f64>) {
        let slot = self.slot(now);
        slot.taken = slot.taken.saturating_add(batches);
        if let Some(read) = percentage.filter(|read| read.is_finite() && *read >= 0.0) {
            slot.peak = Some(slot.peak.map_or(read, |peak| peak.max(read)));
        }
    }

    /// Batches that were answered with 429.
    pub(super) fn refused(&mut self, now: Duration, batches: u64) {
        let slot = self.slot(now);
        slot.refused = slot.refused.saturating_add(batches);
    }

    /// The highest use of the limit, in percent; nothing when no answer told.
    pub(super) fn peak(&self, now: Duration) -> Option<f64> {
        self.recent(now).filter_map(|slot| slot.peak).reduce(f64::max)
    }

    /// Of all batches that were answered, the share that was taken.
    pub(super) fn share(&self, now: Duration) -> f64 {
        let (taken, refused) = self.counts(now);
        if taken + refused > 0.0 { taken / (taken + refused) } else { 1.0 }
    }

    /// Batches taken a second.
    pub(super) fn per_second(&self, now: Duration) -> f64 {
        #[allow(clippy::cast_precision_loss)] // A handful.
        let seconds = SLOT.as_secs_f64() * (SLOTS - 1) as f64;
        self.counts(now).0 / seconds
    }

    fn counts(&self, now: Duration) -> (f64, f64) {
        #[allow(clippy::cast_precision_loss)] // Far below 2^52.
        let add = |sum: (f64, f64), slot: &Slot| (sum.0 + slot.taken as f64, sum.1 + slot.refused as f64);
        self.recent(now).fold((0.0, 0.0), add)
    }

    fn recent(&self, now: Duration) -> impl Iterator<Item = &Slot> {
        let number = number(now);
        self.slots.iter().filter(move |slot| slot.number <= number && number - slot.number < SLOTS as u128)
    }

    fn slot(&mut self, now: Duration) -> &mut Slot {
        let number = number(now);
        let at = usize::try_from(number % SLOTS as u128).unwrap_or_default();
        // The remainder is below the length.
        #[allow(clippy::indexing_slicing)]
        let slot = &mut self.slots[at];
        if slot.number != number {
            *slot = Slot { number, ..Slot::default() };
        }
        slot
    }
}

/// Numbered so that an unused slot, number 0, is never recent.
fn number(now: Duration) -> u128 {
    now.as_millis() / SLOT.as_millis() + SLOTS as u128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_peak_of_a_second_counts_and_is_forgotten_after_it() {
        let mut meter = Meter::default();
        assert_eq!(meter.peak(ms(0)), None);
        meter.taken(ms(100), 10, Some(97.0));
        meter.taken(ms(900), 10, Some(12.0));
        assert_eq!(meter.peak(ms(1000)), Some(97.0));
        assert_eq!(meter.peak(ms(1400)), Some(12.0));
        assert_eq!(meter.peak(ms(5000)), None);
    }

    #[test]
    fn readings_that_are_no_numbers_are_none() {
        let mut meter = Meter::default();
        for read in [f64::NAN, f64::INFINITY, -3.0] {
            meter.taken(ms(0), 1, Some(read));
        }
        assert_eq!(meter.peak(ms(0)), None);
    }

    #[test]
    fn shares_and_rates_are_of_the_last_second() {
        let mut meter = Meter::default();
        assert_eq!((meter.share(ms(0)), meter.per_second(ms(0))), (1.0, 0.0));
        meter.taken(ms(10), 30, None);
        meter.refused(ms(20), 10);
        assert_eq!((meter.share(ms(30)), meter.per_second(ms(30))), (0.75, 30.0));
        assert_eq!(meter.share(ms(9000)), 1.0);
    }

    #[test]
    fn a_clock_that_goes_back_does_no_harm() {
        let mut meter = Meter::default();
        meter.taken(ms(10_000), 30, Some(50.0));
        meter.taken(ms(100), 30, Some(60.0));
        assert_eq!(meter.peak(ms(100)), Some(60.0));
    }
}
