//! MP105: a number or boolean stands where text belongs.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP105",
    name: "text-expected",
    severity: Severity::Warning,
    summary: "A number or boolean stands where text belongs",
    why: "The service converts it to text: `1.0` may become `1`, and `true` become `True`, so \
          it may not match what other systems send.",
    source: "Corrected spec: `type: string` only; a JSON reader like the service's converts scalars \
          to text",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"screen_view","data":{"screen_name":404}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"events":[{"event_type":"screen_view","data":{"screen_name":"404"}}]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, value: &Value, findings: &mut Findings<'_>) {
    findings.add(pointer, "text belongs here").found(value).allowed("text").help("write it in quotes");
}
