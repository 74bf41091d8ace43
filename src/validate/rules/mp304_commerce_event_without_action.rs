//! MP304: a commerce event in which nothing happens.

use super::prelude::*;
use super::views::is_blank;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP304",
    name: "commerce-event-without-action",
    severity: Severity::Warning,
    summary: "A commerce event has no product action, promotion action or product impressions",
    why: "A commerce event says what happened by exactly one of `product_action`, `promotion_action` and \
          `product_impressions`. With none of them there is no purchase, no click, nothing for revenue \
          reports or outputs to work with.",
    source: "JSON reference, commerce event: exactly one. No schema requires it and what the service does is \
             not documented, hence a warning; the official Python SDK refuses to build such an event.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"commerce_event","data":{"currency_code":"EUR","product_action":null}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"commerce_event","data":{"currency_code":"EUR","product_action":{"action":"click","products":[{"id":"p-1"}]}}}]}"#,
    ]),
    check: Check::Batch(check),
};

/// The members of which a commerce event has exactly one.
pub(super) const ACTIONS: [&str; 3] = ["product_action", "promotion_action", "product_impressions"];

/// Which of them the event has.
pub(super) fn actions(event: &EventView<'_>) -> Vec<&'static str> {
    ACTIONS.into_iter().filter(|name| event.get(name).is_some_and(|value| !is_blank(value))).collect()
}

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for event in batch.events().filter(|event| event.is("commerce_event") && event.data.is_some()) {
        if actions(&event).is_empty() {
            findings
                .add(event.data_pointer(), "the commerce event does not say what happened")
                .allowed("exactly one of `product_action`, `promotion_action`, `product_impressions`")
                .help("add the one that fits; for something that is no commerce send a `custom_event`");
        }
    }
}
