//! MP202: a batch that is over 128 KB only when KB is read as 1000 bytes.

use super::prelude::*;
use super::views::count;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP202",
    name: "batch-near-size-limit",
    severity: Severity::Warning,
    summary: "A batch is too large in the smaller reading of KB",
    why: "The limit of 128 KB for one batch is 128000 bytes when KB means 1000 and 131072 when it means \
          1024, and the service does not say which it counts in. A batch in between may pass today and be \
          rejected when its user gets one more attribute.",
    source: "HTTP API page, size limits; the unit is defined nowhere, and clients in the field use both \
             readings.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold","shop":"Berlin"}}"#,
    ])
    .with(&[("batch_bytes", 110), ("batch_bytes_hard", 140)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .with(&[("batch_bytes", 110), ("batch_bytes_hard", 140)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let (small, large) = (batch.limits.batch_bytes, batch.limits.batch_bytes_hard);
    let bytes = count(batch.bytes);
    if bytes > small && bytes <= large {
        findings
            .add(Pointer::root(), "the batch is too large if the service counts 1000 bytes to a KB")
            .measured(format!("{bytes} bytes"))
            .allowed(format!("at most {small} bytes to be safe, {large} at the most"))
            .help(
                "split `events` over several batches, each with the same identities and its own \
                 `source_request_id`",
            );
    }
}
