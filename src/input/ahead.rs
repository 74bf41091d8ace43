//! Reads batches ahead and works on each of them, on several threads, and hands them out in the order of the input.
//!
//! ```
//! use std::sync::Arc;
//! use mparticle_events::input::{Ahead, BatchReader};
//!
//! let input: &[u8] = b"{\"a\":1}\n{\"b\":22}\n";
//! let length = |batch: &mparticle_events::input::RawBatch, length: &mut usize| *length = batch.bytes.len();
//! let mut ahead = Ahead::new(BatchReader::new(input), 2, Arc::new(length));
//! let mut lengths = Vec::new();
//! while let Some(item) = ahead.next_batch() {
//!     lengths.push(*item.worked);
//! }
//! assert_eq!(lengths, [7, 8]);
//! ```

use std::fmt;
use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{BatchReader, InputError, RawBatch};

/// Bytes of batches that a thread takes at a time, or so many batches. What the reader has at hand ends a chunk, too: that is less.
const CHUNK_BYTES: usize = 512 * 1024;
const CHUNK_BATCHES: usize = 512;

/// What is done with every batch. What comes of it goes where that of another batch was before, which is not needed any more.
pub type Work<T> = Arc<dyn Fn(&RawBatch, &mut T) + Send + Sync>;

/// A batch, or why it could not be read, and what came of the work on it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Worked<'a, T> {
    /// What the reader gave.
    pub read: Result<RawBatch, InputError>,
    /// What the work gave; of no meaning for what could not be read.
    pub worked: &'a mut T,
    /// Bytes of the input that had been read when it came.
    pub bytes_read: u64,
}

/// Some batches next to each other. When all were handed out it is used again, with the memory it has.
#[derive(Debug)]
struct Chunk<T> {
    slots: Vec<Slot<T>>,
    /// Slots that are filled.
    filled: usize,
    /// Slots whose batch was handed out.
    taken: usize,
}

#[derive(Debug, Default)]
struct Slot<T> {
    read: Option<Result<RawBatch, InputError>>,
    bytes_read: u64,
    worked: T,
}

/// What the threads share: it is the turn of one of them to read.
type Turn<R, T> = Mutex<Option<Reading<R, T>>>;
/// Chunks to be used again.
type Spare<T> = Mutex<Vec<Chunk<T>>>;

/// The batches of an input, worked on; see the [module](super).
///
/// The threads take turns: one reads as much as is at hand, a few hundred KB at the most, lets the next one read, and works on what it
/// has, which is in the cache of its processor. So two chunks a thread wait at a time, and one for each is worked on. Dropping
/// this ends the threads; one that waits for its input ends when that comes or ends. Should work panic, there is an early
/// end, with [`is_complete`](Self::is_complete) false.
pub struct Ahead<T> {
    chunks: Receiver<Receiver<Chunk<T>>>,
    current: Chunk<T>,
    complete: bool,
    spare: Arc<Spare<T>>,
}

impl<T> fmt::Debug for Ahead<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").field("complete", &self.complete).finish_non_exhaustive()
    }
}

impl<T: Default + Send + 'static> Ahead<T> {
    /// Begins to read, and to work on what was read with that many threads; at least one.
    #[must_use]
    pub fn new<R: Read + Send + 'static>(reader: BatchReader<R>, threads: usize, work: Work<T>) -> Self {
        let threads = threads.max(1);
        let (ordered, chunks) = sync_channel(threads * 2);
        let turn = Arc::new(Mutex::new(Some(Reading { reader, ordered })));
        let spare = Arc::<Spare<T>>::default();
        for _ in 0..threads {
            let (turn, work, spare) = (Arc::clone(&turn), Arc::clone(&work), Arc::clone(&spare));
            thread::spawn(move || while work_on(&turn, &work, &spare) {});
        }
        Self { chunks, current: Chunk::default(), complete: false, spare }
    }
}

impl<T> Ahead<T> {
    /// The next batch; nothing when there is no more.
    pub fn next_batch(&mut self) -> Option<Worked<'_, T>> {
        while self.current.taken >= self.current.filled {
            if self.complete {
                return None;
            }
            // An empty chunk comes last: without it, nobody got there.
            let chunk = self.chunks.recv().ok()?.recv().ok()?;
            self.complete = chunk.filled == 0;
            let used = std::mem::replace(&mut self.current, chunk);
            self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(used);
        }
        self.current.take()
    }

    /// Whether everything was handed out; to be asked after the last batch.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl<T> Default for Chunk<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), filled: 0, taken: 0 }
    }
}

impl<T> Chunk<T> {
    fn take(&mut self) -> Option<Worked<'_, T>> {
        let slot = self.slots.get_mut(self.taken)?;
        self.taken += 1;
        Some(Worked { read: slot.read.take()?, worked: &mut slot.worked, bytes_read: slot.bytes_read })
    }

    fn work(&mut self, work: &Work<T>) {
        for slot in self.slots.iter_mut().take(self.filled) {
            if let Some(Ok(batch)) = &slot.read {
                work(batch, &mut slot.worked);
            }
        }
    }
}

struct Reading<R, T> {
    reader: BatchReader<R>,
    /// Where chunks are to come, in the order in which they were read.
    ordered: SyncSender<Receiver<Chunk<T>>>,
}

