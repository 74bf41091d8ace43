//! What is settled, written down in the order that loses nothing: first the dead letter, then the journal.

use std::collections::BTreeSet;
use std::io;

use super::book::{Book, Remaining};
use super::entry::Entry;
use super::intake::Intake;
use super::letters::LetterFile;
use crate::Endpoint;
use crate::deliver::dead_letter::DeadLetter;
use crate::input::RawBatch;
use crate::journal::{Changed, Counts, End, Journal, SharedContent, Untraced, UntracedErrors};
use crate::pack::{Part, Unit};

/// The dead letters, and the journal when one is kept.
#[derive(Debug)]
pub struct Ledger {
    letters: LetterFile,
    book: Option<Book>,
    untraced: UntracedErrors,
    /// Those of earlier runs, which are told again when the run was killed before it had entered the batches they are about.
    again: Vec<Untraced>,
}

impl Ledger {
    /// Letters for this place, and a journal or none.
    #[must_use]
    pub fn new(letters: LetterFile, book: Option<Book>) -> Self {
        let untraced = book.as_ref().map(|book| book.earlier().untraced.clone()).unwrap_or_default();
        let again = untraced.kept().to_vec();
        Self { letters, book, untraced, again }
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
        self.book.as_ref().map_or_else(Counts::default, |book| book.earlier().counts.clone())
    }

    /// What follows the reading, when a journal is kept.
    #[must_use]
    pub fn content(&self) -> Option<SharedContent> {
        self.book.as_ref().map(|book| book.content.clone())
    }

    /// Whether an earlier run has left something that is not to be sent again.
    #[must_use]
    pub fn resumes(&self) -> bool {
        self.book.as_ref().is_some_and(Book::resumes)
    }

    /// Whether it is known that an earlier run settled the batch at this place, whole or merged with others.
    #[must_use]
    pub fn has_whole(&self, offset: u64) -> bool {
        self.book.as_ref().is_some_and(|book| book.has_whole(offset))
    }

    /// Whether an earlier run has shown what is to be said of the batch at this place.
    #[must_use]
    pub fn has_any(&self, offset: u64) -> bool {
        self.book.as_ref().is_some_and(|book| book.has_any(offset))
    }

    /// Whether a batch that is not to be sent has a letter of a run that did not come to entering it; it is entered then.
    ///
    /// # Errors
    ///
    /// When it cannot be written down.
    pub fn has_letter(&mut self, batch: &RawBatch) -> io::Result<bool> {
        self.book.as_mut().map_or(Ok(false), |book| book.has_letter(batch))
    }

    /// Leaves out of a plan what earlier runs settled.
    ///
    /// # Errors
    ///
    /// When that should be written down and cannot be.
    pub fn remaining(&mut self, units: Vec<Unit>) -> io::Result<Remaining> {
        match &mut self.book {
            Some(book) => book.remaining(units),
            None => Ok(Remaining { units, settled: 0 }),
        }
    }

    /// Where inputs ended in earlier runs while batches were merged: none from there on may join one before.
    #[must_use]
    pub fn cuts(&self) -> BTreeSet<u64> {
        self.book.as_ref().map(Book::cuts).unwrap_or_default()
    }

    /// Notes such a place, before what ended there is sent.
    ///
    /// # Errors
    ///
    /// When it cannot be written down. Nothing may be sent on then.
    pub fn cut_off(&mut self, offset: u64) -> io::Result<()> {
        self.book.as_mut().map_or(Ok(()), |book| book.cut_off(offset))
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
        self.hold_back_now(&letter)
    }

    fn hold_back_now(&mut self, letter: &DeadLetter) -> io::Result<()> {
        let entry = Entry::whole(letter.offset.unwrap_or_default(), letter.batch.len(), Err(letter.reason));
        self.write(letter, Some(entry))
    }

    /// Writes a letter about a part that was not taken. `settled` is the part when this is the last letter about it.
    ///
    /// # Errors
    ///
    /// When it cannot be written down. Nothing may be sent on then.
    pub fn reject(&mut self, letter: &DeadLetter, settled: Option<&Part>) -> io::Result<()> {
        // Each stands for itself: what lies between two that were rejected may well be on its way.
        let entries = settled.map(|part| Entry::of(std::slice::from_ref(part), Err(letter.reason), |_| 0));
        self.write(letter, entries.and_then(|mut entries| entries.pop()))
    }

    fn write(&mut self, letter: &DeadLetter, entry: Option<Entry>) -> io::Result<()> {
        let end = self.letters.write(letter)?;
        let Some(book) = &mut self.book else { return Ok(()) };
        book.written(entry, end)?;
        self.sync_now_and_then()
    }

    /// Enters what the service took.
    ///
    /// # Errors
    ///
    /// When it cannot be written down. Nothing may be sent on then.
    pub fn accept(&mut self, endpoint: Endpoint, parts: &[Part], intake: &Intake) -> io::Result<()> {
        let Some(book) = &mut self.book else { return Ok(()) };
        book.enter(&Entry::of(parts, Ok(endpoint), |offset| intake.begin(offset)), None)?;
        self.sync_now_and_then()
    }

    /// Enters an error that could not be traced to one batch.
    ///
    /// # Errors
    ///
    /// When it cannot be written down. Nothing may be sent on then.
    pub fn untraced(&mut self, error: Untraced) -> io::Result<()> {
        if let Some(known) = self.again.iter().position(|known| *known == error) {
            self.again.swap_remove(known);
            return Ok(());
        }
        let kept = self.untraced.add(error.clone());
        let journal = self.book.as_mut().and_then(|book| book.journal.as_mut());
        journal.map_or(Ok(()), |journal| journal.untraced(kept.then_some(error)))
    }

    /// All of these, also of earlier runs.
    #[must_use]
    pub fn untraced_errors(&self) -> &UntracedErrors {
        &self.untraced
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
    /// As [`hold_back`](Self::hold_back).
    pub fn release(&mut self) -> io::Result<()> {
        let waiting = self.book.as_mut().map(|book| std::mem::take(&mut book.waiting)).unwrap_or_default();
        waiting.iter().try_for_each(|letter| self.hold_back_now(letter))
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
        book.enter_pending()?;
        book.journal.as_mut().map_or(Ok(()), Journal::sync)
    }
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
