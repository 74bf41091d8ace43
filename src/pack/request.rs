//! One request as it will be sent, and where each batch stands in it.

use std::ops::Range;
use std::sync::Arc;

use super::Origin;
use super::origin::{Member, member_bytes, member_length};
use crate::Endpoint;

/// Where a batch of a request comes from, and where it stands in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// Its bytes in the body.
    pub range: Range<usize>,
    /// The line of its first byte in the input, from 1.
    pub line: usize,
    /// Bytes from the start of the input.
    pub offset: u64,
    /// How many batches stand before it in the input.
    pub index: u64,
    /// The bytes within `range`, counted from its start, that were added: the `source_request_id` the batch did not have.
    pub spliced: Option<Range<usize>>,
    /// Whether it is a batch of the input, a piece of one, or several in one. Line, offset and index are those of the first.
    pub origin: Origin,
}

impl Part {
    /// Its name among all parts of the inputs: where its first batch begins, and which piece of it this is (0 when it is no piece).
    #[must_use]
    pub fn key(&self) -> (u64, u32) {
        (self.offset, self.origin.piece())
    }

    /// The batches of the input that it holds: place, number, and how many bytes each has there. None when it is a piece.
    pub fn batches(&self) -> impl Iterator<Item = (u64, u64, usize)> + '_ {
        let added = self.spliced.as_ref().map_or(0, ExactSizeIterator::len);
        let bytes = self.range.len().saturating_sub(added);
        let members = self.origin.members();
        let whole = (self.origin == Origin::Whole).then_some((self.offset, self.index, bytes));
        let member = move |(number, member): (usize, &Member)| {
            (member.offset, member.index, member_length(bytes, members, number))
        };
        whole.into_iter().chain(members.iter().enumerate().map(member))
    }

    /// The line of each batch of the input that has events in it.
    pub fn lines(&self) -> impl Iterator<Item = usize> + '_ {
        let members = self.origin.members();
        let alone = members.is_empty().then_some(self.line);
        alone.into_iter().chain(members.iter().map(|member| member.line))
    }
}

/// A request that is being filled.
#[derive(Clone, Debug)]
pub(super) struct Open {
    endpoint: Endpoint,
    body: Vec<u8>,
    parts: Vec<Part>,
}

impl Open {
    /// With room for a body of that many bytes: one that grows is copied again and again.
    pub(super) fn new(endpoint: Endpoint, room: usize) -> Self {
        let mut body = Vec::with_capacity(room);
        if endpoint.is_bulk() {
            body.push(b'[');
        }
        Self { endpoint, body, parts: Vec::new() }
    }

    /// Bytes so far, without the closing bracket.
    pub(super) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Batches so far.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Appends a batch that comes in pieces; `part.range` is set here.
    pub(super) fn append(&mut self, pieces: &[&[u8]], mut part: Part) {
        if !self.parts.is_empty() {
            self.body.push(b',');
        }
        let start = self.body.len();
        for piece in pieces {
            self.body.extend_from_slice(piece);
        }
        part.range = start..self.body.len();
        self.parts.push(part);
    }

    /// Writes the closing bracket.
    pub(super) fn close(mut self) -> Request {
        if self.endpoint.is_bulk() {
            self.body.push(b']');
        }
        Request { endpoint: self.endpoint, body: Arc::new(self.body), parts: self.parts }
    }
}

/// A body ready to be posted, with its batches told apart. Cloning does not copy the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    endpoint: Endpoint,
    body: Arc<Vec<u8>>,
    parts: Vec<Part>,
}

impl Request {
    /// The path it is for.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// The body, exactly as it is sent.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How many batches it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether it holds none; a packer never makes such a request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Its batches, in the order of the body.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The bytes of one batch as they are sent.
    #[must_use]
    pub fn batch(&self, index: usize) -> Option<&[u8]> {
        self.body.get(self.parts.get(index)?.range.clone())
    }

    /// The bytes of one batch without an added `source_request_id`: for a batch that is sent whole, those of the input.
    #[must_use]
    pub fn original(&self, index: usize) -> Option<Vec<u8>> {
        let sent = self.batch(index)?;
        let Some(added) = self.parts.get(index)?.spliced.clone() else { return Some(sent.to_vec()) };
        let mut original = sent.get(..added.start)?.to_vec();
        original.extend_from_slice(sent.get(added.end..)?);
        Some(original)
    }

    /// The bytes that one of the batches merged into a part had in the input.
    #[must_use]
    pub fn member(&self, index: usize, member: usize) -> Option<Vec<u8>> {
        member_bytes(&self.original(index)?, self.parts.get(index)?.origin.members(), member)
    }

    /// Two requests of half the batches each; `None` when there is only one.
    ///
    /// Batches keep their bytes, so that a `source_request_id` stays the same.
    #[must_use]
    pub fn halve(&self) -> Option<(Self, Self)> {
        if self.len() < 2 {
            return None;
        }
        let (first, second) = self.parts.split_at(self.len() / 2);
        Some((self.only(first), self.only(second)))
    }

    /// The request without some of its batches; `None` when nothing is left.
    #[must_use]
    pub fn without(&self, gone: impl Fn(usize) -> bool) -> Option<Self> {
        let left = self.parts.iter().enumerate().filter(|(index, _)| !gone(*index));
        let left: Vec<Part> = left.map(|(_, part)| part.clone()).collect();
        (!left.is_empty()).then(|| self.only(&left))
    }

    fn only(&self, parts: &[Part]) -> Self {
        let mut request = Open::new(self.endpoint, self.body.len());
        for part in parts {
            let bytes = self.body.get(part.range.clone()).unwrap_or_default();
            request.append(&[bytes], part.clone());
        }
        request.close()
    }

    /// The body, shared rather than copied.
    #[must_use]
    pub fn shared_body(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.body)
    }
}
