//! Fills requests with batches, in order.

use std::fmt;

use super::{Part, Request, RequestIds};
use crate::Endpoint;
use crate::input::RawBatch;
use crate::validate::Limits;

/// Collects batches until a request is full.
#[derive(Clone, Debug)]
pub struct Packer {
    endpoint: Endpoint,
    max_batches: usize,
    max_batch_bytes: usize,
    below_bytes: usize,
    ids: Option<RequestIds>,
    current: Option<Request>,
}

/// A batch that no request can hold; given back whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooLarge {
    /// The batch.
    pub batch: RawBatch,
    /// The bytes it would take: of the batch, or of a request with nothing else in it.
    pub bytes: usize,
    /// The bytes that are allowed.
    pub limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}: the batch takes {} bytes, the service allows {}; split its events over several batches",
            self.batch.line, self.bytes, self.limit
        )
    }
}

impl std::error::Error for TooLarge {}

impl Packer {
    /// Packs for one path, within the given limits. For [`Endpoint::Events`] each request holds one batch, without brackets.
    #[must_use]
    pub fn new(endpoint: Endpoint, limits: &Limits) -> Self {
        let bytes = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            endpoint,
            max_batches: if endpoint.is_bulk() { bytes(limits.batches_per_request).max(1) } else { 1 },
            max_batch_bytes: bytes(limits.batch_bytes_hard),
            below_bytes: bytes(limits.request_bytes),
            ids: None,
            current: None,
        }
    }

    /// Gives every batch that has no `source_request_id` one, right after its `{`; all its other bytes stay as they are.
    #[must_use]
    pub fn request_ids(mut self, ids: RequestIds) -> Self {
        self.ids = Some(ids);
        self
    }

    /// The batches waiting for their request to fill up.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.current.as_ref().map_or(0, Request::len)
    }

    /// Adds a batch. When that fills a request, or the batch no longer fits into the one that was being filled, the full request comes out.
    ///
    /// # Errors
    ///
    /// [`TooLarge`], with the batch in it, when the batch is over the limit all by itself. The batches before it are not touched.
    pub fn push(&mut self, batch: RawBatch) -> Result<Option<Request>, Box<TooLarge>> {
        let (at, added) = self.ids.and_then(|ids| ids.splice(&batch)).unwrap_or_default();
        let bytes = batch.bytes.len() + added.len();
        if let Some((bytes, limit)) = self.over(batch.bytes.len(), bytes) {
            return Err(Box::new(TooLarge { batch, bytes, limit }));
        }
        let full = if self.fits(bytes) { None } else { self.finish() };
        let request = self.current.get_or_insert_with(|| Request::open(self.endpoint));
        let (open, rest) = batch.bytes.split_at(at);
        let spliced = (!added.is_empty()).then(|| at..at + added.len());
        let part = Part { range: 0..0, line: batch.line, offset: batch.offset, index: batch.index, spliced };
        request.append(&[open, &added, rest], part);
        if request.len() >= self.max_batches {
            return Ok(self.finish());
        }
        Ok(full)
    }

    /// The request that is being filled, as it is; nothing when no batch waits.
    pub fn finish(&mut self) -> Option<Request> {
        self.current.take().map(Request::close)
    }

    fn brackets(&self) -> usize {
        if self.endpoint.is_bulk() { 2 } else { 0 }
    }

    /// The size and the limit it breaks, for a batch of that many bytes in the input and in the body.
    fn over(&self, original: usize, sent: usize) -> Option<(usize, usize)> {
        let alone = sent + self.brackets();
        if original > self.max_batch_bytes {
            Some((original, self.max_batch_bytes))
        } else if alone >= self.below_bytes {
            Some((alone, self.below_bytes.saturating_sub(1)))
        } else {
            None
        }
    }

    /// Whether a batch of that many bytes fits beside those that wait: a comma before it, a bracket after it.
    fn fits(&self, bytes: usize) -> bool {
        self.current.as_ref().is_none_or(|request| request.body().len() + bytes + 2 < self.below_bytes)
    }
}
