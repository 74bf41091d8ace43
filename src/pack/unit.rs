//! One unit of delivery, planned but not yet packed.

use super::origin::{Earlier, Member, member_bytes};
use super::request_id::splice_id;
use super::{Origin, Reason};
use crate::Endpoint;
use crate::input::RawBatch;

/// A batch as it will be sent: what the service takes or refuses as one.
///
/// The same input and the same options give the same units, with the same bytes and ids, in every run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unit {
    /// The path it is for.
    pub endpoint: Endpoint,
    /// Its bytes, without what is put in, and the place of its first batch in the input.
    pub batch: RawBatch,
    /// What is put in, and after how many of its bytes: the `source_request_id` it does not have.
    pub splice: Option<(usize, Vec<u8>)>,
    /// What it is made of.
    pub origin: Origin,
}

impl Unit {
    /// A batch as it stands in the input.
    #[must_use]
    pub fn whole(endpoint: Endpoint, batch: RawBatch) -> Self {
        Self { endpoint, batch, splice: None, origin: Origin::Whole }
    }

    /// Its name among all units of the inputs: where its first batch begins, and which piece of it this is (0 when it is no piece).
    #[must_use]
    pub fn key(&self) -> (u64, u32) {
        (self.batch.offset, self.origin.piece())
    }

    /// Bytes that are sent.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.batch.bytes.len() + self.splice.as_ref().map_or(0, |(_, added)| added.len())
    }

    /// The batches that were merged into it, each by itself under the id it has then; itself when it is no merged one.
    ///
    /// For when the merged batch must not be sent any more, because the service has refused it or some of its batches are settled.
    #[must_use]
    pub fn apart(self) -> Vec<Self> {
        let Origin::Merged(members) = &self.origin else { return vec![self] };
        let single = |(number, member): (usize, &Member)| {
            let bytes = member_bytes(&self.batch.bytes, members, number)?;
            let splice = splice_id(&bytes, || member.request_id);
            let Member { line, offset, index, .. } = *member;
            let batch = RawBatch { bytes: bytes.into(), line, offset, index, ..RawBatch::default() };
            Some(Self { splice, ..Self::whole(self.endpoint, batch) })
        };
        members.iter().enumerate().filter_map(single).collect()
    }

    /// Notes on a piece that other pieces of its batch were settled by an earlier run and are left out now; does nothing to what is no piece.
    ///
    /// ```
    /// use mparticle_events::input::RawBatch;
    /// use mparticle_events::pack::{Paths, Planner, RequestIds, Unit};
    /// use mparticle_events::{Endpoint, validate::Limits};
    ///
    /// let mut limits = Limits::default();
    /// limits.batch_bytes_hard = 110;
    /// let batch = r#"{"mpid":1,"events":[{"n":1},{"n":2},{"n":3},{"n":4},{"n":5},{"n":6}]}"#;
    /// let mut planner = Planner::new(&limits, RequestIds::for_input("a.ndjson"));
    /// let mut units = Vec::new();
    /// planner.plan(RawBatch { bytes: batch.into(), ..RawBatch::default() }, &Paths::One(Endpoint::Bulk), &mut units)?;
    /// assert_eq!(units.iter().map(Unit::key).collect::<Vec<_>>(), [(0, 1), (0, 2)]);
    ///
    /// // The first was accepted before the machine went down.
    /// units.remove(0);
    /// let (settled, rejected) = (1, None);
    /// units.iter_mut().for_each(|unit| unit.settled_earlier(settled, rejected));
    /// # Ok::<(), Box<mparticle_events::pack::TooLarge>>(())
    /// ```
    pub fn settled_earlier(&mut self, settled: u32, rejected: Option<Reason>) {
        if let Origin::Piece { earlier, .. } = &mut self.origin {
            *earlier = Earlier { settled, rejected };
        }
    }
}
