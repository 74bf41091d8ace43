//! MP403: an event that is too young for the historical path.

use super::prelude::*;
use super::times::{historical_min_age, sound_event_times, spoken};
use super::views::list_indices;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP403",
    name: "historical-event-too-young",
    severity: Severity::Error,
    summary: "An event meant for the historical path is less than 72 hours old",
    why: "The historical path takes a batch only when every event in it is at least 72 hours old. One \
          younger event, and the whole batch is not processed, with the older events in it; the answer does \
          not tell.",
    source: "HTTP API page, historical data: 72 hours. The age is measured when the batch is checked, so \
             events close to the line are old enough a little later.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764547200000}},{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768348800000}}]}"#,
    ])
    .on(Route::Historical),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764547200000}},{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768176000000}}]}"#,
    ])
    .on(Route::Historical),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if batch.route != Route::Historical {
        return;
    }
    let least = historical_min_age(batch);
    let young: Vec<_> = sound_event_times(batch).filter(|time| time.age(batch) < least).collect();
    let indices: Vec<usize> = young.iter().map(|time| time.index).collect();
    let Some(youngest) = young.into_iter().min_by_key(|time| time.age(batch)) else { return };
    let age = youngest.age(batch);
    let found = if age < 0 { "in the future".to_owned() } else { format!("{} old", spoken(age)) };
    findings
        .add(youngest.pointer(), "an event is too young, so the historical path does not process the batch")
        .measured(format!("{found}; too young: events {}", list_indices(&indices)))
        .allowed(format!("at least {} old", spoken(least)))
        .help("send the young events to `/events` or `/bulkevents` in a batch of their own");
}
