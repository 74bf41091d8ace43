//! MP306: a purchase of nothing.

use super::prelude::*;
use super::views::{is_blank, text};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP306",
    name: "purchase-without-products",
    severity: Severity::Warning,
    summary: "A purchase has no products",
    why: "`products` says what was bought. A purchase without it is accepted, but reports and audiences by \
          product do not see it, and outputs that send one line for each product send none.",
    source: "JSON reference, product action: the products of the action. It is optional in every schema, \
             since other actions can do without, hence a warning for purchases only.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"commerce_event","data":{"product_action":{"action":"purchase","transaction_id":"o-1","total_amount":49.9,"products":[]}}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"commerce_event","data":{"product_action":{"action":"purchase","transaction_id":"o-1","total_amount":49.9,"products":[{"id":"p-1","quantity":1,"price":49.9}]}}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for event in batch.events() {
        let Some(action) = event.object("product_action") else { continue };
        let is_purchase = text(action, "action").is_some_and(|name| name.eq_ignore_ascii_case("purchase"));
        if is_purchase && action.get("products").is_none_or(is_blank) {
            findings
                .add(event.data_pointer().key("product_action"), "the purchase does not say what was bought")
                .allowed("at least one entry in `products`")
                .help("list each product that was bought with `id`, `name`, `price` and `quantity`");
        }
    }
}
