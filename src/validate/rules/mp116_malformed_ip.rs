//! MP116: an IP address is none.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP116",
    name: "malformed-ip",
    severity: Severity::Warning,
    summary: "A value that must be an IP address is none",
    why: "Without a valid address the service cannot tell where the user is. Whether it rejects \
          the batch is not documented.",
    source: "Corrected spec: `format: ipv4` or `ipv6`; only the schemas say so",
    fires: Example::one(&[r#"{"environment":"production","mpid":1,"ip":"10.0.0.300","events":[]}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"ip":"10.0.0.30","events":[]}"#]),
    check: Check::Shape,
};

pub(in crate::validate) fn report(pointer: Pointer<'_>, value: &Value, findings: &mut Findings<'_>) {
    findings
        .add(pointer, "this is no IP address")
        .found(value)
        .allowed("an IPv4 or IPv6 address without port or mask")
        .help("leave `ip` out when the address is not known; behind a proxy send that of the user");
}
