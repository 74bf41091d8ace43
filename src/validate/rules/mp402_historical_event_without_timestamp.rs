//! MP402: an event for the historical path that does not say when it happened.

use super::prelude::*;
use super::times::EVENT_TIME;
use super::views::list_indices;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP402",
    name: "historical-event-without-timestamp",
    severity: Severity::Error,
    summary: "An event meant for the historical path has no `timestamp_unixtime_ms`",
    why: "On the live paths an event without a time gets that of its arrival. The historical path has no \
          such way out: one event without a time, and the whole batch is not processed.",
    source: "HTTP API page, historical data. Elsewhere the time is only suggested, so other paths say \
             nothing.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764547200000}},{"event_type":"session_start","data":{}}]}"#,
    ])
    .on(Route::Historical),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764547200000}},{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764549000000}}]}"#,
    ])
    .on(Route::Historical),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if batch.route != Route::Historical {
        return;
    }
    let without: Vec<_> = batch.events().filter(|event| event.get(EVENT_TIME).is_none()).collect();
    let indices: Vec<usize> = without.iter().map(|event| event.index).collect();
    if let Some(first) = without.into_iter().next() {
        findings
            .add(
                first.data_pointer(),
                "an event has no time, so the historical path does not process the batch",
            )
            .measured(format!("no `{EVENT_TIME}` in events {}", list_indices(&indices)))
            .allowed(format!("`{EVENT_TIME}` in every event"))
            .help("add the Unix time in milliseconds at which the event happened");
    }
}
