//! MP205: a screen name beyond the limit.

use super::prelude::*;
use super::views::longer;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP205",
    name: "screen-name-too-long",
    severity: Severity::Warning,
    summary: "A screen name has more than 256 characters",
    why: "The service cuts the name off at the limit. Screens whose long names begin alike become one, which \
          happens easily when a whole address is sent as the name.",
    source: "Default Service Limits page: 256 characters. It does not say what a character is; counted here \
             are Unicode scalar values, so that a name within the limit in bytes or UTF-16 units always \
             passes.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"screen_view","data":{"screen_name":"/shop/shoes?size=44"}}]}"#,
    ])
    .with(&[("event_name_chars", 16)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"screen_view","data":{"screen_name":"Shoes","custom_attributes":{"size":"44"}}}]}"#,
    ])
    .with(&[("event_name_chars", 16)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.event_name_chars;
    for event in batch.events() {
        if let Some(value) = event.get("screen_name")
            && value.as_str().is_some_and(|name| longer(name, limit))
        {
            findings
                .add(
                    event.data_pointer().key("screen_name"),
                    "the screen name is too long and will be cut off",
                )
                .found(value)
                .allowed(format!("at most {limit} characters"))
                .help(
                    "name the kind of screen and move what varies, such as a query string, into \
                     `custom_attributes`",
                );
        }
    }
}
