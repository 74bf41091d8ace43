//! MP115: a UUID is written in another form than the usual one.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP115",
    name: "uuid-spelling",
    severity: Severity::Warning,
    summary: "A UUID is written without hyphens, or in braces",
    why: "Readers such as the service's take the form, but the schema asks for the one with \
          hyphens, and other systems compare UUIDs as text.",
    source: "Corrected spec: `format: uuid`, which means RFC 9562 text",
    fires: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"ios_idfv":"613ae726f1d84eb49c4a5d1e2f3a4b5c"},"events":[]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","mpid":1,"device_info":{"ios_idfv":"613ae726-f1d8-4eb4-9c4a-5d1e2f3a4b5c"},"events":[]}"#,
    ]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, value: &Value, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "the UUID is in an unusual form")
        .found(value)
        .allowed("groups of 8-4-4-4-12 hexadecimal digits with hyphens between them")
        .help("write it in lower case with hyphens, without braces");
}
