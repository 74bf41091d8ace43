//! Reading timestamps: which unit a number was probably written in, and how old an event is.

use super::prelude::*;
use super::views::integer;
use crate::validate::Limits;

pub(super) const HOUR_MS: i64 = 3_600_000;
pub(in crate::validate) const DAY_MS: i64 = 24 * HOUR_MS;

/// The unit a timestamp was probably written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::validate) enum Unit {
    /// Zero, negative, or within hours of 1970 in any unit: no time at all.
    Nothing,
    /// 1973 to 5138, read as seconds.
    Seconds,
    /// 1973 to 5138, read as milliseconds.
    Milliseconds,
    /// 1973 to 5138, read as microseconds.
    Microseconds,
    /// 1973 and later, read as nanoseconds.
    Nanoseconds,
}

impl Unit {
    pub(in crate::validate) fn of(timestamp: i64) -> Self {
        match timestamp {
            ..100_000_000 => Self::Nothing,
            100_000_000..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Milliseconds,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Microseconds,
            100_000_000_000_000_000.. => Self::Nanoseconds,
        }
    }

    /// What to do with a timestamp of this unit, and the result.
    pub(super) fn remedy(self, timestamp: i64) -> Option<(&'static str, i64)> {
        Some(match self {
            Self::Seconds => ("multiply by 1000", timestamp.saturating_mul(1000)),
            Self::Microseconds => ("divide by 1000", timestamp / 1000),
            Self::Nanoseconds => ("divide by 1000000", timestamp / 1_000_000),
            Self::Nothing | Self::Milliseconds => return None,
        })
    }
}

/// Adds the finding for a timestamp in this unit, with the way back to milliseconds; none when there is no way.
pub(super) fn report_unit<'p>(
    findings: &mut Findings<'_>,
    place: impl FnOnce() -> Pointer<'p>,
    message: impl FnOnce() -> String,
    (value, timestamp): (&Value, i64),
) {
    if let Some((how, right)) = Unit::of(timestamp).remedy(timestamp) {
        findings
            .add(place(), message())
            .found(value)
            .allowed("Unix time in milliseconds: 13 digits today")
            .help_with(how, &right.to_string());
    }
}

/// The time of one event.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventTime {
    pub(super) index: usize,
    pub(super) ms: i64,
}

impl EventTime {
    pub(super) fn pointer(&self) -> Pointer<'static> {
        Pointer::root().key("events").index(self.index).key("data").key(EVENT_TIME)
    }

    /// Milliseconds from the event to the time of the check; negative for the future.
    pub(super) fn age(&self, batch: &BatchView<'_>) -> i64 {
        batch.now_ms.saturating_sub(self.ms)
    }
}

/// Every event with a `timestamp_unixtime_ms` that is a number, whatever its unit.
pub(super) fn event_times<'a>(batch: &BatchView<'a>) -> impl Iterator<Item = EventTime> + use<'a> {
    batch.events().filter_map(|event| {
        let ms = integer(event.get(EVENT_TIME)?)?;
        Some(EventTime { index: event.index, ms })
    })
}

/// The same, without those whose unit is wrong: other rules have told about them.
pub(super) fn sound_event_times<'a>(batch: &BatchView<'a>) -> impl Iterator<Item = EventTime> + use<'a> {
    event_times(batch).filter(|time| Unit::of(time.ms) == Unit::Milliseconds)
}

pub(super) const EVENT_TIME: &str = "timestamp_unixtime_ms";

/// Youngest age that the historical path takes, in milliseconds.
pub(super) fn historical_min_age(batch: &BatchView<'_>) -> i64 {
    historical_min_age_ms(batch.limits)
}

/// The same, of the limits alone.
pub(in crate::validate) fn historical_min_age_ms(limits: &Limits) -> i64 {
    scaled(limits.historical_min_age_hours, HOUR_MS)
}

/// Oldest age that the live paths should get, in milliseconds.
pub(super) fn live_max_age(batch: &BatchView<'_>) -> i64 {
    live_max_age_ms(batch.limits)
}

/// The same, of the limits alone.
pub(in crate::validate) fn live_max_age_ms(limits: &Limits) -> i64 {
    scaled(limits.live_max_age_days, DAY_MS)
}

fn scaled(number: u64, unit: i64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(unit)
}

/// An age as people say it: `71 h`, `45 days`.
pub(super) fn spoken(age_ms: i64) -> String {
    let hours = age_ms / HOUR_MS;
    if hours < 4 * 24 { format!("{hours} h") } else { format!("{} days", hours / 24) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_2026_is_told_apart_in_every_unit() {
        let ms = Example::NOW_MS;
        assert_eq!(Unit::of(ms / 1000), Unit::Seconds);
        assert_eq!(Unit::of(ms), Unit::Milliseconds);
        assert_eq!(Unit::of(ms * 1000), Unit::Microseconds);
        assert_eq!(Unit::of(ms * 1_000_000), Unit::Nanoseconds);
        assert_eq!(Unit::of(0), Unit::Nothing);
        assert_eq!(Unit::of(-1), Unit::Nothing);
        assert_eq!(Unit::Seconds.remedy(ms / 1000), Some(("multiply by 1000", ms)));
        assert_eq!(Unit::Nanoseconds.remedy(ms * 1_000_000), Some(("divide by 1000000", ms)));
    }

    #[test]
    fn ages_are_hours_up_to_four_days() {
        assert_eq!(spoken(71 * HOUR_MS + 1), "71 h");
        assert_eq!(spoken(45 * DAY_MS), "45 days");
    }
}
