//! MP101: a member that the service cannot do without is missing.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP101",
    name: "required-member-missing",
    severity: Severity::Error,
    summary: "A required member is missing",
    why: "The service rejects an object that lacks a member it requires, and with it the batch.",
    source: "Corrected spec: `required`, and null is not allowed there; the HTTP API page lists \
          missing fields under 400",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_event","data":{"custom_event_type":"transaction"}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_event","data":{"custom_event_type":"transaction","event_name":"Paid"}}]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(
    pointer: Pointer<'_>,
    name: &str,
    allowed: &str,
    findings: &mut Findings<'_>,
) {
    findings.add(pointer, format!("`{name}` is missing here")).allowed(allowed).help(format!("add `{name}`"));
}
