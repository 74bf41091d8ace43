//! MP502: two events with one `source_message_id`.

use super::memory::{CAPACITY, Memory, hash};
use super::prelude::*;
use super::views::{count, plain};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP502",
    name: "repeated-source-message-id",
    severity: Severity::Warning,
    summary: "Two events have the same `source_message_id`",
    why: "`source_message_id` identifies one event from its source to every output. When two events share \
          one, whoever removes duplicates further down keeps only one of them; mostly it is a copied \
          constant, or an event that was exported twice.",
    source: "JSON reference, events: identifies the event. That the service itself drops the second one is \
             not documented, hence a warning. The last 500000 ids are remembered, as hashes.",
    fires: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"source_message_id":"m-1"}}]}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"events":[{"event_type":"session_start","data":{"source_message_id":"m-1"}}]}"#,
    ]),
    silent: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"source_message_id":"m-1"}}]}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"events":[{"event_type":"session_start","data":{"source_message_id":"m-2"}},{"event_type":"session_start","data":{}}]}"#,
    ]),
    check: Check::Across(|| Box::new(MessageIds(Memory::new(), Vec::new()))),
};

/// By id: the batch and the event in it that had it first. And room for the ids of one batch.
struct MessageIds(Memory<Place>, Vec<u64>);

/// A batch and an event in it, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(u64);

impl Place {
    const INDEX_BITS: u32 = 20;

    /// Exact for more batches than fit on a disk, and for a million events in one.
    fn new(number: u64, index: usize) -> Self {
        let most = (1 << Self::INDEX_BITS) - 1;
        Self(number << Self::INDEX_BITS | count(index).min(most))
    }

    fn parts(self) -> (u64, u64) {
        (self.0 >> Self::INDEX_BITS, self.0 & ((1 << Self::INDEX_BITS) - 1))
    }
}

impl AcrossCheck for MessageIds {
    fn check(&mut self, batch: &BatchView<'_>, findings: &mut Findings<'_>) {
        for event in batch.events() {
            let Some(value) = event.get("source_message_id") else { continue };
            let Some(id) = plain(value) else { continue };
            let pointer = || event.data_pointer().key("source_message_id");
            let (repeated, first) = self.0.recall(hash(id), Place::new(batch.number, event.index));
            if repeated {
                let (number, index) = first.parts();
                findings
                    .add(
                        pointer(),
                        format!("event {index} of batch {number} has the same `source_message_id`"),
                    )
                    .found(value)
                    .allowed("an id that no other event has")
                    .help("give every event an id of its own, such as a UUID, or leave the member out");
            } else if self.0.just_overflowed() {
                findings
                    .add(
                        pointer(),
                        "there are too many ids to remember them all: only nearer repetitions are found from \
                         here on",
                    )
                    .measured(format!("more than {CAPACITY} ids"))
                    .help("check the file in parts to compare all ids");
            }
        }
    }

    fn forgot(&self) -> bool {
        self.0.forgot()
    }

    fn observe(&mut self, facts: &Facts<'_>) -> Seen {
        let events = facts.events().iter().enumerate();
        let ids = events.filter_map(|(index, event)| Some((index, event.message_id?)));
        let number = ids.clone().count();
        if self.0.has_room(number) {
            for (new, (index, id)) in ids.enumerate() {
                let (repeated, _) = self.0.recall(id, Place::new(facts.number, index));
                if repeated {
                    self.0.take_back(new);
                    return Seen::Unsure;
                }
            }
            return Seen::Clean;
        }
        // The oldest are about to be forgotten, which cannot be taken back.
        self.1.clear();
        self.1.extend(ids.clone().map(|(_, id)| id));
        self.1.sort_unstable();
        let repeated = self.1.iter().zip(self.1.iter().skip(1)).any(|(one, next)| one == next);
        if repeated || !self.0.stays_silent(number) || self.1.iter().any(|id| self.0.get(*id).is_some()) {
            return Seen::Unsure;
        }
        for (index, id) in ids {
            self.0.recall(id, Place::new(facts.number, index));
        }
        Seen::Clean
    }
}
