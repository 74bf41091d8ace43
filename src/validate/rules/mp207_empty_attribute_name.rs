//! MP207: an attribute without a name.

use super::prelude::*;
use super::views::{event_attribute, event_attributes, user_attribute, user_attributes};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP207",
    name: "empty-attribute-name",
    severity: Severity::Warning,
    summary: "The name of an attribute of an event or user is empty",
    why: "An attribute is found again by its name only. An empty name is valid JSON, and mostly the trace of \
          a column without a heading or a variable that was not set.",
    source: "Default Service Limits page gives names a greatest length and no smallest one; what happens to \
             an empty name is not documented, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"":"gold"}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for (event, attributes) in event_attributes(batch) {
        for name in attributes.keys().filter(|name| name.trim().is_empty()) {
            report(event_attribute(&event, name), findings);
        }
    }
    for (name, _) in user_attributes(batch).filter(|(name, _)| name.trim().is_empty()) {
        report(user_attribute(name), findings);
    }
}

fn report(pointer: Pointer<'_>, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "the attribute has no name")
        .allowed("a name that is not blank")
        .help("name the attribute, or leave it out; a column without a heading is a usual cause");
}

#[cfg(test)]
mod tests {
    use super::super::testing::run_one;
    use super::*;

    #[test]
    fn event_attributes_are_looked_at_too() {
        let batch = r#"{"events":[{"event_type":"screen_view","data":{"custom_attributes":{" ":"x"}}}]}"#;
        let found = run_one(&RULE, Route::Either, batch);
        assert_eq!(found.first().map(|f| f.pointer.as_str()), Some("/events/0/data/custom_attributes/ "));
    }
}
