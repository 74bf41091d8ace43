//! MP213: a list with too many entries as a user attribute.

use super::prelude::*;
use super::views::{count, user_attribute, user_attributes};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP213",
    name: "user-attribute-list-too-long",
    severity: Severity::Error,
    summary: "A user attribute that is a list has more than 1000 entries",
    why: "The service does not set a list with too many entries: all of it is left out, not only the entries \
          beyond the limit. Lists that grow with every visit get there one day.",
    source: "Default Service Limits page: 1000 entries, else not set.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"sizes":["43","44","45"]}}"#,
    ])
    .with(&[("user_attribute_list_entries", 2)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"sizes":["43","44"]}}"#,
    ])
    .with(&[("user_attribute_list_entries", 2)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.user_attribute_list_entries;
    for (name, value) in user_attributes(batch) {
        if value.as_array().is_some_and(|entries| count(entries.len()) > limit) {
            findings
                .add(
                    user_attribute(name),
                    "the list has too many entries: the user attribute will not be set",
                )
                .found(value)
                .allowed(format!("at most {limit} entries"))
                .help("keep the latest entries only, or record each as an event of its own");
        }
    }
}
