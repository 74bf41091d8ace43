//! The types describe themselves: what they serialise to fits the schema that `schemars` derives from them.

#![cfg(feature = "schemars")]
// Helpers of a test may panic: that is how it fails.
#![allow(clippy::expect_used)]

use mparticle_events::types::{Batch, CustomEventType, Environment, Event, Product};
use serde_json::{Value, json};

fn schema() -> Value {
    serde_json::to_value(schemars::schema_for!(Batch)).expect("a schema is JSON")
}

#[test]
fn what_the_types_write_fits_their_schema() {
    let batch = Batch::new(Environment::Production)
        .customer_id("c-42")
        .mpid(-7_346_244_611_012_968_789)
        .user_attribute("colours", vec!["red", "green"])
        .gdpr_consent("newsletter", true, 1_768_435_200_000)
        .data_plan("shop", Some(2))
        .event(Event::custom("Signed up", CustomEventType::Other).attribute("seats", 3).at(1_768_435_200_000))
        .event(Event::purchase("order-1", [Product::of("sku-7", "Shirt").priced(19.9, 2)]));
    let validator = jsonschema::validator_for(&schema()).expect("the schema compiles");
    let json = serde_json::to_value(&batch).expect("a batch is JSON");
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn what_is_wrong_does_not_fit() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema compiles");
    for wrong in [
        json!({ "environment": "staging" }),
        json!({ "events": [{ "event_type": "custom_event" }] }),
        json!({ "events": [{ "event_type": "screen_view", "data": {} }] }),
        json!({ "user_attributes": { "plan": { "name": "gold" } } }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
