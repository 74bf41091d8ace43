//! MP303: an `mpid` of zero.

use super::prelude::*;
use super::views::integer;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP303",
    name: "mpid-zero",
    severity: Severity::Warning,
    summary: "`mpid` is 0, which is no user",
    why: "An `mpid` is a 64-bit number that the service gave to a user. Zero is what a variable holds before \
          it is set; with it, all users of whom the sender knows nothing look like one and the same.",
    source: "JSON reference: `mpid` is the id that the service assigned. That 0 is never assigned is not \
             written down, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":0,"user_identities":{"customer_id":"u-1"}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":-5162817391237163812,"user_identities":{"customer_id":"u-1"}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if let Some(value) = batch.get("mpid")
        && integer(value) == Some(0)
    {
        findings
            .add(Pointer::root().key("mpid"), "`mpid` is zero, which is the id of nobody")
            .found(value)
            .allowed("the id that the service gave to the user, as a signed 64-bit number")
            .help("leave `mpid` out when it is not known, and identify the user by `user_identities`");
    }
}
