//! MP307: a first run or an upgrade reported at the wrong moment.

use super::prelude::*;
use super::views::text;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP307",
    name: "first-run-outside-initialization",
    severity: Severity::Warning,
    summary: "`is_first_run` or `is_upgrade` is true on a transition that is no initialization",
    why: "An app runs for the first time, or for the first time after an upgrade, when it is initialized. On \
          any other transition the two flags mean nothing, and the install or upgrade they were to report is \
          not recognised.",
    source: "JSON reference, application state transition: only with `application_initialized`. Several SDKs \
             send `false` on every transition, so only `true` is reported; one example of the documentation \
             breaks its own rule.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"application_state_transition","data":{"application_transition_type":"application_background","is_first_run":true,"is_upgrade":false}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"application_state_transition","data":{"application_transition_type":"application_initialized","is_first_run":true,"is_upgrade":false}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for event in batch.events().filter(|event| event.is("application_state_transition")) {
        let transition = event.data.and_then(|data| text(data, "application_transition_type"));
        if transition.is_none_or(|name| name.eq_ignore_ascii_case("application_initialized")) {
            continue;
        }
        for flag in ["is_first_run", "is_upgrade"] {
            if event.get(flag) == Some(&Value::Bool(true)) {
                findings
                    .add(event.data_pointer().key(flag), format!("`{flag}` means nothing on this transition"))
                    .allowed("`true` only where `application_transition_type` is `application_initialized`")
                    .help("move the flag to the event of the initialization");
            }
        }
    }
}
