//! Which units of delivery are settled, in memory that depends on what is out of order and not on how many there are.

use std::collections::{BTreeMap, BTreeSet};

/// One unit of delivery: a batch of the input, or a piece of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// The place of the batch's first byte in all inputs thought of as one.
    pub offset: u64,
    /// The number of the piece when a batch was split, else 0.
    pub piece: u32,
    /// Bytes of the batch in the input. Too few is safe, too many is not: what follows would be taken for settled.
    pub bytes: u64,
    /// Whether in the input it comes right after the unit before it in the same list, with no other between.
    pub follows: bool,
}

impl Unit {
    /// A batch, or a piece of one, that follows no other.
    #[must_use]
    pub fn new(offset: u64, piece: u32, bytes: u64) -> Self {
        Self { offset, piece, bytes, follows: false }
    }

    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.max(1))
    }
}

/// A set of units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// First byte to the byte after the last, of units with piece 0; never adjacent.
    spans: BTreeMap<u64, u64>,
    /// Units with another piece.
    pieces: BTreeSet<(u64, u32)>,
}

impl Settled {
    /// Whether the unit is in it.
    #[must_use]
    pub fn contains(&self, offset: u64, piece: u32) -> bool {
        if piece > 0 {
            return self.pieces.contains(&(offset, piece));
        }
        self.spans.range(..=offset).next_back().is_some_and(|(_, end)| offset < *end)
    }

    /// Adds the bytes from `start` to before `end`, with all units that begin there.
    pub fn insert(&mut self, start: u64, end: u64) {
        let (mut start, mut end) = (start, end.max(start.saturating_add(1)));
        // One byte between two batches is a line break or a comma: no batch fits there, so they become one span.
        while let Some((&from, &to)) = self.spans.range(..=end.saturating_add(1)).next_back() {
            if to.saturating_add(1) < start {
                break;
            }
            (start, end) = (start.min(from), end.max(to));
            self.spans.remove(&from);
        }
        self.spans.insert(start, end);
    }

    /// Adds a piece that is not the first.
    pub fn insert_piece(&mut self, offset: u64, piece: u32) {
        self.pieces.insert((offset, piece));
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.pieces.is_empty()
    }

    /// How many pieces of one batch are in it.
    #[must_use]
    pub fn pieces_of(&self, offset: u64) -> u32 {
        let pieces = self.pieces.range((offset, 0)..=(offset, u32::MAX)).count();
        u32::try_from(pieces).unwrap_or(u32::MAX)
    }

    /// The spans in order.
    pub fn spans(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.spans.iter().map(|(start, end)| (*start, *end))
    }

    /// The pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.pieces.iter().copied()
    }

    /// Joins the units of one list where nothing stands between them.
    #[must_use]
    pub fn of(units: &[Unit]) -> Self {
        let mut settled = Self::default();
        let mut open: Option<(u64, u64)> = None;
        for unit in units {
            if unit.piece > 0 {
                settled.insert_piece(unit.offset, unit.piece);
                continue;
            }
            open = match open {
                Some((start, _)) if unit.follows && unit.offset > start => Some((start, unit.end())),
                before => {
                    if let Some((start, end)) = before {
                        settled.insert(start, end);
                    }
                    Some((unit.offset, unit.end()))
                }
            };
        }
        if let Some((start, end)) = open {
            settled.insert(start, end);
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_run_of_lines_is_one_span() {
        let mut settled = Settled::default();
        for line in [3, 0, 1, 2_u64] {
            settled.insert(line * 10, line * 10 + 9);
        }
        assert_eq!(settled.spans().collect::<Vec<_>>(), [(0, 39)]);
        // Two bytes between: room for a batch `{}`.
        settled.insert(41, 50);
        assert_eq!(settled.spans().count(), 2);
        assert!(settled.contains(0, 0) && settled.contains(41, 0) && !settled.contains(39, 0));
        assert!(!settled.contains(0, 1));
    }

    #[test]
    fn what_follows_is_joined_over_any_gap_and_a_piece_stands_alone() {
        let unit = |offset, piece, follows| Unit { follows, ..Unit::new(offset, piece, 4) };
        let settled =
            Settled::of(&[unit(0, 0, false), unit(9, 0, true), unit(20, 0, false), unit(20, 2, false)]);
        assert_eq!(settled.spans().collect::<Vec<_>>(), [(0, 13), (20, 24)]);
        assert_eq!(settled.pieces().collect::<Vec<_>>(), [(20, 2)]);
        assert!(settled.contains(20, 2) && !settled.contains(20, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_the_set_of_what_was_put_in(
            sizes in prop::collection::vec((1_u64..6, 1_u64..4), 1..60),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
        ) {
            // Batches of these sizes, with at least one byte between them.
            let mut batches = Vec::new();
            let mut at = 0;
            for (bytes, gap) in sizes {
                batches.push((at, at + bytes));
                at += bytes + gap;
            }
            let mut settled = Settled::default();
            let mut model = BTreeSet::new();
            for index in order {
                let index = index.index(batches.len());
                settled.insert(batches[index].0, batches[index].1);
                model.insert(index);
            }
            for (index, (offset, _)) in batches.iter().enumerate() {
                prop_assert_eq!(settled.contains(*offset, 0), model.contains(&index));
            }
            let spans: Vec<_> = settled.spans().collect();
            prop_assert!(spans.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", spans);
        }
    }
}
