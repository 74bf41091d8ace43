//! Decides which batches of the input go as they are, in pieces, or several in one.

use bytes::Bytes;

use super::age::Paths;
use super::merge::{Candidate, Group};
use super::packer::TooLarge;
use super::request_id::{ADDED, RequestIds};
use super::split::{Room, Splitter};
use super::{Origin, Unit, Unsplittable};
use crate::Endpoint;
use crate::input::RawBatch;
use crate::validate::Limits;

/// Turns batches into units of delivery.
///
/// Deterministic: the same batches and the same settings give the same units, with the same bytes and ids. What was delivered before
/// plays no part; who resumes plans all over again and leaves out the units whose [`key`](Unit::key) is known.
///
/// *Splitting* (on unless turned off): a batch over the size limit, or one whose events belong to different paths, goes in pieces. A piece has some of the
/// events, in their order, and everything else of the batch byte for byte: identities, attributes, consent and device stand in
/// every piece, and to say them again changes nothing. Only `source_request_id` differs: each piece has its own, made of that of the
/// whole and of the numbers of its events.
///
/// *Merging* (off unless turned on): batches next to each other on one path become one with all their events, in order, when every byte
/// outside of `events` is the same: so identities, attributes, consent, environment are. Left alone are batches that have a
/// `source_request_id` of their own, because the service knows them by it; those that do not say whose they are (by `mpid`, `mp_deviceid` or an
/// entry of `user_identities`); those without events, and those with a key twice. One group is held at a time, so memory is bounded by the size of one batch. A merged batch has an id made of those its members
/// would have had, which the service does not know: batches sent before *without* merging are counted again when sent with it.
///
/// ```
/// use mparticle_events::Endpoint;
/// use mparticle_events::input::BatchReader;
/// use mparticle_events::pack::{Paths, Planner, RequestIds};
/// use mparticle_events::validate::Limits;
///
/// let mut planner = Planner::new(&Limits::default(), RequestIds::for_input("a.ndjson")).merge(true);
/// let file = "{\"mpid\":7,\"events\":[{\"n\":1}]}\n{\"mpid\":7,\"events\":[{\"n\":2}]}\n{\"mpid\":8,\"events\":[{\"n\":3}]}\n";
/// let mut units = Vec::new();
/// for batch in BatchReader::new(file.as_bytes()) {
///     planner.plan(batch?, &Paths::One(Endpoint::Bulk), &mut units)?;
/// }
/// planner.finish(&mut units);
/// assert_eq!(units.len(), 2);
/// assert_eq!(units[0].batch.bytes, r#"{"mpid":7,"events":[{"n":1},{"n":2}]}"#);
/// assert_eq!(units[0].origin.batches(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Planner {
    ids: RequestIds,
    split: bool,
    merge: bool,
    max_merged_events: usize,
    batch_bytes: usize,
    batch_bytes_hard: usize,
    request_bytes: usize,
    open: Option<Group>,
}

impl Planner {
    /// The most events that a merged batch gets unless told otherwise: in its strictest reading, the documentation allows no more in a request.
    pub const MAX_MERGED_EVENTS: usize = 100;

