//! Which path a batch takes: as told, or by the age of its events.

use serde::Deserialize;

use super::args::EndpointArg;
use crate::Endpoint;
use crate::clock::SharedClock;
use crate::validate::{Limits, Route};

const HOUR_MS: i64 = 3_600_000;

/// Decides where batches go.
#[derive(Clone, Debug)]
pub struct Router {
    endpoint: EndpointArg,
    clock: SharedClock,
    young_ms: i64,
    old_ms: i64,
}

#[derive(Deserialize)]
struct Dated {
    events: Vec<DatedEvent>,
}

#[derive(Deserialize)]
struct DatedEvent {
    data: DatedData,
}

#[derive(Deserialize)]
struct DatedData {
    timestamp_unixtime_ms: i64,
}

impl Router {
    /// A router for the given choice.
    #[must_use]
    pub fn new(endpoint: EndpointArg, limits: &Limits, clock: SharedClock) -> Self {
        let hours = |hours: u64| i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(HOUR_MS);
        Self {
            endpoint,
            clock,
            young_ms: hours(limits.historical_min_age_hours),
            old_ms: hours(limits.live_max_age_days.saturating_mul(24)),
        }
    }

    /// The path of one batch.
    #[must_use]
    pub fn endpoint(&self, batch: &[u8]) -> Endpoint {
        match self.endpoint {
            EndpointArg::Events => Endpoint::Events,
            EndpointArg::Bulk => Endpoint::Bulk,
            EndpointArg::Historical => Endpoint::Historical,
            EndpointArg::Auto if self.is_historical(batch) => Endpoint::Historical,
            EndpointArg::Auto => Endpoint::Bulk,
        }
    }

    /// The historical path drops a batch without a word when one of its events is too young or has no time, so in doubt it is live.
    fn is_historical(&self, batch: &[u8]) -> bool {
        let Ok(batch) = serde_json::from_slice::<Dated>(batch) else { return false };
        let now_ms = self.clock.now_unix_ms();
        let age = |event: &DatedEvent| now_ms.saturating_sub(event.data.timestamp_unixtime_ms);
        let youngest = batch.events.iter().map(age).min().unwrap_or(i64::MIN);
        let oldest = batch.events.iter().map(age).max().unwrap_or(i64::MIN);
        youngest >= self.young_ms && oldest > self.old_ms
    }
}

/// The rules that apply on a path.
#[must_use]
pub const fn rules_of(endpoint: Endpoint) -> Route {
    if endpoint.is_historical() { Route::Historical } else { Route::Live }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::FixedClock;

    const NOW: i64 = 1_795_176_000_000;
    const DAY: i64 = 24 * HOUR_MS;

    fn goes_to(ages: &[i64]) -> Endpoint {
        let router = Router::new(EndpointArg::Auto, &Limits::default(), Arc::new(FixedClock(NOW)));
        let events: Vec<String> = ages
            .iter()
            .map(|age| format!(r#"{{"event_type":"x","data":{{"timestamp_unixtime_ms":{}}}}}"#, NOW - age))
            .collect();
        router.endpoint(format!(r#"{{"events":[{}]}}"#, events.join(",")).as_bytes())
    }

    #[test]
    fn only_batches_that_are_old_all_over_are_historical() {
        assert_eq!(goes_to(&[31 * DAY]), Endpoint::Historical);
        assert_eq!(goes_to(&[31 * DAY, 3 * DAY]), Endpoint::Historical);
        assert_eq!(goes_to(&[31 * DAY, 3 * DAY - 1]), Endpoint::Bulk);
        assert_eq!(goes_to(&[29 * DAY]), Endpoint::Bulk);
        assert_eq!(goes_to(&[30 * DAY]), Endpoint::Bulk);
        assert_eq!(goes_to(&[]), Endpoint::Bulk);
    }

    #[test]
    fn an_event_without_a_time_keeps_the_batch_live() {
        let router = Router::new(EndpointArg::Auto, &Limits::default(), Arc::new(FixedClock(NOW)));
        let batch = br#"{"events":[{"data":{"timestamp_unixtime_ms":1}},{"data":{}}]}"#;
        assert_eq!(router.endpoint(batch), Endpoint::Bulk);
        assert_eq!(router.endpoint(b"no json"), Endpoint::Bulk);
    }
}
