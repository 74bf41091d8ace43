//! MP408: a time other than that of an event that is not in milliseconds.

use super::prelude::*;
use super::times::{EVENT_TIME, report_unit};
use super::views::integer;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP408",
    name: "timestamp-in-wrong-unit",
    severity: Severity::Warning,
    summary: "A time of a session, consent, cart or permission is not in milliseconds",
    why: "All times are Unix milliseconds. A decision about consent in seconds was taken in 1970 as far as \
          the service can tell, and may count as older than the one that it was to replace.",
    source: "JSON reference: milliseconds everywhere. An example of consent by the official Python SDK has \
             seconds and no event is lost by it, hence a warning; for the times of events see MP406 and \
             MP407.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"consent_state":{"gdpr":{"newsletter":{"consented":true,"timestamp_unixtime_ms":1768400000}}}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"consent_state":{"gdpr":{"newsletter":{"consented":true,"timestamp_unixtime_ms":1768400000000}}}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let root = Pointer::root;
    look(root, batch.members, EVENT_TIME, findings);
    if let Some(device) = batch.object("device_info") {
        look(|| root().key("device_info"), device, "att_timestamp_unixtime_ms", findings);
    }
    for law in ["gdpr", "ccpa"] {
        let purposes =
            batch.object("consent_state").and_then(|state| state.get(law)).and_then(Value::as_object);
        for (name, purpose) in purposes.into_iter().flatten() {
            if let Some(purpose) = purpose.as_object() {
                look(
                    || root().key("consent_state").key(law).key(name.as_str()),
                    purpose,
                    EVENT_TIME,
                    findings,
                );
            }
        }
    }
    for event in batch.events() {
        let Some(data) = event.data else { continue };
        for name in ["session_start_unixtime_ms", "event_start_unixtime_ms"] {
            look(|| event.data_pointer(), data, name, findings);
        }
        let products = event.object("product_action").and_then(|action| action.get("products"));
        for (index, product) in products.and_then(Value::as_array).into_iter().flatten().enumerate() {
            if let Some(product) = product.as_object() {
                let place = || event.data_pointer().key("product_action").key("products").index(index);
                look(place, product, "added_to_cart_time_ms", findings);
            }
        }
    }
}

fn look<'a>(
    place: impl FnOnce() -> Pointer<'a>,
    members: &Map<String, Value>,
    name: &'static str,
    findings: &mut Findings<'_>,
) {
    let Some(value) = members.get(name) else { return };
    let Some(number) = integer(value) else { return };
    let message = || format!("`{name}` is not in milliseconds");
    report_unit(findings, || place().key(name), message, (value, number));
}

#[cfg(test)]
mod tests {
    use super::super::testing::run_one;
    use super::*;

    #[test]
    fn every_place_with_a_time_is_looked_at() {
        let batch = r#"{
            "timestamp_unixtime_ms": 1768400000,
            "device_info": {"att_timestamp_unixtime_ms": 1768400000},
            "consent_state": {"ccpa": {"data_sale_opt_out": {"timestamp_unixtime_ms": "1768400000"}}},
            "events": [{"event_type": "commerce_event", "data": {
                "timestamp_unixtime_ms": 1768400000,
                "session_start_unixtime_ms": 1768400000,
                "event_start_unixtime_ms": 1768400000000000,
                "product_action": {"products": [{"added_to_cart_time_ms": 1768400000}]}
            }}]
        }"#;
        let pointers: Vec<_> = run_one(&RULE, Route::Either, batch).into_iter().map(|f| f.pointer).collect();
        assert_eq!(
            pointers,
            [
                "/timestamp_unixtime_ms",
                "/device_info/att_timestamp_unixtime_ms",
                "/consent_state/ccpa/data_sale_opt_out/timestamp_unixtime_ms",
                "/events/0/data/session_start_unixtime_ms",
                "/events/0/data/event_start_unixtime_ms",
                "/events/0/data/product_action/products/0/added_to_cart_time_ms",
            ]
        );
    }
}
