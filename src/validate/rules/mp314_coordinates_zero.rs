//! MP314: a place in the Gulf of Guinea.

use super::prelude::*;
use super::views::{float, locations};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP314",
    name: "coordinates-zero",
    severity: Severity::Warning,
    summary: "Latitude and longitude are both 0",
    why: "Nobody shops at 0° north 0° east, which is open sea; it is what variables hold before they are \
          set. The service stores it as a place like any other, and audiences by region gather users there.",
    source: "No source says so: the coordinates are valid, and an SDK's sample has them. Hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"screen_view","data":{"screen_name":"Cart","location":{"latitude":0,"longitude":0.0}}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"screen_view","data":{"screen_name":"Cart","location":{"latitude":0,"longitude":32.4}}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for (pointer, place) in locations(batch) {
        let is_zero = |name: &str| place.get(name).and_then(float) == Some(0.0);
        if is_zero("latitude") && is_zero("longitude") {
            findings
                .add(pointer, "latitude and longitude are both zero, which is a place in the open sea")
                .help("leave `location` out when the place is not known");
        }
    }
}
