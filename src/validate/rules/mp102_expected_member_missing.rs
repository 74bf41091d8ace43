//! MP102: a member is missing that not all sources require.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP102",
    name: "expected-member-missing",
    severity: Severity::Warning,
    summary: "A member is missing that the schemas require, but not all sources do",
    why: "Either the member may be null, which the service seems not to tell from absent, or the \
          documentation calls it optional where the schemas require it. The batch probably goes \
          through, but it says less than it should.",
    source: "Corrected spec: `required`, with null allowed there, or the JSON reference says \
          optional; official SDKs leave such members out",
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
