//! The `source_request_id` of batches that come without one: made from where and what the batch is.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use twox_hash::XxHash3_128;
use uuid::Uuid;

use crate::input::RawBatch;
use crate::input::{Depth, scan};

/// The key that the service de-duplicates by.
pub(super) const KEY: &str = "source_request_id";

static QUOTED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"source_request_id\""));
static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\\u00"));

/// The bytes that a UUID as an id adds to a batch that is not empty: key, colon, value, comma.
pub(crate) const ADDED: usize = KEY.len() + 2 + 1 + uuid::fmt::Hyphenated::LENGTH + 2 + 1;

/// The root of all names made here; never changes, or reruns would get other ids.
const ROOT: Uuid = Uuid::from_u128(0x6d50_6172_7469_636c_8265_7665_6e74_7301);

/// Makes ids for the batches of one input.
///
/// The id is a UUID (version 8, by XXH3) of the input's name, the number of the batch in it, and its bytes. So it is the same after every
/// retry and when the same file is sent again, which makes both safe; and equal lines of one file get different ids, so that none of
/// them is taken for a repetition.
///
/// It follows that a batch gets another id, and is counted again, when the input is given another name or a batch is put in or taken out
/// before it: append to a file that was sent in part, and mend nothing above. And that two inputs of one name are taken for the same
/// one: where the same bytes stand at the same place in both, the service keeps one of the two. Give each its own name, or the batches
/// their own ids.
///
/// ```
/// use mparticle_events::input::RawBatch;
/// use mparticle_events::pack::RequestIds;
///
/// let ids = RequestIds::for_input("orders.ndjson");
/// let batch = RawBatch { bytes: "{}".into(), ..RawBatch::default() };
/// assert_eq!(ids.id(&batch), ids.id(&batch));
/// assert_ne!(ids.id(&batch), RequestIds::for_input("other.ndjson").id(&batch));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestIds {
    namespace: Uuid,
}

impl RequestIds {
    /// Ids for an input of this name. Give the same name when the same file is sent again: its file name rather than the path that
    /// happened to be typed.
    #[must_use]
    pub fn for_input(name: &str) -> Self {
        Self::with_namespace(Uuid::new_v5(&ROOT, name.as_bytes()))
    }

    /// Ids in a namespace of the caller's own.
    #[must_use]
    pub fn with_namespace(namespace: Uuid) -> Self {
        Self { namespace }
    }

    /// The id of a batch.
    #[must_use]
    pub fn id(&self, batch: &RawBatch) -> Uuid {
        self.id_at(batch.index, &batch.bytes)
    }

    /// The id of the batch with these bytes before which so many stand.
    pub(crate) fn id_at(&self, place: u64, bytes: &[u8]) -> Uuid {
        let mut numbered = [0; 24];
        let (namespace, index) = numbered.split_at_mut(16);
        namespace.copy_from_slice(self.namespace.as_bytes());
        index.copy_from_slice(&place.to_be_bytes());
        let number = XxHash3_128::oneshot(&numbered);
        #[allow(clippy::cast_possible_truncation)] // One half here, the other below.
        let content = XxHash3_128::oneshot_with_seed(number as u64, bytes);
        Uuid::new_v8((content ^ (number >> 64)).to_be_bytes())
    }

    /// What to put into a batch, and after how many of its bytes; nothing when it has an id, or is no JSON object.
    pub(super) fn splice(&self, batch: &RawBatch) -> Option<(usize, Vec<u8>)> {
        splice_id(&batch.bytes, || self.id(batch))
    }
}

/// Whether a batch has a `source_request_id` among its own members; `None` when it does not begin and end as a JSON object does.
///
/// Of a batch that is malformed in between, the answer may be either.
///
/// A `null` counts as having one: what the batch says is never overwritten.
#[must_use]
pub fn has_request_id(batch: &[u8]) -> Option<bool> {
    let text = batch.trim_ascii();
    if text.len() < 2 || !text.starts_with(b"{") || !text.ends_with(b"}") {
        return None;
    }
    if has_plain_key(text) {
        return Some(true);
    }
    if may_be_escaped(text) {
        return Some(scan::members(text)?.iter().any(|member| member.is_named(text, KEY)));
    }
    Some(false)
}

