//! Reads batches ahead and works on each of them, on several threads, and hands them out in the order of the input.
//!
//! ```
//! use std::sync::Arc;
//! use mparticle_events::input::{Ahead, BatchReader};
//!
//! let input: &[u8] = b"{\"a\":1}\n{\"b\":22}\n";
//! let ahead = Ahead::new(BatchReader::new(input), 2, Arc::new(|batch| batch.bytes.len()));
//! let lengths: Vec<usize> = ahead.filter_map(|item| item.worked).collect();
//! assert_eq!(lengths, [7, 8]);
//! ```

use std::fmt;
use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::vec;

use super::{BatchReader, InputError, RawBatch};

/// Bytes of batches that a thread takes at a time, or so many batches. What the reader has at hand ends a chunk, too: that is less.
const CHUNK_BYTES: usize = 512 * 1024;
const CHUNK_BATCHES: usize = 512;

/// What is done with every batch.
pub type Work<T> = Arc<dyn Fn(&RawBatch) -> T + Send + Sync>;

/// A batch, or why it could not be read, and what came of the work on it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Worked<T> {
    /// What the reader gave.
    pub read: Result<RawBatch, InputError>,
    /// What the work gave; nothing for what could not be read.
    pub worked: Option<T>,
    /// Bytes of the input that had been read when it came.
    pub bytes_read: u64,
}

type Chunk<T> = Vec<Worked<T>>;

/// What the threads share: it is the turn of one of them to read.
type Turn<R, T> = Mutex<Option<Reading<R, T>>>;

/// An iterator over the batches of an input, worked on; see the [module](super).
///
/// The threads take turns: one reads as much as is at hand, a few hundred KB at the most, lets the next one read, and works on what it
/// has, which is in the cache of its processor. So two chunks a thread wait at a time, and one for each is worked on. Dropping
/// the iterator ends the threads; one that waits for its input ends when that comes or ends. Should work panic, the iterator ends
/// early, with [`is_complete`](Self::is_complete) false.
pub struct Ahead<T> {
    chunks: Receiver<Receiver<Chunk<T>>>,
    current: vec::IntoIter<Worked<T>>,
    complete: bool,
}

impl<T> fmt::Debug for Ahead<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").field("complete", &self.complete).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Ahead<T> {
    /// Begins to read, and to work on what was read with that many threads; at least one.
    #[must_use]
    pub fn new<R: Read + Send + 'static>(reader: BatchReader<R>, threads: usize, work: Work<T>) -> Self {
        let threads = threads.max(1);
        let (ordered, chunks) = sync_channel(threads * 2);
        let turn = Arc::new(Mutex::new(Some(Reading { reader, ordered, likely: 0 })));
        for _ in 0..threads {
            let (turn, work) = (Arc::clone(&turn), Arc::clone(&work));
            thread::spawn(move || while work_on(&turn, &work) {});
        }
        Self { chunks, current: Vec::new().into_iter(), complete: false }
    }
}

impl<T> Ahead<T> {
    /// Whether everything was handed out; to be asked after the last item.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl<T> Iterator for Ahead<T> {
    type Item = Worked<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.current.next() {
                return Some(item);
            }
            if self.complete {
                return None;
            }
            // An empty chunk comes last: without it, nobody got there.
            let chunk = self.chunks.recv().ok()?.recv().ok()?;
            self.complete = chunk.is_empty();
            self.current = chunk.into_iter();
        }
    }
}

struct Reading<R, T> {
    reader: BatchReader<R>,
    /// Where chunks are to come, in the order in which they were read.
    ordered: SyncSender<Receiver<Chunk<T>>>,
    /// Batches of the chunk before: the next one is likely to have as many.
    likely: usize,
}

