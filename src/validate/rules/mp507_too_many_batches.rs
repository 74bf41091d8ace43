//! MP507: more batches in one request than a bulk path takes.

use super::prelude::*;
use super::views::count;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP507",
    name: "too-many-batches",
    severity: Severity::Error,
    summary: "A request has more than 100 batches",
    why: "A bulk request with more batches than the limit is rejected or throttled as a whole, so that the good \
          batches in it are not taken either.",
    source: "HTTP API page, bulk paths: no more than 100 batches in a request (in one place \"100 event data items\"). \
             Found only where a whole body is checked: `mparticle send` packs what it reads into requests of its own.",
    fires: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .with(&[("batches_per_request", 1)]),
    silent: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .with(&[("batches_per_request", 1)]),
    check: Check::Request(check),
};

fn check(request: &RequestView<'_>, findings: &mut Findings<'_>) {
    let limit = request.limits.batches_per_request;
    let batches = count(request.batches);
    if batches > limit {
        findings
            .add(Pointer::root(), "there are more batches than one request may have")
            .measured(format!("{batches} batches"))
            .allowed(format!("at most {limit} batches in a request"))
            .help(format!(
                "split it into {} requests; `mparticle send` does that by itself",
                batches.div_ceil(limit.max(1))
            ));
    }
}
