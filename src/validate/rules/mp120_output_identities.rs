//! MP120: user identities are a list, as in outgoing data.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP120",
    name: "output-identities",
    severity: Severity::Error,
    summary: "User identities are a list, as in data that the platform sends out",
    why: "Outgoing batches list identities as objects with a type and a value; incoming ones \
          have one member for each type. The service cannot read the list and rejects the batch.",
    source: "JSON reference: `user_identities` is an object; outgoing batches of the event \
          forwarding documentation",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":[{"identity_type":"customer_id","identity":"c-1"}],"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"c-1"},"events":[]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "identities are a list here, as in data that the service sends out")
        .allowed("an object such as `{\"customer_id\": …, \"email\": …}`")
        .help("turn each entry into a member named after its `identity_type`");
}
