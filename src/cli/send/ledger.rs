//! What is settled, written down in the order that loses nothing: first the dead letter, then the journal.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use super::letters::LetterFile;
use super::producer::Intake;
use crate::Endpoint;
use crate::deliver::Reason;
use crate::deliver::dead_letter::{DeadLetter, digest};
use crate::input::RawBatch;
use crate::journal::{Changed, Counts, Done, End, Journal, SharedContent, State, Unit};
use crate::pack::Part;

/// The dead letters, and the journal when one is kept.
#[derive(Debug)]
pub struct Ledger {
    letters: LetterFile,
    book: Option<Book>,
}

/// A delivery that can be resumed.
#[derive(Debug)]
pub struct Book {
    /// None when it is closed.
    journal: Option<Journal>,
    content: SharedContent,
    /// What earlier runs settled.
    earlier: State,
    /// Letters of a run that was killed before it entered them in the journal.
    orphans: BTreeMap<(u64, u32), DeadLetter>,
    /// Letters on their way to the disk, after which they are entered. Until then the file of dead letters says it.
    pending: Vec<(Unit, Reason)>,
    pending_end: Option<u64>,
    /// Letters for batches of an input that is not known yet to be the same as before.
    waiting: Vec<DeadLetter>,
}

impl Book {
    /// Goes on from `earlier`; `orphans` are the letters it does not know of.
    #[must_use]
    pub fn new(journal: Journal, earlier: State, orphans: Vec<DeadLetter>) -> Self {
        let content = SharedContent::new(earlier.checkpoints.clone());
        let orphans = orphans.into_iter().filter_map(|letter| Some(((letter.offset?, letter.piece), letter)));
        let orphans = orphans.collect();
        let (pending, waiting) = (Vec::new(), Vec::new());
        Self { journal: Some(journal), content, earlier, orphans, pending, pending_end: None, waiting }
    }

    fn settle(&mut self, done: Done) -> io::Result<()> {
        let content = &self.content;
        let journal = self.journal.as_mut().ok_or_else(|| io::Error::other("the delivery is over"))?;
        journal.settle(done, || content.lock().checkpoint())
    }

    fn settle_pending(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        // As long as there are letters nobody asked for yet, the next run has to look at them again.
        let end = self.pending_end.filter(|_| self.orphans.is_empty());
        self.settle(Done::rejected(&pending, end))
    }

    fn is_settled(&mut self, batch: &RawBatch, piece: u32) -> io::Result<bool> {
        if self.earlier.settled.contains(batch.offset, piece) {
            return Ok(true);
        }
        let Some(letter) = self.orphans.remove(&(batch.offset, piece)) else { return Ok(false) };
        if letter.digest != Some(digest(&batch.bytes)) {
            return Ok(false);
        }
        let unit = Unit::new(batch.offset, piece, bytes(batch.bytes.len()));
        self.settle(Done::rejected(&[(unit, letter.reason)], None))?;
        *self.earlier.counts.rejected.entry(letter.reason).or_default() += 1;
        Ok(true)
    }
}

impl Ledger {
    /// Letters for this place, and a journal or none.
    #[must_use]
    pub fn new(letters: LetterFile, book: Option<Book>) -> Self {
        Self { letters, book }
    }

    /// The file of dead letters.
    #[must_use]
    pub fn letters(&self) -> &LetterFile {
        &self.letters
    }

