//! Which path events take by their age.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Endpoint;
use crate::validate::Limits;

const HOUR_MS: i64 = 3_600_000;

/// Where the events of a batch go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paths {
    /// All of them to one path.
    One(Endpoint),
    /// Those for which it is true to [`Endpoint::Historical`], the others to [`Endpoint::Bulk`]: in the order of the events, and there are both.
    ByAge(Vec<bool>),
}

/// Decides by the age of events between [`Endpoint::Bulk`] and [`Endpoint::Historical`].
///
/// The live path should get no event older than 30 days, and the historical one drops a batch without a word when an event in it is
/// younger than 72 hours or has no time. So a batch is historical when one of its events is older than 30 days and all are older than 72
/// hours; when some are older than 30 days and others too young or without a time, it has to be split; else it is live.
///
/// The time is given once, and not taken from a clock: the same file has to be routed alike from its first line to its last, and when
/// it is sent again.
///
/// ```
/// use mparticle_events::Endpoint;
/// use mparticle_events::pack::{AgeRouter, Paths};
/// use mparticle_events::validate::Limits;
///
/// let router = AgeRouter::new(&Limits::default(), 1_795_176_000_000);
/// let old = br#"{"events":[{"data":{"timestamp_unixtime_ms":1790000000000}}]}"#;
/// assert_eq!(router.paths(old), Paths::One(Endpoint::Historical));
/// let both = br#"{"events":[{"data":{"timestamp_unixtime_ms":1790000000000}},{"data":{}}]}"#;
/// assert_eq!(router.paths(both), Paths::ByAge(vec![true, false]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AgeRouter {
    now_ms: i64,
    young_ms: i64,
    old_ms: i64,
}

#[derive(Deserialize)]
struct Dated<'a> {
    #[serde(borrow)]
    events: Vec<DatedEvent<'a>>,
}

#[derive(Deserialize)]
struct DatedEvent<'a> {
    #[serde(borrow, default)]
    data: Option<DatedData<'a>>,
}

#[derive(Deserialize)]
struct DatedData<'a> {
    #[serde(borrow, default)]
    timestamp_unixtime_ms: Option<&'a RawValue>,
}

impl AgeRouter {
    /// A router within the given limits, at the given time in milliseconds since 1970.
    #[must_use]
    pub fn new(limits: &Limits, now_ms: i64) -> Self {
        let hours = |hours: u64| i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(HOUR_MS);
        Self {
            now_ms,
            young_ms: hours(limits.historical_min_age_hours),
            old_ms: hours(limits.live_max_age_days.saturating_mul(24)),
        }
    }

    /// Where the events of a batch go. What cannot be read is live.
    #[must_use]
    pub fn paths(&self, batch: &[u8]) -> Paths {
        let Ok(batch) = serde_json::from_slice::<Dated<'_>>(batch) else { return Paths::One(Endpoint::Bulk) };
        let ages: Vec<Option<i64>> = batch.events.iter().map(|event| self.age(event)).collect();
        let old = |age: &Option<i64>| age.is_some_and(|age| age > self.old_ms && age >= self.young_ms);
        if !ages.iter().any(old) {
            return Paths::One(Endpoint::Bulk);
        }
        if ages.iter().all(|age| age.is_some_and(|age| age >= self.young_ms)) {
            return Paths::One(Endpoint::Historical);
        }
        Paths::ByAge(ages.iter().map(old).collect())
    }

    fn age(&self, event: &DatedEvent<'_>) -> Option<i64> {
        let time = event.data.as_ref()?.timestamp_unixtime_ms?.get();
        // The service reads a number in quotes as a number.
        let time: i64 = time.trim_matches('"').parse().ok()?;
        Some(self.now_ms.saturating_sub(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_176_000_000;
    const DAY: i64 = 24 * HOUR_MS;

    fn goes_to(ages: &[i64]) -> Paths {
        let events: Vec<String> = ages
            .iter()
            .map(|age| format!(r#"{{"event_type":"x","data":{{"timestamp_unixtime_ms":{}}}}}"#, NOW - age))
            .collect();
        let batch = format!(r#"{{"events":[{}]}}"#, events.join(","));
        AgeRouter::new(&Limits::default(), NOW).paths(batch.as_bytes())
    }

    #[test]
    fn a_batch_is_historical_when_one_event_must_be_and_all_can() {
        let (live, historical) = (Paths::One(Endpoint::Bulk), Paths::One(Endpoint::Historical));
        assert_eq!(goes_to(&[31 * DAY]), historical);
        assert_eq!(goes_to(&[30 * DAY + 1]), historical);
        assert_eq!(goes_to(&[31 * DAY, 3 * DAY]), historical);
        assert_eq!(goes_to(&[30 * DAY]), live);
        assert_eq!(goes_to(&[29 * DAY, 1]), live);
        assert_eq!(goes_to(&[]), live);
    }

    #[test]
    fn a_batch_that_no_path_takes_is_split() {
        assert_eq!(goes_to(&[31 * DAY, 3 * DAY - 1]), Paths::ByAge(vec![true, false]));
        // What could go either way goes with the young ones: their path leads to all outputs.
        assert_eq!(goes_to(&[-5, 10 * DAY, 31 * DAY]), Paths::ByAge(vec![false, false, true]));
    }

    #[test]
    fn times_are_read_as_the_service_reads_them() {
        let paths = |time: &str| {
            let batch = format!(
                r#"{{"events":[{{"data":{{"timestamp_unixtime_ms":1}}}},{{"data":{{"timestamp_unixtime_ms":{time}}}}}]}}"#
            );
            AgeRouter::new(&Limits::default(), NOW).paths(batch.as_bytes())
        };
        assert_eq!(paths("2"), Paths::One(Endpoint::Historical));
        assert_eq!(paths("\"2\""), Paths::One(Endpoint::Historical));
        for none in ["null", "{}", "\"soon\"", "1e3"] {
            assert_eq!(paths(none), Paths::ByAge(vec![true, false]), "{none}");
        }
        let router = AgeRouter::new(&Limits::default(), NOW);
        for text in ["no json", "{}", r#"{"events":[1]}"#] {
            assert_eq!(router.paths(text.as_bytes()), Paths::One(Endpoint::Bulk), "{text}");
        }
    }
}
