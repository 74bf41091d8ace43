//! MP111: a member has another name than the documented one.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP111",
    name: "member-alias",
    severity: Severity::Warning,
    summary: "A member goes by another name than the documented one",
    why: "Some official SDKs and older documents spell the name this way. Unless the service \
          happens to accept it, the value is ignored without a word.",
    source: "Corrected spec; three official SDKs send `customerid`, one document says \
          `batch_context`",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"user_identities":{"customerid":"c-1"},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"user_identities":{"customer_id":"c-1"},"events":[]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, right: &str, findings: &mut Findings<'_>) {
    findings
        .add(pointer, format!("the documented name of this member is `{right}`"))
        .allowed(format!("`{right}`"))
        .help(format!("rename it to `{right}`"));
}
