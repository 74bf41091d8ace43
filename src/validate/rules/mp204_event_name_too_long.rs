//! MP204: an event name beyond the limit.

use super::prelude::*;
use super::views::longer;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP204",
    name: "event-name-too-long",
    severity: Severity::Warning,
    summary: "An event name has more than 256 characters",
    why: "The service cuts the name off at the limit. Two long names with the same beginning become one \
          event, and neither is found again under the name that was sent.",
    source: "Default Service Limits page: 256 characters. It does not say what a character is; counted here \
             are Unicode scalar values, so that a name within the limit in bytes or UTF-16 units always \
             passes.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Newsletter subscribed","custom_event_type":"other"}}]}"#,
    ])
    .with(&[("event_name_chars", 16)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Newsletter","custom_event_type":"other"}}]}"#,
    ])
    .with(&[("event_name_chars", 16)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.event_name_chars;
    for event in batch.events() {
        if let Some(value) = event.get("event_name")
            && value.as_str().is_some_and(|name| longer(name, limit))
        {
            findings
                .add(event.data_pointer().key("event_name"), "the event name is too long and will be cut off")
                .found(value)
                .allowed(format!("at most {limit} characters"))
                .help(
                    "shorten the name; move what varies in it, such as ids and dates, into \
                     `custom_attributes`",
                );
        }
    }
}
