//! MP008: the document nests too deeply to be read.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP008",
    name: "nesting-too-deep",
    severity: Severity::Error,
    summary: "Objects and lists are nested more than 127 levels deep",
    why: "Readers limit the depth to keep their stack safe, and refuse the document. A batch never needs more than \
          about ten levels.",
    source: "No published limit; common JSON readers stop at 64 to 128 levels",
    fires: Example::one(&[
        r#"{"events":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"#,
    ]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Document,
};

pub(in crate::validate) fn report(findings: &mut Findings<'_>) {
    findings
        .add(Pointer::root(), "the document is nested too deeply")
        .allowed("at most 127 levels")
        .help("send nested data as text, or as several attributes");
}
