//! MP210: more user attributes in one batch than the service documents.

use super::prelude::*;
use super::views::count;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP210",
    name: "too-many-user-attributes",
    severity: Severity::Warning,
    summary: "A batch has more than 100 user attributes",
    why: "A user can have 100 attributes. With more of them some may not be set, and which ones is not for \
          the sender to choose.",
    source: "Default Service Limits page: 100. What happens to the others is not documented, hence a \
             warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold","shop":"Berlin","size":"44"}}"#,
    ])
    .with(&[("user_attributes", 2)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold","shop":"Berlin"}}"#,
    ])
    .with(&[("user_attributes", 2)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.user_attributes;
    let number = batch.object("user_attributes").map_or(0, Map::len);
    if count(number) > limit {
        findings
            .add(
                Pointer::root().key("user_attributes"),
                "the batch has more user attributes than a user can have",
            )
            .measured(format!("{number} attributes"))
            .allowed(format!("at most {limit}"))
            .help(
                "send only attributes that changed, and let `deleted_user_attributes` remove those no longer \
                 used",
            );
    }
}
