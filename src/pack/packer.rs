//! Fills requests with batches, in order.

use std::fmt;

use super::request::Open;
use super::{Part, Request, RequestIds, Unit, Unsplittable};
use crate::Endpoint;
use crate::input::{Pool, RawBatch};
use crate::validate::Limits;

/// Collects batches until a request is full.
#[derive(Clone, Debug)]
pub struct Packer {
    endpoint: Endpoint,
    max_batches: usize,
    max_batch_bytes: usize,
    below_bytes: usize,
    ids: Option<RequestIds>,
    current: Option<Open>,
    /// Batches in the last request: the next one is likely to have as many.
    room: usize,
    /// Memory of bodies that were sent.
    bodies: Pool,
}

/// A batch that is over the limit; given back whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooLarge {
    /// The batch.
    pub batch: RawBatch,
    /// The bytes it would take: of the batch, or of a request with nothing else in it.
    pub bytes: usize,
    /// The bytes that are allowed.
    pub limit: usize,
    /// Why its events cannot be spread over several batches; nothing when that was not tried.
    pub reason: Option<Unsplittable>,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}: the batch takes {} bytes, the service allows {}; ",
            self.batch.line, self.bytes, self.limit
        )?;
        match self.reason {
            Some(reason) => write!(f, "it cannot be split: {reason}"),
            None => f.write_str("split its events over several batches"),
        }
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
            room: 0,
            bodies: Pool::default(),
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
        self.current.as_ref().map_or(0, Open::len)
    }

    /// Adds a batch. When that fills a request, or the batch no longer fits into the one that was being filled, the full request comes out.
    ///
    /// # Errors
    ///
    /// [`TooLarge`], with the batch in it, when the batch is over the limit all by itself, the id that is put in included. The batches
    /// before it are not touched.
    pub fn push(&mut self, batch: RawBatch) -> Result<Option<Request>, Box<TooLarge>> {
        let splice = self.ids.and_then(|ids| ids.splice(&batch));
        self.push_unit(Unit { splice, ..Unit::whole(self.endpoint, batch) })
    }

    /// Adds what a [`Planner`](super::Planner) has made; it gets no other id than its own, and goes to the path of this packer.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push).
    pub fn push_unit(&mut self, unit: Unit) -> Result<Option<Request>, Box<TooLarge>> {
        let bytes = unit.bytes();
        let Unit { batch, splice, origin, .. } = unit;
        if let Some((bytes, limit)) = self.over(bytes) {
            return Err(Box::new(TooLarge { batch, bytes, limit, reason: None }));
        }
        let full = if self.fits(bytes) { None } else { self.finish() };
        let request =
            self.current.get_or_insert_with(|| Open::new(self.endpoint, self.room, self.bodies.clone()));
        let RawBatch { bytes, line, offset, index, .. } = batch;
        let part = Part { range: 0..0, line, offset, index, spliced: None, origin };
        request.append(bytes, splice, part);
        if request.len() >= self.max_batches {
            return Ok(self.finish());
        }
        Ok(full)
    }

    /// The request that is being filled, as it is; nothing when no batch waits.
    pub fn finish(&mut self) -> Option<Request> {
        let request = self.current.take().map(Open::close);
        if let Some(request) = &request {
            self.room = request.len();
        }
        request
    }

    fn brackets(&self) -> usize {
        if self.endpoint.is_bulk() { 2 } else { 0 }
    }

    /// The size and the limit it breaks, for a batch that is sent in that many bytes.
    fn over(&self, bytes: usize) -> Option<(usize, usize)> {
        let alone = bytes + self.brackets();
        if bytes > self.max_batch_bytes {
            Some((bytes, self.max_batch_bytes))
        } else if alone >= self.below_bytes {
            Some((alone, self.below_bytes.saturating_sub(1)))
        } else {
            None
        }
    }

    /// Whether a batch of that many bytes fits beside those that wait: a comma before it, a bracket after it.
    fn fits(&self, bytes: usize) -> bool {
        self.current.as_ref().is_none_or(|request| request.bytes() + bytes + 2 < self.below_bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(index: usize, bytes: &[u8]) -> RawBatch {
        RawBatch { bytes: bytes.to_vec().into(), line: index + 1, index: index as u64, ..RawBatch::default() }
    }

    fn limits(batches: u64, request: u64) -> Limits {
        Limits { batches_per_request: batches, request_bytes: request, ..Limits::default() }
    }

    fn pack(mut packer: Packer, batches: &[Vec<u8>]) -> (Vec<Request>, Vec<TooLarge>) {
        let (mut requests, mut large) = (Vec::new(), Vec::new());
        for (index, bytes) in batches.iter().enumerate() {
            match packer.push(batch(index, bytes)) {
                Ok(full) => requests.extend(full),
                Err(error) => large.push(*error),
            }
        }
        requests.extend(packer.finish());
        (requests, large)
    }

    #[test]
    fn a_request_stays_below_the_limit_by_a_byte() {
        let two = [b"{\"a\":1}".to_vec(), b"{\"b\":2}".to_vec()];
        let (requests, _) = pack(Packer::new(Endpoint::Bulk, &limits(100, 18)), &two);
        assert_eq!(requests.iter().map(Request::body).collect::<Vec<_>>(), [&b"[{\"a\":1},{\"b\":2}]"[..]]);
        let (requests, _) = pack(Packer::new(Endpoint::Bulk, &limits(100, 17)), &two);
        assert_eq!(requests.len(), 2);
    }

    #[test]
    fn single_batches_go_without_brackets() {
        let (requests, _) =
            pack(Packer::new(Endpoint::Events, &Limits::default()), &[b"{}".to_vec(), b"{ }".to_vec()]);
        assert_eq!(requests.iter().map(Request::body).collect::<Vec<_>>(), [&b"{}"[..], b"{ }"]);
    }

    #[test]
    fn a_batch_over_the_limit_is_given_back() {
        let limits = Limits { batch_bytes_hard: 10, ..Limits::default() };
        let (requests, large) = pack(Packer::new(Endpoint::Bulk, &limits), &[vec![b'1'; 11], vec![b'2'; 10]]);
        assert_eq!((requests.len(), large.len()), (1, 1));
        assert_eq!((large[0].bytes, large[0].limit, large[0].batch.bytes.len()), (11, 10, 11));
        assert!(large[0].to_string().starts_with("line 1: the batch takes 11 bytes"));
    }

    #[test]
    fn an_id_is_put_in_and_can_be_taken_out_again() {
        let ids = RequestIds::for_input("a file");
        let batches = [
            b"{}".to_vec(),
            b"{ \"a\" : 1}".to_vec(),
            b"{\"source_request_id\":null}".to_vec(),
            b"[1".to_vec(),
        ];
        let (requests, _) = pack(Packer::new(Endpoint::Bulk, &Limits::default()).request_ids(ids), &batches);
        let request = &requests[0];
        for (index, original) in batches.iter().enumerate() {
            assert_eq!(&request.original(index).unwrap(), original);
            let sent = request.batch(index).unwrap();
            if index < 2 {
                let value: serde_json::Value = serde_json::from_slice(sent).unwrap();
                assert_eq!(value["source_request_id"], ids.id(&batch(index, original)).to_string());
                assert!(sent.ends_with(&original[1..]));
            } else {
                assert_eq!(sent, original);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_lost_and_everything_fits(
            sizes in prop::collection::vec((2_usize..60, any::<bool>()), 0..40),
            count in 1_u64..8,
            bytes in 20_u64..200,
            with_ids in any::<bool>(),
        ) {
            let batches: Vec<Vec<u8>> = sizes
                .into_iter()
                .map(|(size, object)| if object { b"{\"k\":1}".to_vec() } else { vec![b'7'; size] })
                .collect();
            let mut packer = Packer::new(Endpoint::Bulk, &limits(count, bytes));
            if with_ids {
                packer = packer.request_ids(RequestIds::for_input("x"));
            }
            let (requests, large) = pack(packer, &batches);
            let mut seen = Vec::new();
            for (number, request) in requests.iter().enumerate() {
                prop_assert!(!request.is_empty() && request.len() as u64 <= count);
                prop_assert!((request.body().len() as u64) < bytes);
                let middle: Vec<&[u8]> = (0..request.len()).map(|index| request.batch(index).unwrap()).collect();
                prop_assert_eq!(request.body(), &[&b"["[..], &middle.join(&b','), b"]"].concat()[..]);
                for (index, part) in request.parts().iter().enumerate() {
                    prop_assert_eq!(part.line as u64, part.index + 1);
                    prop_assert_eq!(&request.original(index).unwrap(), &batches[part.index as usize]);
                    seen.push(part.index);
                }
                // Greedy: what begins the next request would not have fitted into this one.
                if let Some(next) = requests.get(number + 1) {
                    let more = request.body().len() + 1 + next.parts()[0].range.len();
                    prop_assert!(request.len() as u64 == count || more as u64 >= bytes);
                }
                if let Some((first, second)) = request.halve() {
                    prop_assert_eq!(first.len() + second.len(), request.len());
                    prop_assert_eq!(first.batch(0), request.batch(0));
                    prop_assert_eq!(second.original(0), request.original(first.len()));
                }
            }
            prop_assert!(seen.is_sorted());
            seen.extend(large.iter().map(|large| large.batch.index));
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..batches.len() as u64).collect::<Vec<_>>());
        }
    }
}
