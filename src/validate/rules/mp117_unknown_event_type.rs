//! MP117: there is no such kind of event.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP117",
    name: "unknown-event-type",
    severity: Severity::Error,
    summary: "There is no such kind of event",
    why: "The service rejects an event whose kind it does not know, and the batch with it.",
    source: "Corrected spec: `event_type`; the JSON reference lists the kinds",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_evnt","data":{"event_name":"Paid","custom_event_type":"transaction"}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_event","data":{"event_name":"Paid","custom_event_type":"transaction"}}]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(
    pointer: Pointer<'_>,
    value: &Value,
    allowed: String,
    near: Option<&str>,
    findings: &mut Findings<'_>,
) {
    let detail = findings.add(pointer, "there is no such event type").found(value).allowed(allowed);
    match near {
        Some(near) => detail.help(format!("did you mean `{near}`?")),
        None => detail.help("an event of your own is a `custom_event` with your name in `data.event_name`"),
    };
}
