//! A dozen mistakes as they really happen, planted at fixed lines of the file.

use serde_json::{Value, json};

use crate::journeys::remove;

type Mistake = (usize, fn(&mut Value));

/// Line (from 1) and what goes wrong there.
const MISTAKES: &[Mistake] = &[
    (14, timestamp_in_seconds),
    (38, broken_device_id),
    (61, object_as_attribute),
    (85, customer_id_misspelt),
    (110, two_commerce_actions),
    (136, unknown_custom_event_type),
    (159, essay_as_attribute),
    (187, event_type_forgotten),
    (205, currency_spelt_out),
    (229, nobody),
    (252, latitude_and_longitude_swapped),
];

/// The line whose id appears a second time, and where.
const DUPLICATE: (usize, usize) = (170, 176);
/// The line that was cut off when the producer was restarted.
const TRUNCATED: usize = 274;

/// Replaces the lines named above.
pub fn plant(lines: &mut [String]) {
    for &(line, spoil) in MISTAKES {
        change(lines, line, spoil);
    }
    let (first, second) = DUPLICATE;
    let id = parsed(&lines[first - 1])["source_request_id"].clone();
    change(lines, second, |batch| batch["source_request_id"] = id);
    let cut = &mut lines[TRUNCATED - 1];
    *cut = cut.chars().take(cut.chars().count() / 2).collect();
}

fn change(lines: &mut [String], line: usize, spoil: impl FnOnce(&mut Value)) {
    let mut batch = parsed(&lines[line - 1]);
    spoil(&mut batch);
    lines[line - 1] = batch.to_string();
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}

fn timestamp_in_seconds(batch: &mut Value) {
    let data = &mut batch["events"][0]["data"];
    let milliseconds = data["timestamp_unixtime_ms"].as_i64().unwrap_or_default();
    data["timestamp_unixtime_ms"] = json!(milliseconds / 1000);
}

fn broken_device_id(batch: &mut Value) {
    batch["device_info"] = json!({ "platform": "Android", "android_advertising_id": "unavailable" });
}

fn object_as_attribute(batch: &mut Value) {
    batch["events"][0]["data"]["custom_attributes"] =
        json!({ "basket": { "items": 3, "value": 84.9 }, "source": "mail" });
}

fn customer_id_misspelt(batch: &mut Value) {
    if let Some(id) = remove(&mut batch["user_identities"], "customer_id") {
        batch["user_identities"]["customerid"] = id;
    }
}

fn two_commerce_actions(batch: &mut Value) {
    batch["events"] = json!([{ "event_type": "commerce_event", "data": {
        "timestamp_unixtime_ms": 1_795_162_030_000_i64, "currency_code": "EUR",
        "product_action": { "action": "view_detail", "products": [{ "id": "KST-2044", "name": "Rain jacket 3L", "price": 279 }] },
        "promotion_action": { "action": "view", "promotions": [{ "id": "W26-07" }] },
    } }]);
}

fn unknown_custom_event_type(batch: &mut Value) {
    batch["events"] = json!([{ "event_type": "custom_event", "data": {
        "timestamp_unixtime_ms": 1_795_163_850_000_i64, "event_name": "Size Guide Opened", "custom_event_type": "click",
    } }]);
}

fn essay_as_attribute(batch: &mut Value) {
    let review = "The zip froze on the second night, and yet I would buy it again. ".repeat(70);
    batch["events"] = json!([{ "event_type": "custom_event", "data": {
        "timestamp_unixtime_ms": 1_795_165_460_000_i64, "event_name": "Review Written", "custom_event_type": "user_content",
        "custom_attributes": { "article": "KST-1001", "stars": 4, "review": review },
    } }]);
}

fn event_type_forgotten(batch: &mut Value) {
    remove(&mut batch["events"][0], "event_type");
}

fn currency_spelt_out(batch: &mut Value) {
    batch["events"] = json!([{ "event_type": "commerce_event", "data": {
        "timestamp_unixtime_ms": 1_795_168_680_000_i64, "currency_code": "EURO",
        "product_action": { "action": "purchase", "transaction_id": "K26-499001", "total_amount": 44.5,
            "products": [{ "id": "KST-5005", "name": "Titanium pot 0.9 l", "price": 44.5, "quantity": 1 }] },
    } }]);
}

fn nobody(batch: &mut Value) {
    for member in ["user_identities", "device_info", "mpid"] {
        remove(batch, member);
    }
}

fn latitude_and_longitude_swapped(batch: &mut Value) {
    batch["context"]["location"] = json!({ "latitude": 147.3272, "longitude": -42.8821, "country_code": "AU", "location_source": "lat_long" });
}
