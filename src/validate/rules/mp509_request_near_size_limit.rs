//! MP509: a request that is over 256 KB only when KB is read as 1000 bytes.

use super::prelude::*;
use super::views::count;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP509",
    name: "request-near-size-limit",
    severity: Severity::Warning,
    summary: "A request is too large in the smaller reading of KB",
    why: "The limit of 256 KB for one request is 256000 bytes when KB means 1000 and 262144 when it means 1024, and \
          the service does not say which it counts in. A request in between may pass today and be rejected when \
          a batch in it grows.",
    source: "HTTP API page, size limits; the unit is defined nowhere, and clients in the field use both readings. Found \
             only where a whole body is checked.",
    fires: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .with(&[("request_bytes", 150), ("request_bytes_hard", 400)]),
    silent: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .with(&[("request_bytes", 150), ("request_bytes_hard", 400)]),
    check: Check::Request(check),
};

fn check(request: &RequestView<'_>, findings: &mut Findings<'_>) {
    let (small, large) = (request.limits.request_bytes, request.limits.request_bytes_hard);
    let bytes = count(request.bytes);
    if bytes > small && bytes <= large {
        findings
            .add(Pointer::root(), "the request is too large if the service counts 1000 bytes to a KB")
            .measured(format!("{bytes} bytes"))
            .allowed(format!("at most {small} bytes to be safe, {large} at the most"))
            .help("put fewer batches into a request; `mparticle send` packs by size");
    }
}
