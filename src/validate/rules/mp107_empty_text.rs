//! MP107: empty text stands where another kind of value belongs.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP107",
    name: "empty-text",
    severity: Severity::Warning,
    summary: "Empty text stands where another kind of value belongs",
    why: "The service reads it as null, and the documentation's own examples send it. A reader \
          with stricter types refuses it.",
    source: "Corrected spec: `type`, `format`; the documentation's master sample has empty text in \
          a boolean and in a UUID",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"android_advertising_id":""},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"android_advertising_id":null},"events":[]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, allowed: &str, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "empty text is read as null here")
        .found(&Value::String(String::new()))
        .allowed(allowed)
        .help("leave the member out");
}
