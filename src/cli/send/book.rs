//! A delivery that can be resumed: its journal, what earlier runs settled, and what of a plan is left to be sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::entry::{Entry, OpenBatches};
use crate::deliver::Reason;
use crate::deliver::dead_letter::{DeadLetter, digest};
use crate::input::RawBatch;
use crate::journal::{Done, Journal, SharedContent, State};
use crate::pack::{Origin, Unit};

/// See the module.
#[derive(Debug)]
pub struct Book {
    /// None when it is closed.
    pub journal: Option<Journal>,
    /// What was read of the input.
    pub content: SharedContent,
    /// What earlier runs settled.
    earlier: State,
    /// Letters of a run that was killed before it entered them in the journal.
    orphans: BTreeMap<(u64, u32), DeadLetter>,
    /// Letters on their way to the disk, after which they are entered. Until then the file of dead letters says it.
    pending: Vec<Entry>,
    pending_end: Option<u64>,
    /// Whether some batches of a merged one have their letters, and others not yet.
    amid_group: bool,
    open: OpenBatches,
    /// Letters for batches of an input that is not known yet to be the same as before.
    pub waiting: Vec<DeadLetter>,
}

/// What of a plan is not settled.
#[derive(Debug, Default)]
pub struct Remaining {
    /// To be sent.
    pub units: Vec<Unit>,
    /// Batches that turned out to be settled, without those of which that was known when they were read ([`Book::has_whole`]).
    pub settled: u64,
}

impl Book {
    /// Goes on from `earlier`; `orphans` are the letters it does not know of.
    #[must_use]
    pub fn new(journal: Journal, earlier: State, orphans: Vec<DeadLetter>) -> Self {
        let content = SharedContent::new(earlier.checkpoints.clone());
        let orphans = orphans.into_iter().filter_map(|letter| Some(((letter.offset?, letter.piece), letter)));
        Self {
            journal: Some(journal),
            content,
            earlier,
            orphans: orphans.collect(),
            pending: Vec::new(),
            pending_end: None,
            amid_group: false,
            open: OpenBatches::default(),
            waiting: Vec::new(),
        }
    }

    /// What earlier runs settled.
    #[must_use]
    pub fn earlier(&self) -> &State {
        &self.earlier
    }

