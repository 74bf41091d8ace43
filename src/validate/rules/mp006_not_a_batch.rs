//! MP006: the document is something else than one batch.

use serde_json::Value;

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP006",
    name: "not-a-batch",
    severity: Severity::Error,
    summary: "The document is not one JSON object",
    why: "A batch is an object. A list of batches belongs on a bulk path, whole; on `/events`, or as one element of a \
          bulk request, it is rejected.",
    source: "HTTP API page: `/events` takes one batch, `/bulkevents` an array of batches",
    fires: Example::one(&[r#"[{"environment":"production","mpid":1,"events":[]}]"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Document,
};

pub(in crate::validate) fn report(value: &Value, findings: &mut Findings<'_>) {
    let detail = findings
        .add(Pointer::root(), "a batch is a JSON object, and this is none")
        .found(value)
        .allowed("one object with `environment`, `events` and so on");
    match value {
        Value::Array(items) if items.iter().all(Value::is_object) => detail
            .help("this looks like a bulk array: check its elements one by one, or write one batch a line"),
        _ => detail,
    };
}
