//! MP215: the action of a push message has too long an identifier.

use super::prelude::*;
use super::views::longer;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP215",
    name: "action-identifier-too-long",
    severity: Severity::Warning,
    summary: "The `action_identifier` of a push message has more than 100 characters",
    why: "`action_identifier` says which button of a push message was pressed and is documented with at most \
          100 characters. A longer one is usually the label or the payload instead of the identifier.",
    source: "JSON reference, push message: at most 100 characters. What happens to longer ones is not \
             documented, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"push_message","data":{"push_message_token":"t-1","push_message_type":"action","push_notification_payload":"{}","action_identifier":"Show me the new shoes"}}]}"#,
    ])
    .with(&[("action_identifier_chars", 16)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"push_message","data":{"push_message_token":"t-1","push_message_type":"action","push_notification_payload":"{}","action_identifier":"show-shoes"}}]}"#,
    ])
    .with(&[("action_identifier_chars", 16)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.action_identifier_chars;
    for event in batch.events() {
        if let Some(value) = event.get("action_identifier")
            && value.as_str().is_some_and(|text| longer(text, limit))
        {
            findings
                .add(
                    event.data_pointer().key("action_identifier"),
                    "the identifier of the action is too long",
                )
                .found(value)
                .allowed(format!("at most {limit} characters"))
                .help("send the identifier that the app registered for the button, not its label");
        }
    }
}
