//! MP209: a value of an event attribute beyond the limit.

use super::prelude::*;
use super::views::{event_attribute, event_attributes, longer};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP209",
    name: "event-attribute-value-too-long",
    severity: Severity::Error,
    summary: "The value of an event attribute has more than 4096 characters",
    why: "The service drops an attribute whose value is too long: not the end of the value but all of it. \
          The event arrives without the attribute, and nothing in the answer says so.",
    source: "Default Service Limits page: 4096 characters; characters are counted as Unicode scalar values.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"screen_view","data":{"screen_name":"Cart","custom_attributes":{"items":"shoes; socks; laces; polish"}}}]}"#,
    ])
    .with(&[("event_attribute_value_chars", 16)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"screen_view","data":{"screen_name":"Cart","custom_attributes":{"items":"shoes; socks"}}}]}"#,
    ])
    .with(&[("event_attribute_value_chars", 16)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.event_attribute_value_chars;
    for (event, attributes) in event_attributes(batch) {
        for (name, value) in attributes {
            if value.as_str().is_some_and(|text| longer(text, limit)) {
                findings
                    .add(
                        event_attribute(&event, name),
                        "the value of the event attribute is too long: the attribute will be dropped",
                    )
                    .found(value)
                    .allowed(format!("at most {limit} characters"))
                    .help("shorten the value, or split it over several attributes");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::run_one;
    use super::*;

    #[test]
    fn characters_are_counted_and_not_bytes() {
        let batch = |length| {
            let value = "ü".repeat(length);
            format!(
                r#"{{"events":[{{"event_type":"screen_view","data":{{"custom_attributes":{{"a":"{value}"}}}}}}]}}"#
            )
        };
        assert!(run_one(&RULE, Route::Either, batch(4096).leak()).is_empty());
        assert_eq!(run_one(&RULE, Route::Either, batch(4097).leak()).len(), 1);
    }
}
