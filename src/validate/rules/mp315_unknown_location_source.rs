//! MP315: a place found in a way that the service does not know.

use super::prelude::*;
use super::views::locations;
use crate::validate::shape::nearest;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP315",
    name: "unknown-location-source",
    severity: Severity::Warning,
    summary: "`location_source` is not one of the documented values",
    why: "`location_source` says how a place was found, and with that how far it can be trusted. A value \
          that the service does not know tells it nothing.",
    source: "JSON reference, location: `unknown`, `ip_lookup`, `lat_long`. The published schema takes any \
             text, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"context":{"location":{"latitude":52.5,"longitude":13.4,"location_source":"latlong"}}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"context":{"location":{"latitude":52.5,"longitude":13.4,"location_source":"lat_long"}}}"#,
    ]),
    check: Check::Batch(check),
};

const KNOWN: &[&str] = &["unknown", "ip_lookup", "lat_long"];

/// Whether there is such a source.
pub(in crate::validate) fn is_known(source: &str) -> bool {
    KNOWN.iter().any(|known| known.eq_ignore_ascii_case(source))
}

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for (pointer, place) in locations(batch) {
        let Some(value) = place.get("location_source") else { continue };
        let Some(given) = value.as_str() else { continue };
        if is_known(given) {
            continue;
        }
        let help = match nearest(given, KNOWN.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "use `lat_long` for coordinates from a device, `ip_lookup` for those from an address"
                .to_owned(),
        };
        findings
            .add(pointer.key("location_source"), "`location_source` has no such value")
            .found(value)
            .allowed("`unknown`, `ip_lookup` or `lat_long`")
            .help(help);
    }
}
