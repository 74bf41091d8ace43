//! MP319: an integration that is not named by its number.

use super::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP319",
    name: "integration-id-not-numeric",
    severity: Severity::Warning,
    summary: "A key of `integration_attributes` is not the number of an integration",
    why: "`integration_attributes` are handed to one integration, named by the number of its module. Under \
          any other key they reach nobody.",
    source: "JSON reference, batch: keyed by module id; the Ruby SDK types the key as an integer. The \
             published schema takes any key, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"integration_attributes":{"adjust":{"adid":"a-1"}}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"integration_attributes":{"68":{"adid":"a-1"}}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let keys = batch.object("integration_attributes").into_iter().flat_map(Map::keys);
    for key in keys.filter(|key| key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_digit())) {
        findings
            .add(
                Pointer::root().key("integration_attributes").key(key.as_str()),
                "the key is not the number of an integration",
            )
            .allowed("the module id of the integration, as digits")
            .help("look the module id up in the documentation of the integration");
    }
}
