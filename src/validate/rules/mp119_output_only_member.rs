//! MP119: a member that the service sets itself.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP119",
    name: "output-only-member",
    severity: Severity::Warning,
    summary: "A member that the service sets itself",
    why: "The service sets it, so a value that is sent is ignored, or misleads whoever reads the \
          batch.",
    source: "Corrected spec: `readOnly`; some official SDKs send such members all the same",
    fires: Example::one(&[r#"{"environment":"production","mpid":1,"batch_id":7,"events":[]}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "the service sets this member itself")
        .allowed("nothing: leave it out")
        .help("remove it");
}
