//! MP112: a value is none of the names allowed there.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP112",
    name: "unknown-value",
    severity: Severity::Error,
    summary: "A value is none of those that are allowed there",
    why: "The service reads these members as one of a closed list of names. It rejects the batch \
          when it cannot.",
    source: "Corrected spec: `enum`",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"platform":"Symbian"},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"platform":"Android"},"events":[]}"#,
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
    let detail =
        findings.add(pointer, "the value is none of those allowed here").found(value).allowed(allowed);
    if let Some(near) = near {
        detail.help(format!("did you mean `{near}`?"));
    }
}
