//! MP302: a batch without `environment`, which makes it production data.

use super::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP302",
    name: "environment-missing",
    severity: Severity::Warning,
    summary: "A batch does not say whether it is development or production data",
    why: "The same key takes development and production data; `environment` alone keeps them apart. A batch \
          without it counts as production, so test data that lacks it ends up in real profiles and with real \
          partners.",
    source: "The published JSON schema of 2026 makes it optional with `production` as default; the OpenAPI \
             document and the schema of 2023 require it. As sources disagree, a warning.",
    fires: Example::one(&[r#"{"user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#]),
    silent: Example::one(&[
        r#"{"environment":"development","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if batch.get("environment").is_none() {
        findings
            .add(Pointer::root(), "`environment` is missing, so the batch counts as production data")
            .allowed("`development` or `production`")
            .help("add `\"environment\": \"production\"` if that is what it is, else `\"development\"`");
    }
}
