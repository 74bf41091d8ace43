//! MP124: a value has a type that sources disagree on.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP124",
    name: "contested-type",
    severity: Severity::Warning,
    summary: "A value has a type that sources disagree on",
    why: "Some official SDKs send lists and objects as custom flags, and plain text as \
          breadcrumbs; the schemas want single values and breadcrumb events. The batch may be \
          rejected, so test before relying on it.",
    source: "Corrected spec: `type`; the JavaScript and Ruby SDKs send lists as custom flags, the \
          Java and Go SDKs text as breadcrumbs",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"session_start","data":{"custom_flags":{"colors":["red"]}}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"session_start","data":{"custom_flags":{"colors":"red"}}}]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(
    pointer: Pointer<'_>,
    value: &Value,
    allowed: &str,
    findings: &mut Findings<'_>,
) {
    findings
        .add(pointer, "sources disagree on whether this type is accepted here")
        .found(value)
        .allowed(allowed)
        .help("what all of them accept is the safe choice");
}
