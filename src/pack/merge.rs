//! Joins batches that stand next to each other and differ in nothing but their events.

use std::sync::Arc;

use uuid::Uuid;

use super::events::Anatomy;
use super::origin::Member;
use super::request_id::{RequestIds, splice_id};
use super::{Origin, Unit};
use crate::Endpoint;
use crate::input::RawBatch;

/// The root of the ids of merged batches; never changes, or reruns would get other ids.
const MERGED: Uuid = Uuid::from_u128(0x6d50_6172_7469_636c_8265_7665_6e74_7303);

/// Batches that go as one, or one that others may join.
#[derive(Clone, Debug)]
pub(super) struct Group {
    endpoint: Endpoint,
    first: RawBatch,
    /// Where its events end.
    end: usize,
    /// The events of the others, each with a comma before it.
    more: Vec<u8>,
    members: Vec<Member>,
    events: usize,
}

/// A batch that can be merged with its like.
pub(super) struct Candidate {
    batch: RawBatch,
    anatomy: Anatomy,
    request_id: Uuid,
}

impl Candidate {
    /// The batch, when it may be merged at all: it has events, no id of its own, no key twice, and says whose it is. Else it is given back.
    pub(super) fn of(batch: RawBatch, ids: &RequestIds) -> Result<Self, RawBatch> {
        let bytes = &batch.bytes[..];
        match Anatomy::of(bytes) {
            Ok(anatomy) if anatomy.request_id(bytes).is_none() && names_somebody(&anatomy, bytes) => {
                let request_id = ids.id(&batch);
                Ok(Self { batch, anatomy, request_id })
            }
            _ => Err(batch),
        }
    }

    /// Where the bytes between the brackets of its events will stand when they begin there.
    fn member(&self, start: usize) -> Member {
        let RawBatch { line, offset, index, .. } = self.batch;
        let events = start..start + self.anatomy.inner.len();
        Member { line, offset, index, request_id: self.request_id, events }
    }
}

impl Group {
    /// A group of one.
    pub(super) fn new(endpoint: Endpoint, candidate: Candidate) -> Self {
        let members = vec![candidate.member(candidate.anatomy.inner.start)];
        let (end, events) = (candidate.anatomy.inner.end, candidate.anatomy.events.len());
        Self { endpoint, first: candidate.batch, end, more: Vec::new(), members, events }
    }

    /// Takes the batch in, when it is equal but for its events, and the whole stays within the limits; else gives it back.
    pub(super) fn join(
        &mut self,
        endpoint: Endpoint,
        candidate: Candidate,
        max_bytes: usize,
        max_events: usize,
    ) -> Option<Candidate> {
        let (bytes, inner) = (&candidate.batch.bytes[..], candidate.anatomy.inner.clone());
        let first = &self.first.bytes[..];
        let before = self.members.first().and_then(|member| first.get(..member.events.start));
        let same = endpoint == self.endpoint
            && bytes.get(..inner.start) == before
            && bytes.get(inner.end..) == first.get(self.end..);
        let size = first.len() + self.more.len() + 1 + inner.len() + super::request_id::ADDED;
        let events = self.events + candidate.anatomy.events.len();
        if !same || size > max_bytes || events > max_events {
            return Some(candidate);
        }
        self.more.push(b',');
        self.members.push(candidate.member(self.end + self.more.len()));
        self.more.extend_from_slice(bytes.get(inner).unwrap_or_default());
        self.events = events;
        None
    }

    /// The unit it makes: a batch that nobody joined is whole and as it was.
    pub(super) fn close(mut self) -> Unit {
        if let (false, Some((open, close))) =
            (self.more.is_empty(), self.first.bytes.split_at_checked(self.end))
        {
            self.first.bytes = [open, &self.more[..], close].concat().into();
        }
        let (request_id, origin) = match &self.members[..] {
            [only] => (only.request_id, Origin::Whole),
            members => {
                let ids: Vec<u8> = members.iter().flat_map(|member| *member.request_id.as_bytes()).collect();
                (Uuid::new_v5(&MERGED, &ids), Origin::Merged(Arc::from(self.members)))
            }
        };
        let splice = splice_id(&self.first.bytes, || request_id);
        Unit { endpoint: self.endpoint, batch: self.first, splice, origin }
    }
}

/// Whether the batch says whose it is. Those of nobody are not known to be of the same person, however equal they are.
fn names_somebody(anatomy: &Anatomy, batch: &[u8]) -> bool {
    let said = |name: &str| {
        let value = anatomy.member(batch, name).and_then(|member| batch.get(member.value.clone()));
        value.filter(|value| !matches!(*value, b"null" | b"0" | b"\"0\"" | b"\"\""))
    };
    said("mpid").is_some()
        || said("mp_deviceid").is_some()
        || said("user_identities").is_some_and(|identities| {
            let some: Option<serde_json::Map<String, serde_json::Value>> =
                serde_json::from_slice(identities).ok();
            some.is_some_and(|some| some.values().any(|value| !value.is_null() && value != ""))
        })
}
