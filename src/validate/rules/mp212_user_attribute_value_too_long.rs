//! MP212: a value of a user attribute beyond the limit.

use super::prelude::*;
use super::views::{longer, user_attribute, user_attributes};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP212",
    name: "user-attribute-value-too-long",
    severity: Severity::Error,
    summary: "The value of a user attribute has more than 4096 characters",
    why: "The service does not set an attribute of the user whose value is too long. An earlier value stays, \
          so the profile is out of date rather than visibly incomplete.",
    source: "Default Service Limits page: 4096 characters, else not set; characters are counted as Unicode \
             scalar values. Entries of lists have a limit of their own (MP214).",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"wishes":"shoes; socks; laces; polish"}}"#,
    ])
    .with(&[("user_attribute_value_chars", 16)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"wishes":["shoes","socks","laces","polish"]}}"#,
    ])
    .with(&[("user_attribute_value_chars", 16)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.user_attribute_value_chars;
    for (name, value) in user_attributes(batch) {
        if value.as_str().is_some_and(|text| longer(text, limit)) {
            findings
                .add(user_attribute(name), "the value of the user attribute is too long: it will not be set")
                .found(value)
                .allowed(format!("at most {limit} characters"))
                .help("shorten the value, or send a list of shorter texts");
        }
    }
}
