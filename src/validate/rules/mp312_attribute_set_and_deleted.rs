//! MP312: an attribute that is set and deleted by the same batch.

use super::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP312",
    name: "attribute-set-and-deleted",
    severity: Severity::Warning,
    summary: "A name stands in `user_attributes` and in `deleted_user_attributes`",
    why: "A batch that sets an attribute and deletes it contradicts itself. The two lists have no order \
          between them, so whether the user has the attribute afterwards depends on how the service happens \
          to work.",
    source: "JSON reference: one list sets, the other deletes. Which of them wins is not documented, hence a \
             warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"},"deleted_user_attributes":["plan"]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"},"deleted_user_attributes":["trial"]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let Some(set) = batch.object("user_attributes") else { return };
    let deleted = batch.get("deleted_user_attributes").and_then(Value::as_array);
    for (index, name) in deleted.into_iter().flatten().enumerate() {
        if name.as_str().is_some_and(|name| set.contains_key(name)) {
            findings
                .add(
                    Pointer::root().key("deleted_user_attributes").index(index),
                    "the attribute is deleted here and set in `user_attributes`",
                )
                .found(name)
                .help("keep it in one of the two; to clear and set it, send two batches one after the other");
        }
    }
}
