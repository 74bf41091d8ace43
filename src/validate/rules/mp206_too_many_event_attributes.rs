//! MP206: more attributes on one event than the service documents.

use super::prelude::*;
use super::views::{count, event_attributes};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP206",
    name: "too-many-event-attributes",
    severity: Severity::Warning,
    summary: "An event has more than 100 attributes",
    why: "An event used to be documented with at most 100 attributes, and what lies beyond may not be kept. \
          So many attributes also weigh on the size limit of the batch and on every output that they are \
          forwarded to.",
    source: "An older edition of the Default Service Limits page; the present one does not mention the \
             number, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Coupon seen","custom_event_type":"other","custom_attributes":{"code":"MAY","page":"cart","percent":"10"}}}]}"#,
    ])
    .with(&[("event_attributes", 2)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Coupon seen","custom_event_type":"other","custom_attributes":{"code":"MAY","page":"cart"}}}]}"#,
    ])
    .with(&[("event_attributes", 2)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.event_attributes;
    for (event, attributes) in event_attributes(batch) {
        if count(attributes.len()) > limit {
            findings
                .add(
                    event.data_pointer().key("custom_attributes"),
                    "the event has more attributes than are documented to be kept",
                )
                .measured(format!("{} attributes", attributes.len()))
                .allowed(format!("at most {limit}"))
                .help(
                    "drop attributes that nobody uses, or move those that describe the user to \
                     `user_attributes`",
                );
        }
    }
}