    /// Plans within the given limits. Every unit has an id: the one the batch came with, or one of the given.
    #[must_use]
    pub fn new(limits: &Limits, ids: RequestIds) -> Self {
        let bytes = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            ids,
            split: true,
            merge: false,
            max_merged_events: Self::MAX_MERGED_EVENTS,
            batch_bytes: bytes(limits.batch_bytes),
            batch_bytes_hard: bytes(limits.batch_bytes_hard),
            request_bytes: bytes(limits.request_bytes),
            open: None,
        }
    }

    /// Whether batches may be split. When not, one over the limit is an error, and one for two paths goes to the live one.
    #[must_use]
    pub fn split(mut self, split: bool) -> Self {
        self.split = split;
        self
    }

    /// Whether batches may be merged.
    #[must_use]
    pub fn merge(mut self, merge: bool) -> Self {
        self.merge = merge;
        self
    }

    /// How many events a merged batch may have.
    #[must_use]
    pub fn max_merged_events(mut self, events: usize) -> Self {
        self.max_merged_events = events;
        self
    }

    /// Goes on with another input, whose batches get ids of their own. Batches of two inputs are not merged.
    pub fn next_input(&mut self, ids: RequestIds, units: &mut Vec<Unit>) {
        self.finish(units);
        self.ids = ids;
    }

    /// Plans a batch. What is decided is put at the end of `units`: nothing when it waits for others to join it, several when it is split.
    ///
    /// # Errors
    ///
    /// [`TooLarge`], with the batch in it, when it is over the limit and cannot be split. What waited before it is in `units` all the same.
    pub fn plan(
        &mut self,
        batch: RawBatch,
        paths: &Paths,
        units: &mut Vec<Unit>,
    ) -> Result<(), Box<TooLarge>> {
        self.plan_as(batch, false, paths, units)
    }

    /// Plans a batch that is known to have a `source_request_id`, so that it need not be looked for. Said of one that has none, it is
    /// sent without.
    ///
    /// # Errors
    ///
    /// As for [`plan`](Self::plan).
    pub fn plan_identified(
        &mut self,
        batch: RawBatch,
        paths: &Paths,
        units: &mut Vec<Unit>,
    ) -> Result<(), Box<TooLarge>> {
        self.plan_as(batch, true, paths, units)
    }

    fn plan_as(
        &mut self,
        batch: RawBatch,
        identified: bool,
        paths: &Paths,
        units: &mut Vec<Unit>,
    ) -> Result<(), Box<TooLarge>> {
        let endpoint = match paths {
            Paths::One(endpoint) => *endpoint,
            Paths::ByAge(historical) => {
                if let Some(pieces) = self.split.then(|| self.by_age(&batch, historical)).and_then(Result::ok)
                {
                    self.finish(units);
                    units.extend(pieces);
                    return Ok(());
                }
                Endpoint::Bulk
            }
        };
        if self.merge && !identified && batch.bytes.len() + ADDED <= self.room(endpoint).fill {
            return self.join(batch, endpoint, units);
        }
        self.finish(units);
        self.alone(batch, identified, endpoint, units)
    }

    /// Ends a group that others could still join: at the end of an input, or when nothing may wait any longer.
    pub fn finish(&mut self, units: &mut Vec<Unit>) {
        units.extend(self.open.take().map(Group::close));
    }

    fn join(
        &mut self,
        batch: RawBatch,
        endpoint: Endpoint,
        units: &mut Vec<Unit>,
    ) -> Result<(), Box<TooLarge>> {
        let candidate = match Candidate::of(batch, &self.ids) {
            Ok(candidate) => candidate,
            Err(batch) => {
                self.finish(units);
                return self.alone(batch, false, endpoint, units);
            }
        };
        let max_bytes = self.room(endpoint).fill;
        let apart = match &mut self.open {
            Some(group) => group.join(endpoint, candidate, max_bytes, self.max_merged_events),
            None => Some(candidate),
        };
        if let Some(candidate) = apart {
            self.finish(units);
            self.open = Some(Group::new(endpoint, candidate));
        }
        Ok(())
    }

    /// A batch as it is, or in pieces when it is too large.
    fn alone(
        &self,
        batch: RawBatch,
        identified: bool,
        endpoint: Endpoint,
        units: &mut Vec<Unit>,
    ) -> Result<(), Box<TooLarge>> {
        let splice = if identified { None } else { self.ids.splice(&batch) };
        let unit = Unit { splice, ..Unit::whole(endpoint, batch) };
        let (bytes, limit) = (unit.bytes(), self.room(endpoint).most);
        if bytes <= limit {
            units.push(unit);
            return Ok(());
        }
        let reason = match self.split.then(|| self.by_size(&unit.batch, endpoint)) {
            Some(Ok(pieces)) => {
                units.extend(pieces);
                return Ok(());
            }
            Some(Err(reason)) => Some(reason),
            None => None,
        };
        Err(Box::new(TooLarge { batch: unit.batch, bytes, limit, reason }))
    }

    fn by_size(&self, batch: &RawBatch, endpoint: Endpoint) -> Result<Vec<Unit>, Unsplittable> {
        let splitter = Splitter::new(batch, &self.ids)?;
        if splitter.events() < 2 {
            return Err(Unsplittable::OneEvent);
        }
        let pieces = splitter.fill(0..splitter.events(), self.room(endpoint))?;
        Ok(units(batch, &splitter, pieces.into_iter().map(|piece| (endpoint, piece)).collect()))
    }

    fn by_age(&self, batch: &RawBatch, historical: &[bool]) -> Result<Vec<Unit>, Unsplittable> {
        let splitter = Splitter::new(batch, &self.ids)?;
        let mut pieces = Vec::new();
        for endpoint in [Endpoint::Historical, Endpoint::Bulk] {
            let goes = |index: &usize| historical.get(*index).copied() == Some(endpoint.is_historical());
            let part = splitter.fill((0..splitter.events()).filter(goes), self.room(endpoint))?;
            pieces.extend(part.into_iter().map(|piece| (endpoint, piece)));
        }
        // The list is that of a reader of JSON, this one follows brackets only: they have to agree.
        let planned: usize = pieces.iter().map(|(_, piece)| piece.len()).sum();
        if planned != historical.len() || planned != splitter.events() {
            return Err(Unsplittable::Unreadable);
        }
        Ok(units(batch, &splitter, pieces))
    }

    /// What a batch may take on a path: alone in its request it stays below the limit of that, too.
    fn room(&self, endpoint: Endpoint) -> Room {
        let brackets = if endpoint.is_bulk() { 2 } else { 0 };
        let most = self.batch_bytes_hard.min(self.request_bytes.saturating_sub(1 + brackets));
        Room { fill: self.batch_bytes.min(most), most }
    }
}

/// The pieces of a batch, numbered.
fn units(batch: &RawBatch, splitter: &Splitter<'_>, pieces: Vec<(Endpoint, Vec<usize>)>) -> Vec<Unit> {
    let of = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let pieces = (1_u32..).zip(pieces);
    pieces
        .map(|(number, (endpoint, events))| {
            let batch = RawBatch {
                bytes: splitter.piece(&events).into(),
                ..RawBatch { bytes: Bytes::new(), ..*batch }
            };
            let origin = Origin::Piece { number, of, earlier: super::Earlier::default() };
            Unit { endpoint, batch, splice: None, origin }
        })
        .collect()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
