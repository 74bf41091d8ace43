//! MP114: a UUID cannot be read as one.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP114",
    name: "malformed-uuid",
    severity: Severity::Error,
    summary: "A value that must be a UUID is none",
    why: "One malformed UUID has the whole batch rejected, with all its events.",
    source: "Corrected spec: `format: uuid`; recorded answers of the service: `Error converting \
          value … to type System.Guid`",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"ios_idfv":"not-a-uuid"},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"ios_idfv":"613ae726-f1d8-4eb4-9c4a-5d1e2f3a4b5c"},"events":[]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, value: &Value, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "this is no UUID")
        .found(value)
        .allowed("a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12")
        .help("leave the member out when there is none");
}
