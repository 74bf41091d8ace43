//! MP510: a bulk request without any batch.

use super::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP510",
    name: "empty-request",
    severity: Severity::Warning,
    summary: "A bulk request has no batches",
    why: "Nothing is sent with an empty list, and the request counts against the rate all the same. Mostly the \
          query or the filter that should have filled it found nothing.",
    source: "HTTP API page: the bulk paths take an array of batches. What the service answers to an empty one is \
             not documented, hence a warning. Found only where a whole body is checked.",
    fires: Example::body(&["[]"]),
    silent: Example::body(&[r#"[{"environment":"production","mpid":1,"events":[]}]"#]),
    check: Check::Request(check),
};

fn check(request: &RequestView<'_>, findings: &mut Findings<'_>) {
    if request.batches == 0 {
        findings
            .add(Pointer::root(), "the list of batches is empty")
            .measured("0 batches")
            .allowed(format!("1 to {} batches", request.limits.batches_per_request))
            .help("do not send the request; is what fills the list in order?");
    }
}
