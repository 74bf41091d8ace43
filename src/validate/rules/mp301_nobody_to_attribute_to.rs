//! MP301: a batch that says nothing about whose it is.

use super::prelude::*;
use super::views::{DEVICE_IDS, integer, is_all_zero, is_blank};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP301",
    name: "nobody-to-attribute-to",
    severity: Severity::Warning,
    summary: "A batch has neither an identity of the user nor one of the device",
    why: "A batch belongs to one user, whom the service finds by `user_identities`, `mpid`, `mp_deviceid` or \
          an id in `device_info`. Without any of them the events are accepted and belong to nobody: no \
          profile shows them, no audience counts them.",
    source: "JSON reference: the identifiers of a batch. A warning and no error, because nothing says that \
             such a batch is rejected, and many of the documentation's own examples have no identity. An \
             identity of a partner counts as one, since no source says that it does not.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"email":""},"device_info":{"platform":"web"},"user_attributes":{"plan":"gold"}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"email":"ada@example.com"},"device_info":{"platform":"web"},"user_attributes":{"plan":"gold"}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if has_identity(batch) {
        return;
    }
    findings
        .add(Pointer::root(), "nothing says whose batch this is: it has no identity of a user or a device")
        .allowed(
            "a non-empty entry in `user_identities`, `mpid`, `mp_deviceid`, or a device id in `device_info`",
        )
        .help("add what you know the user by, for example `\"user_identities\": {\"customer_id\": \"…\"}`");
}

fn has_identity(batch: &BatchView<'_>) -> bool {
    let any = |name: &str| match batch.get(name) {
        Some(Value::Object(members)) => members.values().any(|value| !is_blank(value)),
        Some(value) => !is_blank(value),
        None => false,
    };
    let device = batch.object("device_info").is_some_and(|device| {
        DEVICE_IDS.iter().filter_map(|name| device.get(*name)).any(|id| !is_blank(id) && !is_all_zero(id))
    });
    let mpid = batch.get("mpid").is_some_and(|mpid| integer(mpid).is_none_or(|number| number != 0));
    device || mpid || any("user_identities") || any("mp_deviceid") || any("partner_identities")
}

#[cfg(test)]
mod tests {
    use super::super::testing::run_one;
    use super::*;

    #[test]
    fn one_identity_of_any_kind_is_enough() {
        for batch in [
            r#"{"mpid":-7}"#,
            r#"{"mpid":"7"}"#,
            r#"{"mp_deviceid":"8d0a5c3e-5f3f-4c2e-8f57-0a4b6a1d2c3e"}"#,
            r#"{"device_info":{"android_uuid":"5864e6b2d1f2c3a4"}}"#,
            r#"{"user_identities":{"email":"","customer_id":17}}"#,
        ] {
            assert!(run_one(&RULE, Route::Either, batch).is_empty(), "{batch}");
        }
        for batch in [
            r#"{}"#,
            r#"{"mpid":0,"user_identities":null}"#,
            r#"{"device_info":{"ios_advertising_id":"00000000-0000-0000-0000-000000000000"}}"#,
        ] {
            assert_eq!(run_one(&RULE, Route::Either, batch).len(), 1, "{batch}");
        }
    }
}
