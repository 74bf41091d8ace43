//! MP309: a purpose that CCPA does not have.

use super::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP309",
    name: "unknown-ccpa-purpose",
    severity: Severity::Warning,
    summary: "Consent under CCPA names a purpose other than `data_sale_opt_out`",
    why: "Purposes under GDPR are yours to define, CCPA has a single one: `data_sale_opt_out`. A decision \
          under any other name does not stop the sale of anybody's data.",
    source: "JSON reference, consent state, and the official SDKs: only `data_sale_opt_out`. The published \
             JSON schema takes any key, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"consent_state":{"ccpa":{"do_not_sell":{"consented":true,"timestamp_unixtime_ms":1768435000000}}}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"consent_state":{"ccpa":{"data_sale_opt_out":{"consented":true,"timestamp_unixtime_ms":1768435000000}}}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let purposes =
        batch.object("consent_state").and_then(|state| state.get("ccpa")).and_then(Value::as_object);
    for (name, decision) in purposes.into_iter().flatten() {
        if name == "data_sale_opt_out" || decision.is_null() {
            continue;
        }
        findings
            .add(
                Pointer::root().key("consent_state").key("ccpa").key(name.as_str()),
                "CCPA has no such purpose",
            )
            .allowed("`data_sale_opt_out`")
            .help(
                "rename it to `data_sale_opt_out`, where `consented` means opted out; other purposes belong \
                 under `gdpr`",
            );
    }
}
