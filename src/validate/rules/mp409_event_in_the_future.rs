//! MP409: an event that has not happened yet.

use super::prelude::*;
use super::times::{DAY_MS, sound_event_times, spoken};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP409",
    name: "event-in-the-future",
    severity: Severity::Warning,
    summary: "The time of an event is more than a day ahead",
    why: "A clock that is off by minutes is common and harmless; more than a day ahead is a wrong date, a \
          local time taken for UTC many times over, or a planned time instead of that of the event. Such \
          events show up in reports only once the day has come.",
    source: "No source names a bound; a day of tolerance is this tool's choice, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768608000000}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768521600000}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for time in sound_event_times(batch) {
        let ahead = time.age(batch).saturating_neg();
        if ahead > DAY_MS {
            findings
                .add(time.pointer(), "the event lies in the future")
                .measured(format!("{} ahead", spoken(ahead)))
                .allowed("a time up to now; a day ahead is tolerated")
                .help("send the time at which the event happened, in UTC, and check the clock of its source");
        }
    }
}
