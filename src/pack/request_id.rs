//! The `source_request_id` of batches that come without one: made from where and what the batch is.

use uuid::Uuid;

use crate::input::RawBatch;
use crate::input::scan;

/// The key that the service de-duplicates by.
const KEY: &str = "source_request_id";

/// The root of all names made here; never changes, or reruns would get other ids.
const ROOT: Uuid = Uuid::from_u128(0x6d50_6172_7469_636c_8265_7665_6e74_7301);

/// Makes ids for the batches of one input.
///
/// The id is a UUID (version 5) of the input's name, the number of the batch in it, and its bytes. So it is the same after every
/// retry and when the same file is sent again, which makes both safe; and equal lines of one file get different ids, so that none of
/// them is taken for a repetition.
///
/// ```
/// use mparticle_events::input::RawBatch;
/// use mparticle_events::pack::RequestIds;
///
/// let ids = RequestIds::for_input("orders.ndjson");
/// let batch = RawBatch { bytes: b"{}".to_vec(), ..RawBatch::default() };
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
        let numbered = Uuid::new_v5(&self.namespace, &batch.index.to_be_bytes());
        Uuid::new_v5(&numbered, &batch.bytes)
    }

    /// The bytes to put right after the `{` of a batch, or nothing when it has an id, or is no JSON object.
    #[must_use]
    pub(super) fn splice(&self, batch: &RawBatch) -> Option<Vec<u8>> {
        match has_request_id(&batch.bytes)? {
            true => None,
            false => Some(member(&self.id(batch).to_string(), is_empty_object(&batch.bytes))),
        }
    }
}

/// Whether a batch has a `source_request_id` among its own members; `None` when it is no well-formed JSON object.
///
/// A `null` counts as having one: what the batch says is never overwritten.
#[must_use]
pub fn has_request_id(batch: &[u8]) -> Option<bool> {
    scan::members(batch).map(|members| members.iter().any(|member| member.is_named(batch, KEY)))
}

/// The batch with the given id put in after its `{`; unchanged when it has one or is no JSON object.
#[must_use]
pub(crate) fn with_id(batch: &[u8], id: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(batch.len() + 64);
    match (has_request_id(batch), batch.split_first()) {
        (Some(false), Some((open, rest))) => {
            out.push(*open);
            out.extend_from_slice(&member(id, is_empty_object(batch)));
            out.extend_from_slice(rest);
        }
        _ => out.extend_from_slice(batch),
    }
    out
}

fn member(id: &str, last: bool) -> Vec<u8> {
    let value = serde_json::Value::from(id);
    format!("\"{KEY}\":{value}{}", if last { "" } else { "," }).into_bytes()
}

fn is_empty_object(batch: &[u8]) -> bool {
    batch.iter().skip(1).find(|byte| !byte.is_ascii_whitespace()) == Some(&b'}')
}
