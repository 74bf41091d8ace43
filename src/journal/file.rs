//! The file: locked by one process, written to at its end only, synced now and then.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::content::Checkpoint;
use super::error::{JournalError, JournalErrorKind};
use super::record::{Done, End, Header, Record};
use super::state::State;
use super::untraced::Untraced;
use crate::disk::{sync_name, why};

/// How often it is brought to the disk at most: what a loss of power takes is sent again under the same ids.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// A journal that belongs to this process.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes that are whole.
    length: u64,
    /// The end of the last checkpoint, in bytes of the input.
    covered: u64,
    synced: Instant,
    failed: Option<String>,
}

impl Journal {
    /// Opens the journal at `path`, or makes it. What was cut off at its end is taken away.
    ///
    /// # Errors
    ///
    /// When it cannot be made, another process has it, or what stands in it is damaged.
    pub fn open(path: &Path) -> Result<(Self, State), JournalError> {
        let failed = |kind| JournalError::new(path, kind);
        let file = Self::lock(path).map_err(failed)?;
        let (state, length) = State::read(BufReader::new(&file)).map_err(failed)?;
        let covered = state.checkpoints.last().map_or(0, |last| last.offset);
        let mut journal = Self::new(path, file, length, covered);
        journal.cut().map_err(|error| failed(error.into()))?;
        Ok((journal, state))
    }

    /// Opens the journal at `path` and forgets what it said, whatever it was; or makes it.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or another process has it.
    pub fn restart(path: &Path) -> Result<Self, JournalError> {
        let failed = |kind| JournalError::new(path, kind);
        let file = Self::lock(path).map_err(failed)?;
        let mut journal = Self::new(path, file, 0, 0);
        journal.cut().map_err(|error| failed(error.into()))?;
        Ok(journal)
    }

    fn new(path: &Path, file: File, length: u64, covered: u64) -> Self {
        Self { path: path.to_owned(), file, length, covered, synced: Instant::now(), failed: None }
    }

