//! MP201: a batch over 128 KB in any reading of KB.

use super::prelude::*;
use super::views::count;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP201",
    name: "batch-too-large",
    severity: Severity::Error,
    summary: "A batch has more bytes than the service takes",
    why: "The service limits one batch to 128 KB and throttles or rejects what is larger. In a bulk request \
          that shows neither in the status nor in the answer, so the events of that batch are simply gone.",
    source: "HTTP API page, size limits. It does not say whether KB means 1000 or 1024 bytes: this rule \
             takes the larger reading (131072 bytes), MP202 warns above the smaller one.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold","newsletter":"weekly","shop":"Berlin"}}"#,
    ])
    .with(&[("batch_bytes", 110), ("batch_bytes_hard", 120)]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
    ])
    .with(&[("batch_bytes", 110), ("batch_bytes_hard", 120)]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    let limit = batch.limits.batch_bytes_hard;
    if count(batch.bytes) > limit {
        findings
            .add(Pointer::root(), "the batch is larger than the service takes")
            .measured(format!("{} bytes", batch.bytes))
            .allowed(format!("at most {limit} bytes"))
            .help(
                "split `events` over several batches, each with the same identities and its own \
                 `source_request_id`",
            );
    }
}
