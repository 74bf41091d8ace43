//! MP305: a commerce event in which two things happen at once.

use super::mp304_commerce_event_without_action::actions;
use super::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP305",
    name: "commerce-event-with-several-actions",
    severity: Severity::Warning,
    summary: "A commerce event has more than one of product action, promotion action and product impressions",
    why: "A commerce event carries exactly one of `product_action`, `promotion_action` and \
          `product_impressions`; where one is given the others are disallowed. Which of several the service \
          takes is not said, so the others may be lost.",
    source: "JSON reference, commerce event: each is required or disallowed, depending on the others. No \
             published schema enforces it and a fixture of an official SDK has all three, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"commerce_event","data":{"product_action":{"action":"click","products":[{"id":"p-1"}]},"promotion_action":{"action":"click","promotions":[{"id":"spring"}]}}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"commerce_event","data":{"product_action":{"action":"click","products":[{"id":"p-1"}]},"promotion_action":null,"product_impressions":[]}},{"event_type":"commerce_event","data":{"promotion_action":{"action":"click","promotions":[{"id":"spring"}]}}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for event in batch.events().filter(|event| event.is("commerce_event")) {
        let present = actions(&event);
        if present.len() > 1 {
            let names: Vec<String> = present.iter().map(|name| format!("`{name}`")).collect();
            findings
                .add(event.data_pointer(), "the commerce event says several things at once")
                .measured(names.join(", "))
                .allowed("exactly one of `product_action`, `promotion_action`, `product_impressions`")
                .help("send an event for each of them");
        }
    }
}
