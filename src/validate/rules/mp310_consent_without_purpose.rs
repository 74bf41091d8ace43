//! MP310: a consent state that holds no decision.

use super::prelude::*;
use super::views::is_blank;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP310",
    name: "consent-without-purpose",
    severity: Severity::Warning,
    summary: "`consent_state` contains no decision about any purpose",
    why: "A decision is recorded under a regulation and a purpose. An empty `consent_state` records nothing: \
          not that the user agreed, not that the user refused, and no earlier decision is taken back by it.",
    source: "JSON reference, consent state: a purpose with `consented` and `timestamp_unixtime_ms`. Empty \
             maps pass the published schema, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"consent_state":{"gdpr":{}}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"consent_state":{"gdpr":{"newsletter":{"consented":true,"timestamp_unixtime_ms":1768435000000}},"ccpa":null}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if let Some(state) = batch.object("consent_state")
        && state.values().all(is_blank)
    {
        findings
            .add(Pointer::root().key("consent_state"), "the consent state holds no decision")
            .allowed("at least one purpose under `gdpr` or `ccpa`")
            .help(
                "leave `consent_state` out when there is nothing to record; to refuse, send `\"consented\": \
                 false`",
            );
    }
}
