//! What is entered in the journal for a part of a request, and when that settles a batch.

use std::collections::BTreeMap;

use crate::Endpoint;
use crate::deliver::Reason;
use crate::journal::{Counts, Done, State, Unit};
use crate::pack::{Origin, Part};

/// What became of a part: the path on which it was taken, or why it was not.
pub type Fate = Result<Endpoint, Reason>;

/// A batch, some that were merged into one, or a piece of one: what is settled at once.
#[derive(Clone, Debug)]
pub struct Entry {
    /// One for each batch of the input, or one for the piece.
    units: Vec<Unit>,
    /// In how many pieces the batch goes, when this is a piece.
    of: Option<u32>,
    fate: Fate,
}

impl Entry {
    /// A batch of the input.
    #[must_use]
    pub fn whole(offset: u64, bytes: usize, fate: Fate) -> Self {
        Self { units: vec![Unit::new(offset, 0, length(bytes))], of: None, fate }
    }

    /// Batches that were merged, by their places.
    #[must_use]
    pub fn merged(offsets: impl Iterator<Item = u64>, fate: Fate) -> Self {
        // Their lengths are not known here; one byte is enough to be found again.
        Self { units: offsets.map(|offset| Unit::new(offset, 0, 1)).collect(), of: None, fate }
    }

    /// A piece of a batch.
    #[must_use]
    pub fn piece(offset: u64, number: u32, of: u32, fate: Fate) -> Self {
        Self { units: vec![Unit::new(offset, number, 0)], of: Some(of), fate }
    }

    /// Parts of one request, next to each other in it. `begin` says where the input begins in which a byte stands.
    ///
    /// Batches are never joined over the border of two inputs, and over a gap only when nothing stands in it: a number that follows
    /// the one before, in the same input.
    #[must_use]
    pub fn of(parts: &[Part], fate: Fate, begin: impl Fn(u64) -> u64) -> Vec<Self> {
        let mut before: Option<(u64, u64)> = None;
        let entry = |part: &Part| {
            if let Origin::Piece { number, of, .. } = &part.origin {
                before = None;
                return Self::piece(part.offset, *number, *of, fate);
            }
            let unit = |(offset, index, bytes): (u64, u64, usize)| {
                let follows = before.replace((offset, index)).is_some_and(|(last, number)| {
                    number.checked_add(1) == Some(index) && begin(last) == begin(offset)
                });
                Unit { follows, ..Unit::new(offset, 0, length(bytes)) }
            };
            Self { units: part.batches().map(unit).collect(), of: None, fate }
        };
        parts.iter().map(entry).collect()
    }
}

/// Batches of which some pieces are settled, and others not: how many are not, and why one of the others was rejected.
#[derive(Debug, Default)]
pub struct OpenBatches(BTreeMap<u64, (u32, Option<Reason>)>);

impl OpenBatches {
    /// The record for these, `earlier` being what was settled before this run. To be asked once for each, as it is entered.
    pub fn enter(&mut self, entries: &[Entry], earlier: &State) -> Done {
        let (mut counts, mut spoiled) = (Counts::default(), Vec::new());
        for entry in entries {
            let Some(of) = entry.of else {
                add(&mut counts, entry.fate, length(entry.units.len()));
                continue;
            };
            for piece in &entry.units {
                match entry.fate {
                    Ok(endpoint) => {
                        *counts.accepted_pieces.entry(endpoint.name().to_owned()).or_default() += 1;
                    }
                    Err(reason) => spoiled.push((piece.offset, reason)),
                }
                match self.settle(piece.offset, of, entry.fate.err(), earlier) {
                    Some(Some(reason)) => *counts.rejected.entry(reason).or_default() += 1,
                    Some(None) => counts.in_pieces += 1,
                    None => {}
                }
            }
        }
        let units: Vec<Unit> = entries.iter().flat_map(|entry| entry.units.iter().copied()).collect();
        Done::of(counts, &units).spoiling(spoiled)
    }

