//! MP102: a required member that may be null is missing.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP102",
    name: "nullable-member-missing",
    severity: Severity::Warning,
    summary: "A member is missing that the schema requires, though it may be null",
    why: "The schema wants the member to be there, and takes null for its value. The service \
          seems not to tell null from absent, so the batch goes through; but the object says \
          less than it should.",
    source: "Corrected spec: `required`, with null allowed; official SDKs leave such members out",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"session_end","data":{}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"session_end","data":{"session_duration_ms":1200}}]}"#,
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
