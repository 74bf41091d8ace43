//! MP501: two batches with one `source_request_id`.

use super::memory::{CAPACITY, Memory, hash};
use super::prelude::*;
use super::views::plain;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP501",
    name: "repeated-source-request-id",
    severity: Severity::Error,
    summary: "Two batches have the same `source_request_id`",
    why: "The service takes a second batch with the same `source_request_id` for a repetition of the first \
          and lets it vanish, for 30 to 60 days and for the whole API key. That makes retries safe, and \
          loses a batch when two different ones share an id.",
    source: "JSON reference, batch: de-duplication. Of the ids in a file the last 500000 are remembered, as \
             hashes; with more than that a warning says once that repetitions further apart are not seen.",
    fires: Example::many(&[
        r#"{"environment":"production","source_request_id":"r-1","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
        r#"{"environment":"production","source_request_id":"r-1","user_identities":{"customer_id":"u-2"},"user_attributes":{"plan":"basic"}}"#,
    ]),
    silent: Example::many(&[
        r#"{"environment":"production","source_request_id":"r-1","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
        r#"{"environment":"production","source_request_id":"r-2","user_identities":{"customer_id":"u-2"},"user_attributes":{"plan":"basic"}}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-3"},"user_attributes":{"plan":"basic"}}"#,
    ]),
    check: Check::Across(|| Box::new(RequestIds(Memory::new()))),
};

/// By id: the number of the batch that had it first.
struct RequestIds(Memory<u64>);

impl AcrossCheck for RequestIds {
    fn check(&mut self, batch: &BatchView<'_>, findings: &mut Findings<'_>) {
        let Some(value) = batch.get("source_request_id") else { return };
        let Some(id) = plain(value) else { return };
        let pointer = Pointer::root().key("source_request_id");
        let (repeated, first) = self.0.recall(hash(id), batch.number);
        if repeated {
            findings
                .add(
                    pointer,
                    format!("batch {first} has the same `source_request_id`, so one of the two will vanish"),
                )
                .found(value)
                .allowed("an id that no other batch has had for 60 days")
                .help(
                    "give every batch an id of its own, such as a UUID, and keep it for retries of that \
                     batch only",
                );
        } else if self.0.just_overflowed() {
            findings
                .add(
                    pointer,
                    "there are too many ids to remember them all: only nearer repetitions are found from \
                     here on",
                )
                .measured(format!("more than {CAPACITY} ids"))
                .help("check the file in parts, sorted by `source_request_id`, to compare all ids")
                .as_warning();
        }
    }

    fn forgot(&self) -> bool {
        self.0.forgot()
    }

    fn observe(&mut self, facts: &Facts<'_>) -> Seen {
        let Some(id) = facts.request_id() else { return Seen::Clean };
        if !self.0.stays_silent(1) {
            return Seen::Unsure;
        }
        // One that is known is left as it is.
        let (repeated, _) = self.0.recall(id, facts.number);
        if repeated { Seen::Unsure } else { Seen::Clean }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::run;
    use super::*;

    #[test]
    fn the_earlier_batch_is_named() {
        let found: Vec<_> = run(&RULE, &RULE.fires).into_iter().flatten().collect();
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|finding| finding.message.starts_with("batch 1 has the same")));
    }
}
