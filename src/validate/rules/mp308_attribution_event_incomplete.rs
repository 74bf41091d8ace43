//! MP308: an attribution event that lacks what makes it one.

use super::prelude::*;
use super::views::{is_blank, text};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP308",
    name: "attribution-event-incomplete",
    severity: Severity::Warning,
    summary: "An attribution event has another name, or lacks `publisher` or `campaign`",
    why: "The service reads who brought the user from custom events of type `attribution` that are also \
          named `attribution` and have the attributes `publisher` and `campaign`. One that lacks any of it \
          is stored as an ordinary event, and the user stays without attribution.",
    source: "Documentation on attribution by server. The published JSON schema does not know the type \
             `attribution`, and an example on a partner's page writes the attributes with capitals, hence a \
             warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"attribution","custom_event_type":"attribution","custom_attributes":{"publisher":"Search"}}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"attribution","custom_event_type":"attribution","custom_attributes":{"publisher":"Search","campaign":"Spring"}}},{"event_type":"custom_event","data":{"event_name":"attribution","custom_event_type":"attribution","custom_attributes":{"action":"delete"}}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for event in batch.events().filter(|event| event.is("custom_event")) {
        let is = |name, wanted: &str| {
            event.data.and_then(|data| text(data, name)).is_some_and(|text| text.eq_ignore_ascii_case(wanted))
        };
        if !is("custom_event_type", "attribution") {
            continue;
        }
        let missing = missing_attributes(&event);
        let data = event.data_pointer();
        if !is("event_name", "attribution") && event.get("event_name").is_some() {
            findings
                .add(data.clone().key("event_name"), "an attribution event has to be named `attribution`")
                .allowed("`attribution`")
                .help("set `event_name` to `attribution` and move your own name into an attribute");
        }
        if !missing.is_empty() {
            findings
                .add(data.clone(), "the attribution event does not say who brought the user")
                .measured(format!("no {}", missing.join(" and no ")))
                .allowed("`custom_attributes` with `publisher` and `campaign`")
                .help("add both to `custom_attributes`, spelled in lower case");
        }
    }
}

fn missing_attributes(event: &EventView<'_>) -> Vec<&'static str> {
    let attributes = event.object("custom_attributes");
    let has = |name: &str| attributes.and_then(|all| all.get(name)).is_some_and(|value| !is_blank(value));
    // Removing an attribution needs neither of the two.
    let deletes = attributes.and_then(|all| text(all, "action")).is_some_and(|action| action == "delete");
    let needed = [("publisher", "`publisher`"), ("campaign", "`campaign`")];
    needed.into_iter().filter(|(name, _)| !deletes && !has(name)).map(|(_, quoted)| quoted).collect()
}
