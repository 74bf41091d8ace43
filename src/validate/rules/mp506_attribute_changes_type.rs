//! MP506: a user attribute that is a text here and a list there.

use super::memory::{Memory, hash};
use super::prelude::*;
use super::views::{user_attribute, user_attributes};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP506",
    name: "attribute-changes-type",
    severity: Severity::Warning,
    summary: "A user attribute is a single value in one batch and a list in another",
    why: "An attribute is a text or a list of texts, and ought to stay what it is. Where it changes, \
          audiences and outputs that were set up for one kind miss the users that have the other.",
    source: "User attributes documentation: values are texts or lists of texts, and a name should not change \
             between the two. What the service does is not documented, hence a warning, once an attribute.",
    fires: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"sizes":["43","44"]}}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"user_attributes":{"sizes":"44"}}"#,
    ]),
    silent: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"sizes":["43","44"]}}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"user_attributes":{"sizes":["44"],"plan":"gold"}}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-3"},"user_attributes":{"sizes":null,"plan":"basic"}}"#,
    ]),
    check: Check::Across(|| Box::new(Kinds { seen: Memory::new(), good: [0; ROWS] })),
};

/// What an attribute was when it was first seen.
struct First {
    is_list: bool,
    number: u64,
    told: bool,
}

/// Attributes by name. And hashes of rows of attributes that were all known, with nothing to be said about them: most
/// batches have one of the same few rows.
struct Kinds {
    seen: Memory<First>,
    good: [u64; ROWS],
}

const ROWS: usize = 64;

impl Kinds {
    /// The entry that a row has in common with some others.
    #[expect(clippy::indexing_slicing, reason = "there are so many")]
    fn good(&mut self, row: u64) -> &mut u64 {
        &mut self.good[(row >> 32) as usize % ROWS]
    }
}

impl AcrossCheck for Kinds {
    fn check(&mut self, batch: &BatchView<'_>, findings: &mut Findings<'_>) {
        for (name, value) in user_attributes(batch) {
            let is_list = match value {
                Value::Array(_) => true,
                Value::String(_) | Value::Number(_) | Value::Bool(_) => false,
                Value::Null | Value::Object(_) => continue,
            };
            let (_, first) =
                self.seen.recall(hash(name), First { is_list, number: batch.number, told: false });
            if first.is_list != is_list && !first.told {
                first.told = true;
                let (here, there) =
                    if is_list { ("a list", "a single value") } else { ("a single value", "a list") };
                findings
                    .add(
                        user_attribute(name),
                        format!("the user attribute is {here} here and {there} in batch {}", first.number),
                    )
                    .found(value)
                    .allowed("the same kind of value for all users")
                    .help("send a list in either case, with one entry for a single value, or use two names");
            }
        }
    }

    fn forgot(&self) -> bool {
        self.seen.forgot()
    }

    fn observe(&mut self, facts: &Facts<'_>) -> Seen {
        // Once an attribute was forgotten, it is not known any more.
        let row = facts.kinds();
        if *self.good(row) == row && !self.seen.forgot() {
            return Seen::Clean;
        }
        let mut new = 0;
        for attribute in facts.attributes() {
            match self.seen.get(attribute.name) {
                Some(first) if first.is_list != attribute.is_list && !first.told => return Seen::Unsure,
                Some(_) => {}
                None => new += 1,
            }
        }
        if new == 0 {
            *self.good(row) = row;
            return Seen::Clean;
        }
        // When there is no room, those known here can be forgotten by the time their turn comes.
        if !self.seen.has_room(new) {
            return Seen::Unsure;
        }
        // In the order in which the document has them once it is read.
        let mut all: Vec<_> = facts.named_attributes().collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        for (_, AttributeFacts { name, is_list }) in all {
            self.seen.recall(name, First { is_list, number: facts.number, told: false });
        }
        Seen::Clean
    }
}
