//! One request as it will be sent, and where each batch stands in it.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use super::Origin;
use super::origin::{Member, member_bytes, member_length};
use crate::Endpoint;
use crate::input::Pool;

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

/// A batch on its way into a body, and what is put in after how many of its bytes.
#[derive(Clone, Debug)]
struct Piece {
    batch: Bytes,
    splice: Option<(usize, Vec<u8>)>,
}

impl Piece {
    fn bytes(&self) -> usize {
        self.batch.len() + self.splice.as_ref().map_or(0, |(_, added)| added.len())
    }

    fn write(&self, body: &mut Vec<u8>) {
        let (at, added) = self.splice.as_ref().map_or((0, &[][..]), |(at, added)| (*at, added));
        let (open, rest) = self.batch.split_at_checked(at).unwrap_or((&self.batch, &[]));
        for bytes in [open, added, rest] {
            body.extend_from_slice(bytes);
        }
    }
}

/// Bytes of the input over which the batches of one request may be spread before they are copied: a request that fills slowly would
/// else hold a block of the reader for each of them.
const SPREAD: u64 = 4 * 1024 * 1024;

/// A request that is being filled.
#[derive(Clone, Debug)]
pub(super) struct Open {
    endpoint: Endpoint,
    pieces: Vec<Piece>,
    /// How many of these were copied, and where the first one begins that was not.
    copied: usize,
    since: u64,
    parts: Vec<Part>,
    /// Where the body comes from, and goes when it is not needed any more.
    pool: Pool,
}

impl Open {
    /// With room for that many batches.
    pub(super) fn new(endpoint: Endpoint, room: usize, pool: Pool) -> Self {
        let (pieces, parts) = (Vec::with_capacity(room), Vec::with_capacity(room));
        Self { endpoint, pieces, copied: 0, since: 0, parts, pool }
    }

    /// Bytes so far, without the closing bracket.
    pub(super) fn bytes(&self) -> usize {
        open_bytes(self.endpoint, &self.parts)
    }

    /// Batches so far.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Appends a batch with what is put in; `part.range` is set here, and `part.spliced` where there is something to put in.
    pub(super) fn append(&mut self, batch: Bytes, splice: Option<(usize, Vec<u8>)>, part: Part) {
        self.let_go(part.offset);
        let piece = Piece { batch, splice: splice.filter(|(_, added)| !added.is_empty()) };
        let start = self.bytes() + usize::from(!self.parts.is_empty());
        let range = start..start + piece.bytes();
        let spliced = piece.splice.as_ref().map(|(at, added)| *at..*at + added.len()).or(part.spliced);
        self.parts.push(Part { range, spliced, ..part });
        self.pieces.push(piece);
    }

    /// Lets go of the memory of the reader when the next batch is far from those before it.
    fn let_go(&mut self, next: u64) {
        if self.copied == self.pieces.len() {
            self.since = next;
        } else if next.saturating_sub(self.since) > SPREAD {
            for piece in self.pieces.iter_mut().skip(self.copied) {
                piece.batch = Bytes::copy_from_slice(&piece.batch);
            }
            (self.copied, self.since) = (self.pieces.len(), next);
        }
    }

    /// Leaves it at that.
    pub(super) fn close(self) -> Request {
        let Self { endpoint, pieces, parts, pool, .. } = self;
        let bytes = closed_bytes(endpoint, &parts);
        let body: Assemble = Box::new(move || {
            let mut body = pool.take().unwrap_or_default();
            body.clear();
            body.reserve(bytes);
            assemble(endpoint, &pieces, &mut body);
            pool.lend(body)
        });
        Request { endpoint, body: Arc::new(LazyLock::new(body)), parts }
    }
}

/// Bytes of a body with these parts, without the closing bracket.
fn open_bytes(endpoint: Endpoint, parts: &[Part]) -> usize {
    parts.last().map_or(usize::from(endpoint.is_bulk()), |last| last.range.end)
}

/// The same with it.
fn closed_bytes(endpoint: Endpoint, parts: &[Part]) -> usize {
    open_bytes(endpoint, parts) + usize::from(endpoint.is_bulk())
}

fn assemble(endpoint: Endpoint, pieces: &[Piece], body: &mut Vec<u8>) {
    if endpoint.is_bulk() {
        body.push(b'[');
    }
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        piece.write(body);
    }
    if endpoint.is_bulk() {
        body.push(b']');
    }
}

type Assemble = Box<dyn FnOnce() -> Bytes + Send>;

/// A body ready to be posted, with its batches told apart. Cloning does not copy the body.
///
/// The body is put together when it is first asked for, out of what was read: on the thread that posts it, whose processor
/// then has it in its cache.
#[derive(Clone, Debug)]
pub struct Request {
    endpoint: Endpoint,
    body: Arc<LazyLock<Bytes, Assemble>>,
    parts: Vec<Part>,
}

impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint && self.parts == other.parts && self.body() == other.body()
    }
}

impl Eq for Request {}

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

    /// The length of the body in bytes, known before it is put together.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        closed_bytes(self.endpoint, &self.parts)
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
        let mut request = Open::new(self.endpoint, parts.len(), Pool::default());
        for part in parts {
            let batch = self.body.get(part.range.clone()).map(|batch| self.body.slice_ref(batch));
            // What was put in is in there already.
            request.append(batch.unwrap_or_default(), None, part.clone());
        }
        request.close()
    }

    /// The body, shared rather than copied.
    #[must_use]
    pub fn shared_body(&self) -> Bytes {
        (**self.body).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_fills_slowly_holds_few_blocks() {
        let blocks = Pool::default();
        let mut open = Open::new(Endpoint::Bulk, 0, Pool::default());
        let (mut expected, mut held) = (Vec::new(), Vec::new());
        for number in 0..40_u64 {
            let text = format!("{{\"n\":{number}}}");
            let block = blocks.lend([text.as_bytes(), &[b'x'; 1000]].concat());
            // The first ones stand near each other.
            let offset = if number < 10 { number * 1000 } else { number * (SPREAD + 1) };
            let (range, spliced, origin) = (0..0, None, Origin::Whole);
            let part = Part { range, line: 1, offset, index: number, spliced, origin };
            open.append(block.slice(..text.len()), None, part);
            expected.push(text);
            drop(block);
            let back = std::iter::from_fn(|| blocks.take()).count();
            held.push(held.last().map_or(1, |before| before + 1) - back);
        }
        assert_eq!(held[..10], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(held[10..], [1; 30]);
        assert_eq!(open.close().body(), format!("[{}]", expected.join(",")).as_bytes());
    }
}
