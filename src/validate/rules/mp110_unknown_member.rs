//! MP110: a member has a name that the service does not know.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP110",
    name: "unknown-member",
    severity: Severity::Warning,
    summary: "A member has a name that the service does not know",
    why: "The service ignores what it does not know, without a word: a misspelt member is data \
          that never arrives.",
    source: "Corrected spec: the members of every object; official SDKs rely on unknown ones being \
          ignored",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"aplication_info":{"application_name":"Shop"},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"application_info":{"application_name":"Shop"},"events":[]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, help: Option<String>, findings: &mut Findings<'_>) {
    let detail = findings.add(pointer, "the service does not know this member and ignores it");
    match help {
        Some(help) => detail.help(help),
        None => detail.help("data of your own goes into `custom_attributes` or `user_attributes`"),
    };
}