/// Whether the key stands among the members of a batch as it is, without escapes.
fn has_plain_key(text: &[u8]) -> bool {
    let mut places = QUOTED.find_iter(text).peekable();
    let (mut depth, mut passed) = (Depth::default(), 0);
    while let Some(at) = places.next() {
        let (before, after) = text.split_at_checked(at + KEY.len() + 2).unwrap_or((text, &[]));
        let before = before.get(..at).unwrap_or_default();
        let is_key = after.trim_ascii_start().starts_with(b":");
        // One place only, and nearer to the end: shorter to count the brackets that are still to be closed.
        if passed == 0 && at > text.len() / 2 && places.peek().is_none() {
            return is_key && is_within_one(before, after);
        }
        depth.pass(before.get(passed..).unwrap_or_default());
        passed = at;
        if is_key && depth.level == 1 && !depth.in_string {
            return true;
        }
    }
    false
}

/// Whether a place that looks like a key stands within one bracket only, by what follows it.
fn is_within_one(before: &[u8], after: &[u8]) -> bool {
    let mut rest = Depth::default();
    rest.pass(after);
    // A quote behind a backslash does not begin a text: it stands in one.
    rest.level == -1 && !rest.in_string && !before.ends_with(b"\\")
}

/// The batch with the given id put in after its `{`; unchanged when it has one or is no JSON object.
#[cfg(feature = "client")]
pub(crate) fn with_id(batch: &[u8], id: &str) -> Vec<u8> {
    if has_request_id(batch) != Some(false) {
        return batch.to_vec();
    }
    // Quotes and escapes: an id from a dead letter can be any text.
    put_in(batch, serde_json::Value::from(id).to_string().as_bytes()).unwrap_or_else(|| batch.to_vec())
}

/// The batch with this id put in after its `{`, where it is known to have none; nothing when there is no `{`.
#[cfg(feature = "uploader")]
pub(crate) fn with_new_id(batch: &[u8], id: Uuid) -> Option<Vec<u8>> {
    put_in(batch, &quoted(id))
}

/// Whether a letter of the key may be written as an escape somewhere (`\u005f`, `\u0065`, …).
fn may_be_escaped(text: &[u8]) -> bool {
    ESCAPE.find_iter(text).any(|at| matches!(text.get(at + 4), Some(b'5'..=b'7')))
}

/// Where a member can be put in: right after the `{`.
pub(super) fn insertion(batch: &[u8]) -> Option<usize> {
    Some(batch.iter().position(|byte| *byte == b'{')? + 1)
}

/// What to put into a batch to give it this id, and after how many of its bytes; nothing when it has one, or is no JSON object.
pub(super) fn splice_id(batch: &[u8], id: impl FnOnce() -> Uuid) -> Option<(usize, Vec<u8>)> {
    if has_request_id(batch) != Some(false) {
        return None;
    }
    let (at, comma) = gap(batch)?;
    let mut member = Vec::with_capacity(ADDED);
    write_member(&mut member, &quoted(id()), comma);
    Some((at, member))
}

/// The batch with the id, which comes with its quotes, after its `{`.
#[cfg(feature = "client")]
fn put_in(batch: &[u8], id: &[u8]) -> Option<Vec<u8>> {
    let (at, comma) = gap(batch)?;
    let (open, rest) = batch.split_at_checked(at)?;
    let mut whole = Vec::with_capacity(batch.len() + KEY.len() + id.len() + 4);
    whole.extend_from_slice(open);
    write_member(&mut whole, id, comma);
    whole.extend_from_slice(rest);
    Some(whole)
}

