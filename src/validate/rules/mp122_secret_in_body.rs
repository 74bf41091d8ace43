//! MP122: a key or secret stands in the batch.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP122",
    name: "secret-in-body",
    severity: Severity::Warning,
    summary: "A key or secret stands in the batch",
    why: "Requests authenticate by header. A key in the body is not needed, and is stored and \
          forwarded with the data. The value is never shown.",
    source: "HTTP API page: Basic authentication; the schemas have an undocumented `api_key`",
    fires: Example::one(&[r#"{"environment":"production","mpid":1,"api_key":"k","events":[]}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "a key or secret has no place in a batch")
        .help("remove it, and replace the key if the data went further; requests authenticate by header");
}
