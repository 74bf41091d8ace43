//! MP005: an object has the same key twice.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP005",
    name: "duplicate-key",
    severity: Severity::Error,
    summary: "An object has the same key more than once",
    why: "Parsers differ in which of the values wins, so one of them is lost and nobody can say which. The other \
          rules look at the last one.",
    source: "RFC 8259 section 4: names should be unique, and what happens otherwise is unpredictable",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"user_attributes":{"plan":"free","plan":"paid"},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"user_attributes":{"plan":"paid"},"events":[]}"#,
    ]),
    check: Check::Document,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "this key stands more than once in its object")
        .allowed("each key once")
        .help("remove all but one; which of them the service keeps is not defined");
}
