//! MP407: the time of an event in microseconds or nanoseconds.

use super::prelude::*;
use super::times::{EVENT_TIME, Unit, event_times, report_unit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP407",
    name: "event-timestamp-too-fine",
    severity: Severity::Error,
    summary: "The time of an event is in microseconds or nanoseconds instead of milliseconds",
    why: "Read as milliseconds, microseconds of today are tens of thousands of years ahead, and nanoseconds \
          are beyond any calendar. The event is refused, or stored where nobody will ever look.",
    source: "JSON reference: Unix time in milliseconds. Values from 10^14 are taken for microseconds, from \
             10^17 for nanoseconds.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768400000000000}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768400000000}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for time in event_times(batch) {
        if matches!(Unit::of(time.ms), Unit::Microseconds | Unit::Nanoseconds) {
            let message = || {
                format!(
                    "`{EVENT_TIME}` looks like microseconds or nanoseconds: read as milliseconds it is \
                         in the far future"
                )
            };
            report_unit(findings, || time.pointer(), message, (&Value::from(time.ms), time.ms));
        }
    }
}
