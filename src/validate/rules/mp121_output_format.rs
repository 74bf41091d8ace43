//! MP121: a member of the outgoing format.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP121",
    name: "output-format",
    severity: Severity::Warning,
    summary: "A member that stands only in data that the platform sends out",
    why: "The batch looks like one that came out of the platform. Feeding it back in is rarely \
          meant: the service ignores these members, and events may be counted twice.",
    source: "Outgoing batches of the event forwarding documentation; no input schema has these \
          members",
    fires: Example::one(&[r#"{"environment":"production","mpid":1,"message_id":"m-1","events":[]}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "this member stands only in data that the service sends out")
        .help("remove it; is this file an export that is being sent back?");
}