    /// Enters a piece. When it was the last: why its batch is rejected, or nothing when it is accepted.
    fn settle(
        &mut self,
        offset: u64,
        of: u32,
        reason: Option<Reason>,
        earlier: &State,
    ) -> Option<Option<Reason>> {
        let (left, rejected) = self.0.entry(offset).or_insert_with(|| {
            let settled = earlier.settled.pieces_of(offset);
            // As the account of the run has it.
            (of.saturating_sub(settled), earlier.spoiled.get(&offset).copied())
        });
        *left = left.saturating_sub(1);
        *rejected = match (*rejected, reason) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        };
        if *left > 0 {
            return None;
        }
        self.0.remove(&offset).map(|(_, rejected)| rejected)
    }
}

fn add(counts: &mut Counts, fate: Fate, batches: u64) {
    match fate {
        Ok(endpoint) => *counts.accepted.entry(endpoint.name().to_owned()).or_default() += batches,
        Err(reason) => *counts.rejected.entry(reason).or_default() += batches,
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::RawBatch;
    use crate::pack::{Packer, Paths, Planner, RequestIds};
    use crate::validate::Limits;

    const BULK: Fate = Ok(Endpoint::Bulk);

    fn parts(text: &str, limits: &Limits) -> Vec<Part> {
        let mut planner = Planner::new(limits, RequestIds::for_input("a")).merge(true);
        let (mut units, mut packer) = (Vec::new(), Packer::new(Endpoint::Bulk, limits));
        let (mut offset, mut line) = (0, 0);
        for batch in text.split_inclusive('\n') {
            let bytes = batch.trim_end().as_bytes().to_vec();
            // An empty line stands for a batch that is held back.
            if !bytes.is_empty() {
                let raw = RawBatch {
                    bytes: bytes.into(),
                    line: line + 1,
                    offset,
                    index: line as u64,
                    ..RawBatch::default()
                };
                planner.plan(raw, &Paths::One(Endpoint::Bulk), &mut units).unwrap();
            }
            offset += length(batch.len());
            line += 1;
        }
        planner.finish(&mut units);
        for unit in units {
            assert!(packer.push_unit(unit).unwrap().is_none());
        }
        packer.finish().unwrap().parts().to_vec()
    }

    #[test]
    fn merged_batches_are_entered_by_their_own_places_and_lengths() {
        let one = |n: u32| format!("{{\"mpid\":7,\"events\":[{{\"n\":{n}}}],\"x\":1}}\n");
        let text = [one(1), one(22), "\n".to_owned(), one(3)].concat();
        let parts = parts(&text, &Limits::default());
        assert_eq!(parts.len(), 1);
        let done = OpenBatches::default().enter(&Entry::of(&parts, BULK, |_| 0), &State::default());
        assert_eq!(done.counts.accepted(), 3);
        let second_ends = (one(1) + &one(22)).len() as u64 - 1;
        let end = text.len() as u64 - 1;
        // Two that follow each other are one span; what was held back in between stays open.
        assert_eq!(done.spans, [(0, second_ends), (second_ends + 2, end)]);
    }

    #[test]
    fn a_batch_in_pieces_counts_once_when_its_last_piece_is_settled() {
        let piece = |number, fate| [Entry::piece(40, number, 3, fate)];
        let refused = Err(Reason::GaveUp);
        let mut open = OpenBatches::default();
        let none = State::default();
        let done = open.enter(&piece(2, BULK), &none);
        assert_eq!((done.counts.total(), &done.pieces[..]), (0, &[(40, 2)][..]));
        let done = open.enter(&piece(1, refused), &none);
        assert_eq!((done.counts.total(), done.all_spoiled().collect()), (0, vec![(40, Reason::GaveUp)]));
        let done = open.enter(&piece(3, BULK), &none);
        assert_eq!((done.counts.rejected(), done.counts.accepted()), (1, 0));

        // The same over two runs.
        let mut earlier = State::default();
        earlier.settled.insert_piece(40, 1);
        earlier.settled.insert_piece(40, 2);
        let done = OpenBatches::default().enter(&piece(3, BULK), &earlier);
        assert_eq!((done.counts.in_pieces, done.counts.accepted()), (1, 1));
        earlier.spoil(40, Reason::GaveUp);
        for (fate, reason) in [(BULK, Reason::GaveUp), (Err(Reason::Refused), Reason::Refused)] {
            let done = OpenBatches::default().enter(&piece(3, fate), &earlier);
            assert_eq!((done.counts.rejected, done.counts.in_pieces), ([(reason, 1)].into(), 0));
        }
    }
}
