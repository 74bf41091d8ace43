//! What a unit of delivery is made of: one batch of the input, a piece of one, or several in one.

use std::ops::Range;
use std::sync::Arc;

use uuid::Uuid;

use super::Reason;

/// Where the bytes of one batch in a request come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// One batch of the input.
    #[default]
    Whole,
    /// Some of the events of a batch, with all else that stands in it.
    #[non_exhaustive]
    Piece {
        /// Which piece, from 1.
        number: u32,
        /// In how many pieces the batch goes.
        of: u32,
        /// What became of other pieces before this run. All pieces of a batch that one run delivers say the same here.
        earlier: Earlier,
    },
    /// Several batches of the input in one, in their order; at least two.
    Merged(Arc<[Member]>),
}

/// Pieces of a batch that an earlier run has settled, so that this run does not deliver them.
///
/// A planner knows of no earlier run. Who leaves out pieces sets this on those that remain ([`Unit::settled_earlier`](super::Unit::settled_earlier)):
/// else the account waits for the missing ones, and counts the batch as not attempted at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Earlier {
    /// Pieces that were accepted or rejected.
    pub settled: u32,
    /// Why, when some of them were rejected: so is the batch then, whatever becomes of the rest. Of several reasons that of [`Reason::and`].
    pub rejected: Option<Reason>,
}

/// One of the batches that a merged one holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The line of its first byte in the input, from 1.
    pub line: usize,
    /// Bytes from the start of the input.
    pub offset: u64,
    /// How many batches stand before it in the input.
    pub index: u64,
    /// The `source_request_id` it would have been sent with by itself.
    pub request_id: Uuid,
    /// What stood between the brackets of its `events`, as bytes of the merged batch before an id was put in.
    pub(super) events: Range<usize>,
}

impl Origin {
    /// The number of a piece, from 1; 0 for a whole batch or a merged one.
    #[must_use]
    pub const fn piece(&self) -> u32 {
        match self {
            Self::Piece { number, .. } => *number,
            Self::Whole | Self::Merged(_) => 0,
        }
    }

    /// The batches that were merged; none when it is not a merged one.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match self {
            Self::Merged(members) => members,
            Self::Whole | Self::Piece { .. } => &[],
        }
    }

    /// How many batches of the input have their events in it; 1 for a piece, too.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.members().len().max(1) as u64
    }
}

/// The bytes that a member had in the input, out of those of the merged batch before an id was put in.
pub(super) fn member_bytes(merged: &[u8], members: &[Member], number: usize) -> Option<Vec<u8>> {
    let open = merged.get(..members.first()?.events.start)?;
    let close = merged.get(members.last()?.events.end..)?;
    let events = merged.get(members.get(number)?.events.clone())?;
    Some([open, events, close].concat())
}

/// How many that are, of so many of the merged batch.
pub(super) fn member_length(merged: usize, members: &[Member], number: usize) -> usize {
    let (Some(first), Some(last)) = (members.first(), members.last()) else { return merged };
    let around = first.events.start + merged.saturating_sub(last.events.end);
    around + members.get(number).map_or(0, |member| member.events.len())
}
