//! MP103: a value has a type that the service cannot convert.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP103",
    name: "wrong-type",
    severity: Severity::Error,
    summary: "A value is of a type that cannot be converted to the right one",
    why: "An object or list where a single value belongs, a single value where an object or list \
          belongs, or text that cannot be read as the number it should be, makes the service \
          reject the whole batch.",
    source: "Corrected spec: `type`; recorded answers of the service: `Unexpected token: \
          StartObject`",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_event","data":{"event_name":"Paid","custom_event_type":"transaction","custom_attributes":{"card":{"last4":"1234"}}}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_event","data":{"event_name":"Paid","custom_event_type":"transaction","custom_attributes":{"card_last4":"1234"}}}]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(
    pointer: Pointer<'_>,
    value: &Value,
    allowed: &str,
    findings: &mut Findings<'_>,
) {
    let detail = findings.add(pointer, "the value has the wrong type").found(value).allowed(allowed);
    match value {
        Value::Object(_) => detail.help("flatten the object into members of its own, or write it as text"),
        Value::Array(_) => detail.help("send one value, or join the entries into one text"),
        _ => detail,
    };
}
