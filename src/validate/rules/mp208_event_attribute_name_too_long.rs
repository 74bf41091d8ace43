//! MP208: a name of an event attribute beyond the limit.

use super::prelude::*;
use super::views::{chars, event_attribute, event_attributes, longer};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP208",
    name: "event-attribute-name-too-long",
    severity: Severity::Warning,
    summary: "The name of an event attribute has more than 256 characters",
    why: "The service cuts the name off at the limit. Attributes whose long names begin alike fall together, \
          and rules that look for the full name do not find it.",
    source: "Default Service Limits page: 256 characters; characters are counted as Unicode scalar values.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"screen_view","data":{"screen_name":"Cart","custom_attributes":{"value of the cart in euros":"49.90"}}}]}"#,
    ])
    .with(&[("event_attribute_name_chars", 16)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"screen_view","data":{"screen_name":"Cart","custom_attributes":{"cart value":"49.90"}}}]}"#,
    ])
    .with(&[("event_attribute_name_chars", 16)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.event_attribute_name_chars;
    for (event, attributes) in event_attributes(batch) {
        for name in attributes.keys().filter(|name| longer(name, limit)) {
            findings
                .add(
                    event_attribute(&event, name),
                    "the name of the event attribute is too long and will be cut off",
                )
                .measured(format!("{} characters", chars(name)))
                .allowed(format!("at most {limit} characters"))
                .help("shorten the name; is it a value that ended up as a name?");
        }
    }
}
