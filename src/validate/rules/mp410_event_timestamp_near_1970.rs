//! MP410: a time that is none: zero, negative, or next to it.

use super::prelude::*;
use super::times::{EVENT_TIME, Unit, event_times};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP410",
    name: "event-timestamp-near-1970",
    severity: Severity::Warning,
    summary: "The time of an event is zero, negative, or a day or so after 1970 began",
    why: "Zero is what a time holds before it is set, and small numbers are durations or counters. As a time \
          they put the event into January 1970 or earlier, where no report about the present finds it.",
    source: "JSON reference: Unix time in milliseconds. The service may as well take zero for not set, and \
             what it does is not documented, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":0}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for time in event_times(batch).filter(|time| Unit::of(time.ms) == Unit::Nothing) {
        findings
            .add(time.pointer(), format!("`{EVENT_TIME}` is not the time of an event"))
            .found(&Value::from(time.ms))
            .allowed("Unix time in milliseconds: 13 digits today")
            .help("send the time at which the event happened, or leave it out to get that of the arrival");
    }
}
