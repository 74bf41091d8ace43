//! The batches that are held, in the order of their tickets: a ring without I/O, from which everything else reads what is left.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::outcome::{Ticket, Undelivered};
use super::wire::Wire;

/// Where a held batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// On its way into the spool.
    Writing,
    /// To be packed.
    Waiting,
    /// Fixed: in a request, or left by an earlier process. Its bytes must not change any more.
    Packed,
    /// Part of the batch with this ticket.
    Within(u64),
    /// Done.
    Gone,
}

struct Slot {
    stage: Stage,
    wire: Wire,
    /// The tickets that went into this one, itself not among them.
    members: Vec<u64>,
    room: u32,
    since: Instant,
    /// It was handed to the sender once.
    handed: bool,
}

/// A batch that is settled: what is to be told and given back.
pub(super) struct Released {
    pub(super) ticket: Ticket,
    pub(super) room: u32,
    pub(super) since: Instant,
}

/// A batch to be packed.
pub(super) struct Taken {
    pub(super) ticket: u64,
    pub(super) wire: Wire,
    /// It must be sent as it is.
    pub(super) fixed: bool,
}

/// All batches that are not settled.
pub(super) struct Hold {
    slots: VecDeque<Slot>,
    /// The ticket of the first slot.
    base: u64,
    /// The next ticket to be packed.
    cursor: u64,
    batches: u64,
    bytes: u64,
    /// Batches and bytes that came after the last `take`.
    fresh: (usize, usize),
}

impl Hold {
    pub(super) fn new(first: u64) -> Self {
        Self { slots: VecDeque::new(), base: first, cursor: first, batches: 0, bytes: 0, fresh: (0, 0) }
    }

    /// The ticket that the next batch gets.
    pub(super) fn next(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    /// Everything below this ticket is settled.
    pub(super) fn settled_below(&self) -> u64 {
        self.base
    }

    /// Batches and bytes held.
    pub(super) fn load(&self) -> (u64, u64) {
        (self.batches, self.bytes)
    }

    /// Batches and bytes added since the last [`take`](Self::take).
    pub(super) fn fresh(&self) -> (usize, usize) {
        self.fresh
    }

    pub(super) fn push(&mut self, wire: Wire, stage: Stage, room: u32) -> u64 {
        let ticket = self.next();
        self.batches += 1;
        self.bytes += u64::from(room);
        self.fresh = (self.fresh.0 + 1, self.fresh.1 + wire.len());
        let handed = stage == Stage::Packed;
        self.slots.push_back(Slot { stage, wire, members: Vec::new(), room, since: Instant::now(), handed });
        ticket
    }

    /// Leaves out tickets up to this one: they are not in use.
    #[cfg(feature = "spool")]
    pub(super) fn skip_to(&mut self, ticket: u64) {
        if self.slots.is_empty() {
            self.base = self.base.max(ticket);
            self.cursor = self.base;
        }
        while self.next() < ticket {
            let wire = Wire { bytes: bytes::Bytes::new(), id: None };
            let since = Instant::now();
            self.slots.push_back(Slot {
                stage: Stage::Gone,
                wire,
                members: Vec::new(),
                room: 0,
                since,
                handed: false,
            });
        }
    }

    fn slot(&mut self, ticket: u64) -> Option<&mut Slot> {
        let at = usize::try_from(ticket.checked_sub(self.base)?).ok()?;
        self.slots.get_mut(at)
    }

    /// A batch is in the spool: it may be packed.
    pub(super) fn written(&mut self, ticket: u64) {
        if let Some(slot) = self.slot(ticket).filter(|slot| slot.stage == Stage::Writing) {
            slot.stage = Stage::Waiting;
        }
    }

    /// The next batches to be packed, at most so many; stops at one that is not in the spool yet.
    pub(super) fn take(&mut self, most: usize) -> Vec<Taken> {
        let mut taken = Vec::new();
        self.fresh = (0, 0);
        while taken.len() < most {
            let ticket = self.cursor;
            let Some(slot) = self.slot(ticket).filter(|slot| slot.stage != Stage::Writing) else { break };
            if matches!(slot.stage, Stage::Waiting | Stage::Packed) {
                taken.push(Taken { ticket, wire: slot.wire.clone(), fixed: slot.stage == Stage::Packed });
                slot.stage = Stage::Packed;
            }
            self.cursor += 1;
        }
        taken
    }

    /// Whether a batch could be taken now.
    pub(super) fn has_work(&self) -> bool {
        let at = usize::try_from(self.cursor.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.slots.get(at).is_some_and(|slot| slot.stage != Stage::Writing)
    }

    /// What these batches are sent as.
    pub(super) fn wires(&mut self, tickets: impl Iterator<Item = u64>) -> Vec<(u64, Wire)> {
        tickets.filter_map(|ticket| Some((ticket, self.slot(ticket)?.wire.clone()))).collect()
    }

    /// From now on `first` is all of these batches, with these bytes.
    pub(super) fn merge(&mut self, first: u64, others: &[u64], bytes: bytes::Bytes) {
        for other in others {
            if let Some(slot) = self.slot(*other) {
                slot.stage = Stage::Within(first);
                slot.wire.bytes = bytes::Bytes::new();
            }
        }
        if let Some(slot) = self.slot(first) {
            slot.wire.bytes = bytes;
            slot.members.extend_from_slice(others);
        }
    }

    /// The batch is about to be sent.
    pub(super) fn hand_over(&mut self, ticket: u64) {
        if let Some(slot) = self.slot(ticket) {
            slot.handed = true;
        }
    }

    /// Everything that is not settled will be packed once more.
    pub(super) fn rewind(&mut self) {
        self.cursor = self.base;
    }

    /// Settles a batch and all that went into it; nothing when it is settled already.
    pub(super) fn settle(&mut self, ticket: u64) -> Vec<Released> {
        let Some(slot) = self.slot(ticket) else { return Vec::new() };
        if matches!(slot.stage, Stage::Gone | Stage::Within(_)) {
            return Vec::new();
        }
        let members = std::mem::take(&mut slot.members);
        let mut released = Vec::with_capacity(1 + members.len());
        for ticket in std::iter::once(ticket).chain(members) {
            let Some(slot) = self.slot(ticket) else { continue };
            slot.stage = Stage::Gone;
            slot.wire = Wire { bytes: bytes::Bytes::new(), id: None };
            let room = slot.room;
            released.push(Released { ticket: Ticket(ticket), room, since: slot.since });
            self.batches -= 1;
            self.bytes = self.bytes.saturating_sub(u64::from(room));
        }
        while self.slots.front().is_some_and(|slot| slot.stage == Stage::Gone) {
            self.slots.pop_front();
            self.base += 1;
        }
        self.cursor = self.cursor.max(self.base);
        released
    }

    /// Every batch that is not settled, as it would be sent.
    pub(super) fn left(&self) -> Vec<Undelivered> {
        let mut left = Vec::new();
        for (ticket, slot) in (self.base..).zip(&self.slots) {
            if matches!(slot.stage, Stage::Gone | Stage::Within(_)) {
                continue;
            }
            let tickets = std::iter::once(ticket).chain(slot.members.iter().copied()).map(Ticket).collect();
            left.push(Undelivered { tickets, batch: slot.wire.join(), may_have_arrived: slot.handed });
        }
        left
    }

    /// How many batches below this ticket are not settled.
    pub(super) fn unsettled_below(&self, ticket: u64) -> u64 {
        let below = (self.base..ticket).zip(&self.slots);
        below.filter(|(_, slot)| slot.stage != Stage::Gone).count() as u64
    }
}
