//! MP104: a number or boolean is written as text.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP104",
    name: "number-as-text",
    severity: Severity::Warning,
    summary: "A number or boolean is written as text",
    why: "The service converts it, as the Web SDK sends `mpid` this way. Other readers of the \
          same data may not, and a number with a stray letter would have the batch rejected.",
    source: "Corrected spec: `type`; official Web SDK sends `mpid` as text",
    fires: Example::one(&[r#"{"environment":"production","mpid":"1","events":[]}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(
    pointer: Pointer<'_>,
    value: &Value,
    allowed: &str,
    findings: &mut Findings<'_>,
) {
    findings
        .add(pointer, "the value is written as text")
        .found(value)
        .allowed(allowed)
        .help("write it without quotes");
}
