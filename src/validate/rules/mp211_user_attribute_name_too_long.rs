//! MP211: a name of a user attribute beyond the limit.

use super::prelude::*;
use super::views::{chars, longer, user_attribute, user_attributes};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP211",
    name: "user-attribute-name-too-long",
    severity: Severity::Error,
    summary: "The name of a user attribute has more than 256 characters",
    why: "The service does not set an attribute of the user whose name is too long. The batch is accepted, \
          and the user goes without the attribute.",
    source: "Default Service Limits page: 256 characters, else not set; characters are counted as Unicode \
             scalar values.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"shoe size on the European scale":"44"}}"#,
    ])
    .with(&[("user_attribute_name_chars", 16)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"shoe size":"44"}}"#,
    ])
    .with(&[("user_attribute_name_chars", 16)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.user_attribute_name_chars;
    for (name, _) in user_attributes(batch).filter(|(name, _)| longer(name, limit)) {
        findings
            .add(user_attribute(name), "the name of the user attribute is too long: it will not be set")
            .measured(format!("{} characters", chars(name)))
            .allowed(format!("at most {limit} characters"))
            .help("shorten the name; is it a value that ended up as a name?");
    }
}
