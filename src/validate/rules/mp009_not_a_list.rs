//! MP009: the body of a bulk request is something else than a list.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP009",
    name: "not-a-list",
    severity: Severity::Error,
    summary: "The body of a bulk request is not a list of batches",
    why: "The bulk paths take a JSON array and reject anything else, also a single batch that stands there without \
          brackets.",
    source: "HTTP API page: `/events` takes one batch, `/bulkevents` and `/bulkevents/historical` an array of batches. \
             Found only where a whole body is checked.",
    fires: Example::body(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    silent: Example::body(&[r#"[{"environment":"production","mpid":1,"events":[]}]"#]),
    check: Check::Document,
};

pub(in crate::validate) fn report(value: &Value, findings: &mut Findings<'_>) {
    let detail = findings
        .add(Pointer::root(), "a bulk path takes a list of batches, and this is none")
        .found(value)
        .allowed("a JSON array of batches");
    match value {
        Value::Object(_) => detail.help("put the batch into `[` and `]`, or post it to `/events`"),
        _ => detail.help("write an array of batches, each a JSON object"),
    };
}