    /// Enters these as settled.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn enter(&mut self, entries: &[Entry], letters: Option<u64>) -> io::Result<()> {
        let done = self.open.enter(entries, &self.earlier);
        self.settle(Done { letters, ..done })
    }

    fn settle(&mut self, done: Done) -> io::Result<()> {
        let content = &self.content;
        let journal = self.journal.as_mut().ok_or_else(|| io::Error::other("the delivery is over"))?;
        journal.settle(done, || content.checkpoint())
    }

    /// Notes that a letter was written, after which its file ends at byte `end`; `entry` is what that settles, and nothing while other
    /// batches of the same merged one have no letters yet.
    ///
    /// # Errors
    ///
    /// When it has to be written down at once and cannot be.
    pub fn written(&mut self, entry: Option<Entry>, end: Option<u64>) -> io::Result<()> {
        self.amid_group = entry.is_none();
        self.pending.extend(entry);
        self.pending_end = end.or(self.pending_end);
        // A pipe or a terminal: what was written there is not to be found again.
        if end.is_none() { self.enter_pending() } else { Ok(()) }
    }

    /// Enters what has its letters on the disk.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn enter_pending(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        // As long as there are letters nobody asked for yet, or some that nothing is entered for, the next run has to look at them.
        let end = self.pending_end.filter(|_| self.orphans.is_empty() && !self.amid_group);
        self.enter(&pending, end)
    }

    /// Whether an earlier run has settled something, or written letters about it.
    #[must_use]
    pub fn resumes(&self) -> bool {
        !self.earlier.settled.is_empty() || !self.orphans.is_empty()
    }

    /// Whether it is known that an earlier run settled the batch at this place, whole or merged with others.
    #[must_use]
    pub fn has_whole(&self, offset: u64) -> bool {
        self.earlier.settled.contains(offset, 0)
    }

    /// Whether an earlier run came to the batch at this place, and has shown what is to be said of it.
    #[must_use]
    pub fn has_any(&self, offset: u64) -> bool {
        let letters = || self.orphans.range((offset, 0)..=(offset, u32::MAX)).next().is_some();
        self.has_whole(offset) || self.earlier.settled.pieces_of(offset) > 0 || letters()
    }

    /// Notes where an input ended, before the merged batch that ended with it is sent.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn cut_off(&mut self, offset: u64) -> io::Result<()> {
        // An input that is not verified yet was read up to there before; one that is changed is not sent.
        if self.earlier.cuts.contains(&offset) || !self.content.lock().is_verified() {
            return Ok(());
        }
        self.journal.as_mut().map_or(Ok(()), |journal| journal.cut_off(offset))
    }

    /// Where inputs ended in earlier runs.
    #[must_use]
    pub fn cuts(&self) -> BTreeSet<u64> {
        self.earlier.cuts.clone()
    }

    /// Whether a batch that is not to be sent has its letter already, entered or not.
    ///
    /// # Errors
    ///
    /// When that should be written down and cannot be.
    pub fn has_letter(&mut self, batch: &RawBatch) -> io::Result<bool> {
        let Some(reason) = self.orphan((batch.offset, 0), &batch.bytes) else { return Ok(false) };
        self.adopt(&Entry::whole(batch.offset, batch.bytes.len(), Err(reason)))?;
        Ok(true)
    }

    /// Leaves out of a plan what is settled.
    ///
    /// # Errors
    ///
    /// When that should be written down and cannot be.
    pub fn remaining(&mut self, units: Vec<Unit>) -> io::Result<Remaining> {
        if !self.resumes() {
            return Ok(Remaining { units, settled: 0 });
        }
        let mut left = Remaining::default();
        let mut units = units.into_iter().peekable();
        while let Some(unit) = units.next() {
            match &unit.origin {
                Origin::Whole => self.one(unit, &mut left)?,
                Origin::Merged(_) => self.group(unit, &mut left)?,
                Origin::Piece { of, .. } => {
                    let (offset, of) = (unit.batch.offset, *of);
                    let mut pieces = vec![unit];
                    let same = |next: &Unit| next.key().1 > 0 && next.batch.offset == offset;
                    pieces.extend(std::iter::from_fn(|| units.next_if(same)));
                    self.split(pieces, of, &mut left)?;
                }
            }
        }
        Ok(left)
    }

    fn one(&mut self, unit: Unit, left: &mut Remaining) -> io::Result<()> {
        if self.has_whole(unit.batch.offset) {
            return Ok(());
        }
        if self.has_letter(&unit.batch)? {
            left.settled += 1;
        } else {
            left.units.push(unit);
        }
        Ok(())
    }

    /// A merged batch of which nothing is settled may have arrived: it goes as it was, under the same id. One of which some is settled
    /// has not: the service refused it, and the run ended amid the letters. So what is left of it goes by itself.
    fn group(&mut self, unit: Unit, left: &mut Remaining) -> io::Result<()> {
        let members = unit.origin.members();
        let known = members.iter().filter(|member| self.has_whole(member.offset)).count();
        if known == members.len() {
            return Ok(());
        }
        if known == 0 {
            if let Some(reason) = self.orphan_of(unit.key(), &unit.batch.bytes) {
                self.orphans.remove(&unit.key());
                self.adopt(&Entry::merged(members.iter().map(|member| member.offset), Err(reason)))?;
                left.settled += unit.origin.batches();
                return Ok(());
            }
            let lettered = |one: &Unit| self.orphan_of(one.key(), &one.batch.bytes).is_some();
            let some = members.iter().any(|member| self.orphans.contains_key(&(member.offset, 0)));
            if !some || !unit.clone().apart().iter().any(lettered) {
                left.units.push(unit);
                return Ok(());
            }
        }
        unit.apart().into_iter().try_for_each(|one| self.one(one, left))
    }

    fn split(&mut self, pieces: Vec<Unit>, of: u32, left: &mut Remaining) -> io::Result<()> {
        let (mut settled, mut rest) = (0, Vec::new());
        for piece in pieces {
            let (offset, number) = piece.key();
            if self.earlier.settled.contains(offset, number) {
                settled += 1;
            } else if let Some(reason) = self.orphan((offset, number), &piece.batch.bytes) {
                self.adopt(&Entry::piece(offset, number, of, Err(reason)))?;
                self.earlier.spoil(offset, reason);
                settled += 1;
            } else {
                rest.push(piece);
            }
        }
        for piece in &mut rest {
            piece.settled_earlier(settled, self.earlier.spoiled.get(&piece.batch.offset).copied());
        }
        left.settled += u64::from(rest.is_empty());
        left.units.append(&mut rest);
        Ok(())
    }

    /// The reason in a letter for just these bytes, when there is one that was not entered.
    fn orphan_of(&self, key: (u64, u32), bytes: &[u8]) -> Option<Reason> {
        let letter = self.orphans.get(&key)?;
        (letter.digest.as_ref() == Some(&digest(bytes))).then_some(letter.reason)
    }

    /// The same, for whoever settles it. A letter for other bytes is of no use any more.
    fn orphan(&mut self, key: (u64, u32), bytes: &[u8]) -> Option<Reason> {
        let reason = self.orphan_of(key, bytes);
        self.orphans.remove(&key);
        reason
    }

    /// Enters what has a letter of a run that did not come to that.
    fn adopt(&mut self, entry: &Entry) -> io::Result<()> {
        let done = self.open.enter(std::slice::from_ref(entry), &self.earlier);
        self.earlier.counts.add(&done.counts);
        self.settle(done)
    }
}
