//! MP123: a whole number does not fit into 64 bits.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP123",
    name: "integer-out-of-range",
    severity: Severity::Error,
    summary: "A whole number does not fit into signed 64 bits",
    why: "Ids and times are signed 64-bit numbers. The service cannot read a larger one and \
          rejects the batch.",
    source: "Corrected spec: `format: int64`",
    fires: Example::one(&[r#"{"environment":"production","mpid":18446744073709551615,"events":[]}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":9223372036854775807,"events":[]}"#]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, value: &Value, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "the number does not fit into signed 64 bits")
        .found(value)
        .allowed("-9223372036854775808 to 9223372036854775807")
        .help("an id above that range may have been written as unsigned: send its signed form");
}
