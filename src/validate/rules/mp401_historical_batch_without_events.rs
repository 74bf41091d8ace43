//! MP401: a batch for the historical path that has no events.

use super::prelude::*;
use super::times::{historical_min_age, spoken};
use super::views::is_blank;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP401",
    name: "historical-batch-without-events",
    severity: Severity::Error,
    summary: "A batch meant for the historical path has no events",
    why: "The historical path does not process a batch without events. Its answer is the same as for one \
          that is processed, so attributes and identities sent alone are lost without a word.",
    source: "HTTP API page, historical data: a batch needs at least one event.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .on(Route::Historical),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764547200000}}]}"#,
    ])
    .on(Route::Historical),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if batch.route != Route::Historical {
        return;
    }
    let events = batch.get("events");
    if events.is_none_or(is_blank) {
        let place = if events.is_some() { Pointer::root().key("events") } else { Pointer::root() };
        findings
            .add(place, "the batch has no events, and the historical path does not process such a batch")
            .allowed(format!(
                "at least one event, each of them at least {} old",
                spoken(historical_min_age(batch))
            ))
            .help("send attributes and identities alone to `/events` or `/bulkevents`");
    }
}
