//! MP406: the time of an event in seconds.

use super::prelude::*;
use super::times::{EVENT_TIME, Unit, event_times, report_unit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP406",
    name: "event-timestamp-in-seconds",
    severity: Severity::Error,
    summary: "The time of an event is in seconds instead of milliseconds",
    why: "Read as milliseconds, seconds of today are a day in January 1970. The event is stored there, out \
          of reach of every report and audience about the present, and cannot be taken back.",
    source: "JSON reference: Unix time in milliseconds. Values between 10^8 and 10^11 are taken for seconds: \
             they are 1973 to 5138 in seconds, and before March 1973 in milliseconds.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768400000}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768400000000}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for time in event_times(batch) {
        if matches!(Unit::of(time.ms), Unit::Seconds) {
            let message = || {
                format!(
                    "`{EVENT_TIME}` looks like seconds: read as milliseconds it is in 1970 or shortly \
                         after"
                )
            };
            report_unit(findings, || time.pointer(), message, (&Value::from(time.ms), time.ms));
        }
    }
}
