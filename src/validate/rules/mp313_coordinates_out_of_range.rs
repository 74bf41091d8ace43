//! MP313: a place that is not on earth.

use super::prelude::*;
use super::views::{float, locations};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP313",
    name: "coordinates-out-of-range",
    severity: Severity::Warning,
    summary: "A latitude is not within -90 to 90, or a longitude not within -180 to 180",
    why: "Latitude ends at the poles and longitude at the date line. Numbers beyond are mostly the two \
          exchanged, or degrees without the decimal point; partners that use places ignore them or refuse \
          the event.",
    source: "JSON reference, location: degrees. What the service does with others is not documented, hence a \
             warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"context":{"location":{"latitude":151.2,"longitude":-33.9}}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"context":{"location":{"latitude":-33.9,"longitude":151.2}}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for (pointer, place) in locations(batch) {
        let degrees = |name: &str| place.get(name).and_then(float);
        let (latitude, longitude) = (degrees("latitude"), degrees("longitude"));
        let swapped = matches!((latitude, longitude), (Some(latitude), Some(longitude))
            if (90.0..=180.0).contains(&latitude.abs()) && longitude.abs() <= 90.0);
        for (name, value, bound) in [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)] {
            if value.is_some_and(|degrees| degrees.abs() > bound) {
                let detail = findings
                    .add(pointer.clone().key(name), format!("there is no such {name}"))
                    .found(place.get(name).unwrap_or(&Value::Null))
                    .allowed(format!("degrees from -{bound} to {bound}"));
                detail.help(if swapped {
                    "latitude and longitude seem to be exchanged: latitude is the one between -90 and 90"
                } else {
                    "send degrees with a decimal point, as in 52.52"
                });
            }
        }
    }
}
