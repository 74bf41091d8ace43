//! MP203: an event or screen without a name.

use super::prelude::*;
use super::views::name_member;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP203",
    name: "empty-event-name",
    severity: Severity::Warning,
    summary: "The name of an event or screen is empty",
    why: "The name is how an event is found again in reports, audiences and rules for forwarding. An empty \
          one passes as text, but whatever is recorded under it can hardly be selected afterwards.",
    source: "JSON reference: `event_name` and `screen_name` are required of custom events and screen views. \
             It does not say what happens to an empty name, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":" ","custom_event_type":"other"}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Coupon seen","custom_event_type":"other"}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for event in batch.events() {
        let Some(member) = name_member(&event) else { continue };
        if let Some(value) = event.get(member)
            && value.as_str().is_some_and(|name| name.trim().is_empty())
        {
            findings
                .add(event.data_pointer().key(member), format!("`{member}` is empty"))
                .found(value)
                .allowed("a text that is not blank")
                .help("give the event the name under which it is to be found in reports");
        }
    }
}
