//! MP318: an advertising id of zeros.

use super::prelude::*;
use super::views::is_all_zero;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP318",
    name: "advertising-id-all-zero",
    severity: Severity::Warning,
    summary: "An advertising id consists of zeros",
    why: "A device whose user does not want to be tracked gives out an advertising id of zeros. It is the \
          same for all such devices, so as an identity it throws strangers together.",
    source: "Documentation of device information, for the advertising id of iOS. The published sample has \
             such ids on other platforms, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"device_info":{"platform":"iOS","ios_advertising_id":"00000000-0000-0000-0000-000000000000"}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"device_info":{"platform":"iOS","ios_advertising_id":"5c1f7e9a-3f0e-4b52-9a39-6d2f8a41b7c3"}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for (name, value) in batch.object("device_info").into_iter().flatten() {
        if name.ends_with("_advertising_id") && is_all_zero(value) {
            findings
                .add(
                    Pointer::root().key("device_info").key(name.as_str()),
                    "the advertising id consists of zeros, which means that the device is not tracked",
                )
                .help("leave the id out and set `limit_ad_tracking` to true");
        }
    }
}
