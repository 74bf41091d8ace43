//! MP113: a value is right but for its case.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP113",
    name: "value-case",
    severity: Severity::Warning,
    summary: "A value is right but for upper and lower case",
    why: "The service compares these names without regard to case (the Java SDK sends \
          `CUSTOM_EVENT`). Systems that get the data later may not.",
    source: "Corrected spec: `enum`; official Java SDK",
    fires: Example::one(&[r#"{"environment":"Production","mpid":1,"events":[]}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, right: &str, findings: &mut Findings<'_>) {
    findings
        .add(pointer, format!("the documented spelling is `{right}`"))
        .allowed(format!("`{right}`"))
        .help(format!("write `{right}`"));
}
