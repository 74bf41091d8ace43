//! MP007: something follows after the batch.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP007",
    name: "text-after-batch",
    severity: Severity::Error,
    summary: "Something stands after the end of the batch",
    why: "A body is one JSON document. What follows it makes the request malformed, or is dropped without a word by a \
          lenient reader.",
    source: "RFC 8259",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[]} {"environment":"production","mpid":2,"events":[]}"#,
    ]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Document,
};

pub(in crate::validate) fn report(findings: &mut Findings<'_>) {
    findings
        .add(Pointer::root(), "the batch is complete, and more text follows")
        .allowed("one JSON object and nothing after it")
        .help("several batches stand one a line, or as the elements of one array");
}
