//! MP214: too long an entry in a list that is a user attribute.

use super::prelude::*;
use super::views::{longer, user_attribute, user_attributes};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP214",
    name: "user-attribute-entry-too-long",
    severity: Severity::Error,
    summary: "An entry of a list among the user attributes has more than 512 characters",
    why: "One entry that is too long costs the whole list: the service does not set the attribute. The limit \
          for entries is far below that for an attribute that is a single text.",
    source: "Default Service Limits page: 512 characters, else not set; characters are counted as Unicode \
             scalar values.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"wishes":["shoes","a pair of very long laces"]}}"#,
    ])
    .with(&[("user_attribute_list_entry_chars", 16)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"wishes":["shoes","laces"]}}"#,
    ])
    .with(&[("user_attribute_list_entry_chars", 16)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.user_attribute_list_entry_chars;
    for (name, value) in user_attributes(batch) {
        for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
            if entry.as_str().is_some_and(|text| longer(text, limit)) {
                findings
                    .add(
                        user_attribute(name).index(index),
                        "the entry is too long: the whole list will not be set",
                    )
                    .found(entry)
                    .allowed(format!("at most {limit} characters"))
                    .help("shorten the entry or leave it out");
            }
        }
    }
}
