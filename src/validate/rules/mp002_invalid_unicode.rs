//! MP002: the document is not Unicode text in UTF-8.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP002",
    name: "invalid-unicode",
    severity: Severity::Error,
    summary: "The document is not UTF-8, or has half of a surrogate pair in an escape",
    why: "JSON on the wire is UTF-8 and nothing else. Text from a Latin-1 or UTF-16 export is rejected, or arrives \
          with its letters replaced. An escape such as `\\ud83d` without its other half comes from text that was cut in \
          the middle of a character, and has no UTF-8 form either.",
    source: "RFC 8259 sections 8.1 and 8.2",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"user_attributes":{"mood":"\ud83d"},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"user_attributes":{"mood":"\ud83d\ude00"},"events":[]}"#,
    ]),
    check: Check::Document,
};

pub(in crate::validate) fn report_surrogate(findings: &mut Findings<'_>) {
    findings
        .add(Pointer::root(), "half of a surrogate pair stands alone in this text")
        .allowed("both halves, such as `\\ud83d\\ude00`, or the character itself")
        .help("cut text between characters, not between UTF-16 units");
}

pub(in crate::validate) fn report(findings: &mut Findings<'_>) {
    findings
        .add(Pointer::root(), "the bytes here are not UTF-8")
        .allowed("UTF-8")
        .help("convert the file first, for instance with `iconv -f LATIN1 -t UTF-8`");
}
