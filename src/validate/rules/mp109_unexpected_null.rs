//! MP109: null stands where the schema does not allow it.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP109",
    name: "unexpected-null",
    severity: Severity::Warning,
    summary: "Null stands where the schema does not allow it",
    why: "The service takes null for absent nearly everywhere, as some official SDKs write it \
          for every unset member. Here no source says so.",
    source: "Corrected spec: `type` without null",
    fires: Example::one(&[r#"{"environment":null,"mpid":1,"events":[]}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, allowed: &str, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "null is not foreseen here")
        .found(&Value::Null)
        .allowed(allowed)
        .help("leave it out");
}