/// Where the id goes, and what follows it.
fn gap(batch: &[u8]) -> Option<(usize, &'static str)> {
    let at = insertion(batch)?;
    let empty = batch.get(at..)?.trim_ascii_start().starts_with(b"}");
    Some((at, if empty { "" } else { "," }))
}

/// Writes the member that holds an id, which comes with its quotes.
fn write_member(into: &mut Vec<u8>, id: &[u8], comma: &str) {
    for part in [b"\"", KEY.as_bytes(), b"\":", id, comma.as_bytes()] {
        into.extend_from_slice(part);
    }
}

fn quoted(id: Uuid) -> [u8; uuid::fmt::Hyphenated::LENGTH + 2] {
    let mut quoted = [b'"'; uuid::fmt::Hyphenated::LENGTH + 2];
    if let Some(text) = quoted.get_mut(1..=uuid::fmt::Hyphenated::LENGTH) {
        id.hyphenated().encode_lower(text);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(index: u64, bytes: &[u8]) -> RawBatch {
        RawBatch { bytes: bytes.to_vec().into(), index, ..RawBatch::default() }
    }

    #[test]
    fn ids_are_the_same_from_run_to_run() {
        let id = RequestIds::for_input("orders.ndjson").id(&batch(7, b"{}"));
        // Written down: an id that changes with a new version would double what is sent again.
        assert_eq!(id.to_string(), "232260d8-3e3b-8d21-b11a-c10f4df8ab31");
    }

    #[test]
    fn equal_lines_get_different_ids() {
        let ids = RequestIds::for_input("x");
        assert_ne!(ids.id(&batch(0, b"{}")), ids.id(&batch(1, b"{}")));
        assert_ne!(ids.id(&batch(0, b"{}")), ids.id(&batch(0, b"{ }")));
    }

    #[test]
    fn the_key_is_found_wherever_it_stands() {
        let own = r#""source_request_id":"a""#;
        for padding in [0, 10, 100, 1000] {
            let long = "x".repeat(padding);
            for (text, expected) in [
                (format!(r#"{{{own},"b":["{long}"]}}"#), true),
                (format!(r#"{{"b":["{long}"],{own}}}"#), true),
                (format!(r#"{{"b":["{long}"],{own},"c":{{"d":["]","\"}}"]}}}}"#), true),
                (format!(r#"{{"b":["{long}",{{{own}}}]}}"#), false),
                (format!(r#"{{"b":"{long}","c\{own}}}"#), false),
                (format!(r#"{{"b":"{long}","c":"source_request_id"}}"#), false),
                (format!(r#"{{"b":[{{{own},"c":"{long}"}}],{own}}}"#), true),
            ] {
                assert_eq!(has_request_id(text.as_bytes()), Some(expected), "{text}");
                let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(parsed.get(KEY).is_some(), expected, "{text}");
            }
        }
    }

    #[test]
    fn only_the_batch_s_own_key_counts() {
        for (text, expected) in [
            (&br#"{"source_request_id":"a"}"#[..], Some(true)),
            (br#" { "a":{}, "source_request_id" : null } "#, Some(true)),
            (br#"{"source\u005frequest\u005Fid":1}"#, Some(true)),
            (br#"{"events":[{"source_request_id":"a"}],"b":"source_request_id"}"#, Some(false)),
            (br#"{"source_request_id ":1,"Source_Request_Id":2}"#, Some(false)),
            (br#"{"a\"source_request_id":1,"b":{"source_request_id":2}}"#, Some(false)),
            (br#"{"b":{"source_request_id":2},"source_request_id" :3}"#, Some(true)),
            (br#"{"a":"{\"source_request_id\":1}","b":"{"}"#, Some(false)),
            (b"{}", Some(false)),
            (b" {} ", Some(false)),
            ("{\"a\":\"caf\\u00e9\"}".as_bytes(), Some(false)),
            (b"[{}]", None),
            (b"{", None),
            (b"{\"a\":1", None),
            (b"", None),
        ] {
            assert_eq!(has_request_id(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }
}