impl<R: Read, T> Reading<R, T> {
    /// Reads what is at hand, or waits for more; empty at the end of the input.
    fn chunk(&mut self) -> Chunk<T> {
        let (mut chunk, mut bytes) = (Vec::with_capacity(self.likely), 0);
        while let Some(read) = self.reader.next() {
            bytes += read.as_ref().map_or(0, |batch| batch.bytes.len());
            chunk.push(Worked { read, worked: None, bytes_read: self.reader.bytes_read() });
            let full = bytes >= CHUNK_BYTES || chunk.len() >= CHUNK_BATCHES;
            // What came slowly is not kept waiting for more.
            if full || !self.reader.has_more_at_hand() {
                break;
            }
        }
        self.likely = chunk.len();
        chunk
    }
}

/// Waits for its turn to read, and works on what it has read; false when there is nothing more to do.
fn work_on<R: Read, T>(turn: &Turn<R, T>, work: &Work<T>) -> bool {
    // A reader that has panicked is of no use to the others.
    let Ok(mut reading) = turn.lock() else { return false };
    let Some(this) = reading.as_mut() else { return false };
    let mut chunk = this.chunk();
    let (reply, result) = sync_channel(1);
    let wanted = this.ordered.send(result).is_ok();
    if chunk.is_empty() || !wanted {
        *reading = None;
    }
    drop(reading);
    for item in &mut chunk {
        item.worked = item.read.as_ref().ok().map(|batch| work(batch));
    }
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
        Ahead::new(BatchReader::new(io::Cursor::new(input)), threads, Arc::new(|batch| batch.index))
    }

    #[test]
    fn everything_comes_in_order() {
        let input: String = (0..20_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        for threads in [0, 1, 3] {
            let mut ahead = index(threads, input.clone().into_bytes());
            let mut count = 0;
            for item in ahead.by_ref() {
                let batch = item.read.unwrap();
                assert_eq!((batch.index, item.worked), (count, Some(count)));
                assert_eq!(batch.bytes, format!("{{\"n\":{count}}}").into_bytes());
                assert!(item.bytes_read > batch.offset);
                count += 1;
            }
            assert_eq!((count, ahead.is_complete()), (20_000, true));
        }
    }

    #[test]
    fn what_cannot_be_read_comes_in_its_place() {
        let items: Vec<_> = index(2, b"[{\"a\":1},{\"b\":2".to_vec()).collect();
        assert_eq!(items.iter().map(|item| item.worked).collect::<Vec<_>>(), [Some(0), None]);
        assert!(items[1].read.is_err());
        assert_eq!(index(2, Vec::new()).count(), 0);
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
        let lines = format!("{{\"a\":1}}\n{{\"b\":\"{}\"}}\n", "x".repeat(2000)).into_bytes();
        let reader = BatchReader::new(BufReader::new(Stalled(Some(lines), stalled)))
            .format(crate::input::Format::Ndjson);
        let mut ahead = Ahead::new(reader, 2, Arc::new(|batch| batch.index));
        assert_eq!(ahead.next().and_then(|item| item.worked), Some(0));
        assert_eq!(ahead.next().and_then(|item| item.worked), Some(1));
        drop(end);
        assert!(ahead.next().is_none());
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
            Arc::new(move |_| count.fetch_add(1, Ordering::Relaxed)),
        );
        assert!(ahead.next().is_some());
        drop(ahead);
        // A handful of chunks at most, however long one waits.
        assert!(read.load(Ordering::Relaxed) < 20 * CHUNK_BATCHES);
    }

    #[test]
    fn work_that_panics_is_no_end_of_the_input() {
        let input: String = "{}\n".repeat(CHUNK_BATCHES * 3);
        let panics = |batch: &RawBatch| assert!(batch.index < 600, "on purpose");
        let mut ahead = Ahead::new(BatchReader::new(io::Cursor::new(input)), 1, Arc::new(panics));
        assert_eq!(ahead.by_ref().count(), CHUNK_BATCHES);
        assert!(!ahead.is_complete());
    }
}
