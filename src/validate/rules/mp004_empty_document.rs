//! MP004: there is nothing in the document.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP004",
    name: "empty-document",
    severity: Severity::Error,
    summary: "The document is empty",
    why: "An empty body is no batch: the service answers 400. Mostly the step that should have written it failed.",
    source: "RFC 8259; the HTTP API page lists malformed JSON under 400",
    fires: Example::one(&["  \n"]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Document,
};

pub(in crate::validate) fn report(findings: &mut Findings<'_>) {
    findings.add(Pointer::root(), "the document is empty").allowed("a batch: one JSON object");
}
