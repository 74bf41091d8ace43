//! MP003: a byte-order mark stands before the document.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP003",
    name: "byte-order-mark",
    severity: Severity::Error,
    summary: "A byte-order mark stands before the document",
    why: "JSON must be sent without the mark that some editors and exports put at the start of a file. Between the \
          batches of a bulk request it makes the whole array malformed.",
    source: "RFC 8259 section 8.1",
    fires: Example::one(&["\u{feff}{\"environment\":\"production\",\"mpid\":1,\"events\":[]}"]),
    silent: Example::one(&["{\"environment\":\"production\",\"mpid\":1,\"events\":[]}"]),
    check: Check::Document,
};

pub(in crate::validate) fn report(findings: &mut Findings<'_>) {
    findings
        .add(Pointer::root(), "the document begins with a byte-order mark")
        .help("save it as UTF-8 without a byte-order mark");
}
