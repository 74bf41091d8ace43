//! MP108: a required member is null.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP108",
    name: "required-member-null",
    severity: Severity::Error,
    summary: "A required member is null",
    why: "Where the service requires a member, null is as good as nothing: it rejects the \
          object, and with it the batch.",
    source: "Corrected spec: `required`, and null is not allowed there",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"push_registration","data":{"register":true,"registration_token":null}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"push_registration","data":{"register":true,"registration_token":"t"}}]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, allowed: &str, findings: &mut Findings<'_>) {
    findings.add(pointer, "a value is required here").found(&Value::Null).allowed(allowed);
}
