//! MP106: a boolean stands where a number belongs, the reverse, or a fraction for a whole number.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP106",
    name: "scalar-mismatch",
    severity: Severity::Warning,
    summary: "A boolean for a number, a number for a boolean, or a fraction for a whole number",
    why: "Depending on the member such a value is converted (true to 1, 1.5 to 2) or has the \
          batch rejected. Neither is what was meant.",
    source: "Corrected spec: `type`; what the service does is not documented",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"screen_width":1080.5},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"screen_width":1080},"events":[]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(
    pointer: Pointer<'_>,
    value: &Value,
    allowed: &str,
    findings: &mut Findings<'_>,
) {
    let detail = findings.add(pointer, "the value is of a related type only").found(value).allowed(allowed);
    if value.is_f64() {
        detail.help("round it to a whole number");
    }
}