    /// Whether a journal is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.book.is_some()
    }

    /// What earlier runs settled.
    #[must_use]
    pub fn earlier(&self) -> Counts {
        self.book.as_ref().map_or_else(Counts::default, |book| book.earlier.counts.clone())
    }

    /// Follows what is read.
    pub fn watch(&self, input: Box<dyn BufRead + Send>) -> Box<dyn BufRead + Send> {
        match &self.book {
            Some(book) => Box::new(book.content.watch(input)),
            None => input,
        }
    }

    /// Whether an earlier run settled this batch, or this piece of one; `offset` is its place in all inputs thought of as one.
    ///
    /// # Errors
    ///
    /// When that should be written down and cannot be.
    pub fn is_settled(&mut self, batch: &RawBatch, piece: u32) -> io::Result<bool> {
        self.book.as_mut().map_or(Ok(false), |book| book.is_settled(batch, piece))
    }

    /// Writes the letter of a batch that is not sent.
    ///
    /// # Errors
    ///
    /// When it cannot be written down. Nothing may be sent on then.
    pub fn hold_back(&mut self, letter: DeadLetter) -> io::Result<()> {
        if let Some(book) = &mut self.book
            && !book.content.lock().is_verified()
        {
            book.waiting.push(letter);
            return Ok(());
        }
        self.release()?;
        self.reject(&letter)
    }

    /// Writes the letter of a batch that was not taken.
    ///
    /// # Errors
    ///
    /// When it cannot be written down. Nothing may be sent on then.
    pub fn reject(&mut self, letter: &DeadLetter) -> io::Result<()> {
        let end = self.letters.write(letter)?;
        let Some(book) = &mut self.book else { return Ok(()) };
        let unit = Unit::new(letter.offset.unwrap_or_default(), letter.piece, bytes(letter.batch.len()));
        book.pending.push((unit, letter.reason));
        book.pending_end = end.or(book.pending_end);
        if end.is_none() {
            // A pipe or a terminal: what was written there is not to be found again.
            book.settle_pending()?;
        }
        self.sync_now_and_then()
    }

    /// Enters what the service took.
    ///
    /// # Errors
    ///
    /// When it cannot be written down. Nothing may be sent on then.
    pub fn accept(&mut self, endpoint: Endpoint, parts: &[Part], intake: &Intake) -> io::Result<()> {
        let Some(book) = &mut self.book else { return Ok(()) };
        book.settle(Done::accepted(endpoint, &units(parts, intake)))?;
        self.sync_now_and_then()
    }

    /// Whether the input is known to be the one that was read before, as far as it was read.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.book.as_ref().is_none_or(|book| book.content.lock().is_verified())
    }

    /// Writes the letters that waited for that.
    ///
    /// # Errors
    ///
    /// As [`reject`](Self::reject).
    pub fn release(&mut self) -> io::Result<()> {
        let waiting = self.book.as_mut().map(|book| std::mem::take(&mut book.waiting)).unwrap_or_default();
        waiting.iter().try_for_each(|letter| self.reject(letter))
    }

    /// Drops the letters that still wait, and says how many: their batches are as good as not read.
    pub fn forget(&mut self) -> u64 {
        self.book.as_mut().map_or(0, |book| bytes(std::mem::take(&mut book.waiting).len()))
    }

    /// Where the input is not what it was; to be asked `at_end` when all of it was read.
    #[must_use]
    pub fn changed(&self, at_end: bool) -> Option<Changed> {
        let content = self.book.as_ref()?.content.lock();
        if at_end { content.changed_at_end() } else { content.changed() }
    }

    /// Writes down what is left, after which nothing more can be; `complete` when every batch of the input is settled.
    ///
    /// # Errors
    ///
    /// When it cannot be written: what is not written will be sent again.
    pub fn close(&mut self, complete: bool) -> io::Result<()> {
        let written = self.sync();
        let Some(mut journal) = self.book.as_mut().and_then(|book| book.journal.take()) else {
            return written;
        };
        written?;
        if complete {
            journal.finish(End { at: crate::clock::system().now_unix_ms() })
        } else {
            journal.sync()
        }
    }

    fn sync_now_and_then(&mut self) -> io::Result<()> {
        let journal = self.book.as_ref().and_then(|book| book.journal.as_ref());
        if journal.is_some_and(Journal::wants_sync) { self.sync() } else { Ok(()) }
    }

    /// First the letters, then that they are written.
    fn sync(&mut self) -> io::Result<()> {
        let Some(book) = &mut self.book else { return Ok(()) };
        self.letters.sync()?;
        book.settle_pending()?;
        book.journal.as_mut().map_or(Ok(()), Journal::sync)
    }
}

/// The units of delivery that the parts of a request stand for.
///
/// Batches are never joined over the border of two inputs, and over a gap only when nothing stands in it: a number that follows the
/// one before, in the same input.
fn units(parts: &[Part], intake: &Intake) -> Vec<Unit> {
    let mut before: Option<&Part> = None;
    let unit = |part| {
        let last = before.replace(part);
        let follows = last.is_some_and(|last| {
            last.index.checked_add(1) == Some(part.index)
                && intake.begin(last.offset) == intake.begin(part.offset)
        });
        let added = part.spliced.as_ref().map_or(0, |added| added.len());
        Unit { follows, ..Unit::new(part.offset, 0, bytes(part.range.len().saturating_sub(added))) }
    };
    parts.iter().map(unit).collect()
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
