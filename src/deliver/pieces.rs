//! What becomes of batches that go in pieces: one fate for each, when the last piece has its own.

use std::collections::BTreeMap;

use super::Reason;
use crate::pack::Earlier;

/// How a batch, or a part of a request, ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Accepted,
    NotAttempted,
    Rejected(Reason),
}

impl Fate {
    /// Of two pieces: rejected when one is, else not attempted when one is. Which of them came first does not matter.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Rejected(one), Self::Rejected(other)) => Self::Rejected(one.and(other)),
            (Self::Rejected(reason), _) | (_, Self::Rejected(reason)) => Self::Rejected(reason),
            (Self::NotAttempted, _) | (_, Self::NotAttempted) => Self::NotAttempted,
            (Self::Accepted, Self::Accepted) => Self::Accepted,
        }
    }
}

/// The batches of which some pieces are settled, and others not, by their place in the input.
#[derive(Debug, Default)]
pub(super) struct Pieces(BTreeMap<u64, Open>);

#[derive(Debug)]
struct Open {
    outstanding: u32,
    fate: Fate,
}

impl Pieces {
    /// Enters a piece. The fate of the batch, when it was the last.
    pub(super) fn settle(&mut self, offset: u64, of: u32, earlier: Earlier, fate: Fate) -> Option<Fate> {
        let open = self.0.entry(offset).or_insert_with(|| Open {
            outstanding: of.saturating_sub(earlier.settled),
            fate: earlier.rejected.map_or(Fate::Accepted, Fate::Rejected),
        });
        open.fate = open.fate.and(fate);
        open.outstanding = open.outstanding.saturating_sub(1);
        if open.outstanding > 0 {
            return None;
        }
        self.0.remove(&offset).map(|open| open.fate)
    }

    /// The fates of batches of which not all pieces came: the run was stopped in between.
    pub(super) fn unfinished(self) -> impl Iterator<Item = Fate> {
        self.0.into_values().map(|open| open.fate.and(Fate::NotAttempted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_fares_as_the_worst_of_its_pieces() {
        let refused = Fate::Rejected(Reason::Refused);
        for (pieces, expected) in [
            ([Fate::Accepted, Fate::Accepted], Fate::Accepted),
            ([Fate::Accepted, Fate::NotAttempted], Fate::NotAttempted),
            ([Fate::NotAttempted, refused], refused),
            ([Fate::Rejected(Reason::GaveUp), refused], refused),
        ] {
            for (first, second) in [(0, 1), (1, 0)] {
                let mut all = Pieces::default();
                assert_eq!(all.settle(7, 2, Earlier::default(), pieces[first]), None);
                assert_eq!(all.settle(7, 2, Earlier::default(), pieces[second]), Some(expected));
                assert_eq!(all.unfinished().count(), 0);
            }
        }
    }

    #[test]
    fn what_an_earlier_run_settled_counts_as_if_it_were_this_one() {
        let fates = [Fate::Accepted, Fate::Rejected(Reason::Refused), Fate::Rejected(Reason::GaveUp)];
        for (before, now) in fates.into_iter().flat_map(|before| fates.map(|now| (before, now))) {
            let rejected = match before {
                Fate::Rejected(reason) => Some(reason),
                _ => None,
            };
            let mut earlier = Earlier::default();
            (earlier.settled, earlier.rejected) = (1, rejected);
            assert_eq!(Pieces::default().settle(7, 2, earlier, now), Some(before.and(now)));
        }
    }

    #[test]
    fn a_piece_that_never_came_was_not_attempted() {
        let mut all = Pieces::default();
        all.settle(7, 2, Earlier::default(), Fate::Accepted);
        all.settle(8, 3, Earlier::default(), Fate::Rejected(Reason::GaveUp));
        let fates: Vec<Fate> = all.unfinished().collect();
        assert_eq!(fates, [Fate::NotAttempted, Fate::Rejected(Reason::GaveUp)]);
    }
}
