//! Where the events of a batch stand in its bytes, and whether they can be taken apart.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::request_id::KEY;
use crate::input::scan::{self, Member};

/// Why the events of a batch cannot be spread over several batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsplittable {
    /// It is no JSON object with a list of objects as `events`.
    Unreadable,
    /// A key stands twice at its top level: which of the two counts is not known.
    RepeatedKey,
    /// There are no events in it that could go elsewhere.
    NoEvents,
    /// It has one event only.
    OneEvent,
    /// One of its events is too large by itself, with all that has to stand beside it.
    #[non_exhaustive]
    EventTooLarge {
        /// Which, from 0.
        index: usize,
        /// The bytes a batch of this event alone would take.
        bytes: usize,
    },
    /// Its `source_request_id` is neither text nor a number, so no ids can be made of it.
    UnusableId,
}

impl fmt::Display for Unsplittable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("its `events` are no readable list of objects"),
            Self::RepeatedKey => f.write_str("a key stands in it twice"),
            Self::NoEvents => f.write_str("it has no events, its size comes from the rest"),
            Self::OneEvent => f.write_str("it has one event only"),
            Self::EventTooLarge { index, bytes } => {
                write!(f, "with event {index} alone it would still take {bytes} bytes")
            }
            Self::UnusableId => f.write_str("its `source_request_id` is neither text nor a number"),
        }
    }
}

/// A batch taken apart, by the places of its parts.
#[derive(Clone, Debug)]
pub(super) struct Anatomy {
    /// All members of the batch.
    pub(super) members: Vec<Member>,
    /// What is between the brackets of `events`.
    pub(super) inner: Range<usize>,
    /// Each event.
    pub(super) events: Vec<Range<usize>>,
}

impl Anatomy {
    pub(super) fn of(batch: &[u8]) -> Result<Self, Unsplittable> {
        let members = scan::members(batch).ok_or(Unsplittable::Unreadable)?;
        if has_repeated(&members, batch) {
            return Err(Unsplittable::RepeatedKey);
        }
        let list = members.iter().find(|member| member.is_named(batch, "events"));
        let list = list.ok_or(Unsplittable::NoEvents)?.value.clone();
        if batch.get(list.clone()) == Some(b"null") {
            return Err(Unsplittable::NoEvents);
        }
        let events = scan::elements(batch, list.clone()).ok_or(Unsplittable::Unreadable)?;
        if events.is_empty() {
            return Err(Unsplittable::NoEvents);
        }
        if events.iter().any(|event| batch.get(event.start) != Some(&b'{')) {
            return Err(Unsplittable::Unreadable);
        }
        Ok(Self { members, inner: list.start + 1..list.end - 1, events })
    }

    /// The member of that name, when there is one.
    pub(super) fn member(&self, batch: &[u8], name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.is_named(batch, name))
    }

    /// The id the batch came with.
    pub(super) fn request_id(&self, batch: &[u8]) -> Option<&Member> {
        self.member(batch, KEY)
    }
}

/// Whether two members have the same name, escapes undone.
fn has_repeated(members: &[Member], batch: &[u8]) -> bool {
    let mut seen = BTreeSet::new();
    members.iter().any(|member| {
        let key = batch.get(member.key.clone()).unwrap_or_default();
        let plain = key.get(1..key.len().saturating_sub(1)).unwrap_or_default();
        if !key.contains(&b'\\') {
            return !seen.insert(std::borrow::Cow::Borrowed(plain));
        }
        let name = serde_json::from_slice::<String>(key).map_or_else(|_| plain.to_vec(), String::into_bytes);
        !seen.insert(std::borrow::Cow::Owned(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_taken_apart_says_why() {
        for (text, expected) in [
            ("[]", Unsplittable::Unreadable),
            (r#"{"events":[{}"#, Unsplittable::Unreadable),
            (r#"{"events":[1]}"#, Unsplittable::Unreadable),
            (r#"{"events":{}}"#, Unsplittable::Unreadable),
            (r#"{"events":[{}],"\u0065vents":[]}"#, Unsplittable::RepeatedKey),
            (r#"{"a":1,"events":[{}],"a":1}"#, Unsplittable::RepeatedKey),
            (r#"{"a":1}"#, Unsplittable::NoEvents),
            (r#"{"events":[ ]}"#, Unsplittable::NoEvents),
            (r#"{"events":null}"#, Unsplittable::NoEvents),
        ] {
            assert_eq!(Anatomy::of(text.as_bytes()).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn an_escaped_name_is_the_same_name() {
        let text = r#"{"\u0065vents": [ {"a":1} ] }"#;
        let anatomy = Anatomy::of(text.as_bytes()).unwrap();
        assert_eq!((&text[anatomy.inner], &text[anatomy.events[0].clone()]), (r#" {"a":1} "#, r#"{"a":1}"#));
    }
}