    fn lock(path: &Path) -> Result<File, JournalErrorKind> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // The system lets go of it when the process ends, in whatever way: a file left behind locks nobody out.
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(JournalErrorKind::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a new delivery; brought to the disk before this returns.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn begin(&mut self, header: Header) -> io::Result<()> {
        self.length = 0;
        self.covered = 0;
        self.cut()?;
        self.append(&Record::Header(Box::new(header)))?;
        self.sync()?;
        let named = sync_name(&self.path);
        self.remember(named)
    }

    /// Enters units as settled. The input up to behind them is to be found in `checkpoint`, which is entered too when needed.
    ///
    /// # Errors
    ///
    /// When it cannot be written. They are not settled then, and nothing more is written.
    pub fn settle(&mut self, done: Done, checkpoint: impl FnOnce() -> Checkpoint) -> io::Result<()> {
        if done.reach() > self.covered {
            let checkpoint = checkpoint();
            self.covered = checkpoint.offset;
            self.append(&Record::Checkpoint(checkpoint))?;
        }
        self.append(&Record::Done(done))
    }

    /// Enters where an input ended while batches were merged, before what stood there is sent; brought to the disk before this returns.
    ///
    /// # Errors
    ///
    /// When it cannot be written. Nothing may be sent then.
    pub fn cut_off(&mut self, offset: u64) -> io::Result<()> {
        self.append(&Record::Cut(offset))?;
        self.sync()
    }

    /// Enters an error that could not be traced to one batch; without its words when it is one of too many.
    ///
    /// # Errors
    ///
    /// When it cannot be written. Its batches must not be entered as taken then.
    pub fn untraced(&mut self, error: Option<Untraced>) -> io::Result<()> {
        self.append(&error.map_or(Record::MoreUntraced(1), Record::Untraced))
    }

    /// Whether it is time to bring it to the disk again.
    #[must_use]
    pub fn wants_sync(&self) -> bool {
        self.synced.elapsed() >= SYNC_EVERY
    }

    /// Brings it to the disk.
    ///
    /// # Errors
    ///
    /// When the disk does not take it.
    pub fn sync(&mut self) -> io::Result<()> {
        self.synced = Instant::now();
        let synced = self.file.sync_data();
        self.remember(synced)
    }

    /// Enters that nothing is left to do, and replaces the file by one that says no more than is needed.
    ///
    /// # Errors
    ///
    /// When it cannot be written; what it said before stays.
    pub fn finish(mut self, end: End) -> io::Result<()> {
        self.append(&Record::End(end))?;
        self.sync()?;
        self.file.seek(SeekFrom::Start(0))?;
        let state = match State::read(BufReader::new(&self.file)) {
            Ok((state, _)) => state,
            // It was written by us and is good as it is; only longer than it need be.
            Err(_) => return Ok(()),
        };
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        // Whichever of the two a loss of power leaves under the name, it says the same.
        let replaced = write_new(&new, &state).and_then(|()| fs::rename(&new, &self.path));
        if replaced.is_err() {
            let _ = fs::remove_file(&new);
        }
        Ok(())
    }

    fn append(&mut self, record: &Record) -> io::Result<()> {
        if let Some(failed) = &self.failed {
            return Err(io::Error::other(failed.clone()));
        }
        let line = record.to_line()?;
        let written = self.file.write_all(&line);
        if written.is_ok() {
            self.length += u64::try_from(line.len()).unwrap_or_default();
        } else {
            // Half a line at the end is no harm, but nothing may come after it.
            let _ = self.cut();
        }
        self.remember(written)
    }

    /// After a failure nothing more is written: the order of what is on the disk must stay that of what happened.
    fn remember(&mut self, result: io::Result<()>) -> io::Result<()> {
        result.map_err(|error| {
            let text = format!("the journal {} cannot be written: {}", self.path.display(), why(&error));
            self.failed.get_or_insert_with(|| text.clone());
            io::Error::new(error.kind(), text)
        })
    }

    fn cut(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() > self.length {
            self.file.set_len(self.length)?;
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Made, but nothing was begun: nothing to keep.
        if self.length == 0 && self.file.metadata().is_ok_and(|data| data.is_file() && data.len() == 0) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn write_new(path: &Path, state: &State) -> io::Result<()> {
    let mut file = File::create(path)?;
    for record in state.compact() {
        file.write_all(&record.to_line()?)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;
    use crate::journal::{Counts, Unit, VERSION};

    fn header() -> Header {
        Header { version: VERSION, ..Header::default() }
    }

    fn settle(journal: &mut Journal, offset: u64) {
        let accepted = [(Endpoint::Bulk.name().to_owned(), 1)].into();
        let done = Done::of(Counts { accepted, ..Counts::default() }, &[Unit::new(offset, 0, 9)]);
        journal.settle(done, || Checkpoint { offset: offset + 25, digest: "d".to_owned() }).unwrap();
    }

    #[test]
    fn what_was_entered_is_there_when_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, state) = Journal::open(&path).unwrap();
        assert_eq!(state, State::default());
        journal.begin(header()).unwrap();
        (0..4).for_each(|line| settle(&mut journal, 10 * line));
        drop(journal);
        let (journal, state) = Journal::open(&path).unwrap();
        assert_eq!(state.counts.accepted(), 4);
        assert_eq!(state.settled.spans().collect::<Vec<_>>(), [(0, 39)]);
        // The second was covered by the first one's.
        assert_eq!(state.checkpoints.iter().map(|one| one.offset).collect::<Vec<_>>(), [25, 45]);
        journal.finish(End::default()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let (_, state) = Journal::open(&path).unwrap();
        assert_eq!((state.counts.accepted(), state.end), (4, Some(End::default())));
    }

    #[test]
    fn half_a_line_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::restart(&path).unwrap();
        journal.begin(header()).unwrap();
        settle(&mut journal, 0);
        drop(journal);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], b"00000000 {\"do"].concat()).unwrap();
        let (mut journal, _) = Journal::open(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole);
        settle(&mut journal, 10);
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().1.counts.accepted(), 2);
    }

    #[test]
    fn only_one_at_a_time_and_nothing_is_left_of_one_that_was_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let first = Journal::open(&path).unwrap();
        for error in [Journal::open(&path).unwrap_err(), Journal::restart(&path).unwrap_err()] {
            assert!(error.to_string().starts_with("another process is delivering this"), "{error}");
        }
        drop(first);
        assert!(!path.exists());
        assert!(Journal::open(&path).is_ok());
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = Journal::open(&folder.path().join("file/journal")).unwrap_err();
        assert!(
            error.to_string().contains("file/journal cannot be kept: a part of its path is no directory"),
            "{error}"
        );
        assert!(error.help().contains("--no-journal"));
    }
}
