//! MP508: a request that is over 256 KB in both readings.

use super::prelude::*;
use super::views::count;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP508",
    name: "request-too-large",
    severity: Severity::Error,
    summary: "A request is larger than 256 KB in any reading of KB",
    why: "A request over the limit is rejected as a whole, so that no batch in it is taken.",
    source: "HTTP API page, size limits: a request of any path stays under 256 KB, counted here as 262144 bytes. Found only \
             where a whole body is checked.",
    fires: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .with(&[("request_bytes", 150), ("request_bytes_hard", 180)]),
    silent: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .with(&[("request_bytes", 150), ("request_bytes_hard", 180)]),
    check: Check::Request(check),
};

fn check(request: &RequestView<'_>, findings: &mut Findings<'_>) {
    let (small, large) = (request.limits.request_bytes, request.limits.request_bytes_hard);
    let bytes = count(request.bytes);
    if bytes > large {
        findings
            .add(Pointer::root(), "the request is too large")
            .measured(format!("{bytes} bytes"))
            .allowed(format!("at most {small} bytes to be safe, {large} at the most"))
            .help("put fewer batches into a request; `mparticle send` packs by size");
    }
}
