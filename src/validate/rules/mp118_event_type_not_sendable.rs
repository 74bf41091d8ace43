//! MP118: a kind of event that only the service makes.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP118",
    name: "event-type-not-sendable",
    severity: Severity::Warning,
    summary: "An event of a kind that only the service makes",
    why: "These kinds stand in data that the platform sends out. What it does with one that \
          comes in is not documented.",
    source: "Corrected spec: `EventType` has more names than there are schemas of events",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"push_reaction","data":{}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"push_message","data":{"push_message_token":"t","push_message_type":"action","push_notification_payload":"{}"}}]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, kind: &str, findings: &mut Findings<'_>) {
    findings
        .add(pointer, format!("`{kind}` events are made by the service, not sent to it"))
        .help("remove the event, or send what happened as a `custom_event`");
}
