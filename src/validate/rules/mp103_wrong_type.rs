//! MP103: a value has a type that the service cannot convert.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP103",
    name: "wrong-type",
    severity: Severity::Error,
    summary: "A value is of a type that cannot be converted to the right one",
    why: "An object or list where a single value belongs, a single value where an object or list \
          belongs, or text that cannot be read as the number it should be, makes the service \
          reject the whole batch.",
    source: "Corrected spec: `type`; recorded answers of the service: `Unexpected token: \
          StartObject`",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_event","data":{"event_name":"Paid","custom_event_type":"transaction","custom_attributes":{"card":{"last4":"1234"}}}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_event","data":{"event_name":"Paid","custom_event_type":"transaction","custom_attributes":{"card_last4":"1234"}}}]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(
    pointer: Pointer<'_>,
    value: &Value,
    allowed: &str,
    findings: &mut Findings<'_>,
) {
    let help = help(&pointer.to_string(), value, allowed);
    let detail = findings.add(pointer, "the value has the wrong type").found(value).allowed(allowed);
    if let Some(help) = help {
        detail.help(help);
    }
}

/// How to mend it; some members have a mistake of their own that is common.
fn help(at: &str, value: &Value, allowed: &str) -> Option<&'static str> {
    let steps: Vec<&str> = at.split('/').skip(1).collect();
    match (steps.as_slice(), value) {
        (["consent_state", "gdpr" | "ccpa", "consented" | "timestamp_unixtime_ms" | "document"], _) => {
            return Some(
                "put the decision under the name of its purpose, as in `\"gdpr\": {\"newsletter\": {…}}`",
            );
        }
        (["mpid"], Value::String(_)) => {
            return Some(
                "`mpid` is a number that the platform gives; an id of yours goes into `user_identities`",
            );
        }
        ([.., name], Value::String(_)) if name.ends_with("_unixtime_ms") => {
            return Some("write the Unix time in milliseconds, as in 1768435200000, and not a date");
        }
        (["events", _], Value::String(_) | Value::Array(_)) => {
            return Some("an event is an object with `event_type` and `data`");
        }
        _ => {}
    }
    match (value, allowed) {
        (Value::Null, _) => None,
        (Value::Array(_), "an object") => Some("send the object itself, without a list around it"),
        (_, "a list") => Some("put it between `[` and `]`: a list is a list with one entry too"),
        (Value::Object(_), _) => Some("flatten the object into members of its own, or write it as text"),
        (Value::Array(_), _) => Some("send one value, or join the entries into one text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_help_fits_the_place() {
        let given = |at, value, allowed| help(at, &value, allowed).unwrap_or_default();
        assert!(given("/events", json!({}), "a list").contains("between `[` and `]`"));
        assert!(given("/device_info", json!([{}]), "an object").contains("without a list"));
        assert!(given("/events/0", json!("custom_event"), "an object").contains("`event_type`"));
        assert!(given("/mpid", json!("u-1"), "a whole number").contains("`user_identities`"));
        let time = "/events/0/data/timestamp_unixtime_ms";
        assert!(given(time, json!("2026-01-15T00:00:00Z"), "a whole number").contains("milliseconds"));
        assert!(given("/consent_state/gdpr/consented", json!(true), "an object").contains("purpose"));
        assert!(given("/user_attributes/a", json!({"b": 1}), "text").contains("flatten"));
    }
}