impl<R: Read, T: Default> Reading<R, T> {
    /// Reads what is at hand, or waits for more; nothing at the end of the input.
    fn fill(&mut self, chunk: &mut Chunk<T>) {
        (chunk.filled, chunk.taken) = (0, 0);
        let mut bytes = 0;
        while let Some(read) = self.reader.next() {
            bytes += read.as_ref().map_or(0, |batch| batch.bytes.len());
            if chunk.slots.len() <= chunk.filled {
                chunk.slots.push(Slot::default());
            }
            if let Some(slot) = chunk.slots.get_mut(chunk.filled) {
                (slot.read, slot.bytes_read) = (Some(read), self.reader.bytes_read());
            }
            chunk.filled += 1;
            let full = bytes >= CHUNK_BYTES || chunk.filled >= CHUNK_BATCHES;
            // What came slowly is not kept waiting for more.
            if full || !self.reader.has_more_at_hand() {
                break;
            }
        }
    }
}

/// Waits for its turn to read, and works on what it has read; false when there is nothing more to do.
fn work_on<R: Read, T: Default>(turn: &Turn<R, T>, work: &Work<T>, spare: &Spare<T>) -> bool {
    let mut chunk = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    // A reader that has panicked is of no use to the others.
    let Ok(mut reading) = turn.lock() else { return false };
    let Some(this) = reading.as_mut() else { return false };
    this.fill(&mut chunk);
    let (reply, result) = sync_channel(1);
    let wanted = this.ordered.send(result).is_ok();
    if chunk.filled == 0 || !wanted {
        *reading = None;
    }
    drop(reading);
    chunk.work(work);
    // Nobody wants it any more: the next one neither, but that shows by itself.
    let _ = reply.send(chunk);
    wanted
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader, Read};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn index(threads: usize, input: Vec<u8>) -> Ahead<u64> {
        Ahead::new(BatchReader::new(io::Cursor::new(input)), threads, Arc::new(note))
    }

    fn note(batch: &RawBatch, index: &mut u64) {
        *index = batch.index;
    }

    fn rest(ahead: &mut Ahead<u64>) -> Vec<(bool, u64)> {
        std::iter::from_fn(|| ahead.next_batch().map(|item| (item.read.is_ok(), *item.worked))).collect()
    }

    #[test]
    fn everything_comes_in_order() {
        let input: String = (0..20_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        for threads in [0, 1, 3] {
            let mut ahead = index(threads, input.clone().into_bytes());
            let mut count = 0;
            while let Some(item) = ahead.next_batch() {
                let batch = item.read.unwrap();
                assert_eq!((batch.index, *item.worked), (count, count));
                assert_eq!(batch.bytes, format!("{{\"n\":{count}}}").into_bytes());
                assert!(item.bytes_read > batch.offset);
                count += 1;
            }
            assert_eq!((count, ahead.is_complete()), (20_000, true));
        }
    }

    #[test]
    fn what_cannot_be_read_comes_in_its_place() {
        let items = rest(&mut index(2, b"[{\"a\":1},{\"b\":2".to_vec()));
        assert_eq!(items.iter().map(|(is_ok, _)| *is_ok).collect::<Vec<_>>(), [true, false]);
        assert_eq!(rest(&mut index(2, Vec::new())), []);
    }

    /// Gives a line, and then nothing until it is dropped.
    struct Stalled(Option<Vec<u8>>, Receiver<()>);

    impl Read for Stalled {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(lines) = self.0.take() else {
                let _ = self.1.recv();
                return Ok(0);
            };
            lines.as_slice().read(buffer)
        }
    }

    #[test]
    fn what_came_does_not_wait_for_what_comes_later() {
        let (end, stalled) = sync_channel(0);
        // More than the reader looks at to find out what the input is.
        let lines = format!("{{\"a\":1}}\n{{\"b\":\"{}\"}}\n{{\"c\"", "x".repeat(2000)).into_bytes();
        let reader = BatchReader::new(BufReader::new(Stalled(Some(lines), stalled)))
            .format(crate::input::Format::Ndjson);
        let mut ahead = Ahead::new(reader, 2, Arc::new(note));
        assert_eq!(ahead.next_batch().map(|item| *item.worked), Some(0));
        assert_eq!(ahead.next_batch().map(|item| *item.worked), Some(1));
        drop(end);
        // The line that had only begun.
        assert_eq!(ahead.next_batch().map(|item| *item.worked), Some(2));
        assert!(ahead.next_batch().is_none());
        assert!(ahead.is_complete());
    }

    #[test]
    fn an_early_end_stops_the_reader() {
        let read = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&read);
        let input: String = "{}\n".repeat(1_000_000);
        let mut ahead = Ahead::new(
            BatchReader::new(io::Cursor::new(input)),
            1,
            Arc::new(move |_, number: &mut usize| *number = count.fetch_add(1, Ordering::Relaxed)),
        );
        assert!(ahead.next_batch().is_some());
        drop(ahead);
        // A handful of chunks at most, however long one waits.
        assert!(read.load(Ordering::Relaxed) < 20 * CHUNK_BATCHES);
    }

    #[test]
    fn work_that_panics_is_no_end_of_the_input() {
        let input: String = "{}\n".repeat(CHUNK_BATCHES * 3);
        let panics = |batch: &RawBatch, (): &mut ()| assert!(batch.index < 600, "on purpose");
        let mut ahead = Ahead::new(BatchReader::new(io::Cursor::new(input)), 1, Arc::new(panics));
        assert_eq!(std::iter::from_fn(|| ahead.next_batch().map(drop)).count(), CHUNK_BATCHES);
        assert!(!ahead.is_complete());
    }
}
