//! What the input holds: a digest that runs along while it is read, so that a change is noticed when it is read again.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use twox_hash::xxhash3_128::Hasher;

/// The digest of all inputs up to a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Bytes of all inputs, and one more for the beginning of each.
    pub offset: u64,
    /// XXH3 with 128 bits, in hexadecimal.
    pub digest: String,
}

/// Where the input is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which input, from 0: the one that was being read.
    pub input: usize,
    /// The line of it, from 1, up to which it is the same for sure.
    pub from_line: u64,
    /// The line of it at which the change was noticed.
    pub to_line: u64,
    /// Whether the input ended before the place that was reached last time.
    pub shorter: bool,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from_line, to_line, .. } = self;
        if self.shorter {
            write!(f, "it ends on line {to_line}, before the place that was reached")
        } else {
            write!(f, "a change between line {from_line} and line {to_line}")
        }
    }
}

/// The running digest, and the checkpoints of an earlier run that are still to come.
///
/// What was read last is taken into the digest no further than somebody needs it: behind a place from which no batch could be read,
/// the input may be mended.
pub struct Content {
    hasher: Hasher,
    /// Bytes in the digest.
    offset: u64,
    /// What follows.
    block: Bytes,
    /// Where the present input begins.
    began: u64,
    inputs: usize,
    line: u64,
    /// The input and line of the last checkpoint that was right.
    right: (usize, u64),
    expected: VecDeque<Checkpoint>,
    changed: Option<Changed>,
}

impl Content {
    /// Nothing read yet; these are expected, in order of their places.
    #[must_use]
    pub fn new(expected: Vec<Checkpoint>) -> Self {
        let expected = expected.into();
        Self {
            hasher: Hasher::new(),
            offset: 0,
            block: Bytes::new(),
            began: 0,
            inputs: 0,
            line: 1,
            right: (0, 1),
            expected,
            changed: None,
        }
    }

    /// Another input begins.
    fn begin(&mut self) {
        // A byte of its own: what was added to an input must not look like the beginning of the next.
        self.take(Bytes::from_static(&[0]));
        self.reach(u64::MAX);
        self.began = self.offset;
        self.inputs += 1;
        self.line = 1;
    }

    /// A block that was read.
    fn take(&mut self, block: Bytes) {
        self.reach(u64::MAX);
        self.block = block;
        while let Some(next) = self.expected.front() {
            let (place, expected) = (next.offset, next.digest.clone());
            if place > self.offset + self.block.len() as u64 {
                break;
            }
            self.reach(place);
            if self.changed.is_none() && self.digest() != expected {
                self.changed = Some(self.change(false));
            }
            self.right = (self.inputs, self.line);
            self.expected.pop_front();
        }
    }

    /// Takes what was read into the digest, up to this place or its end.
    fn reach(&mut self, place: u64) {
        let bytes = usize::try_from(place.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let bytes = self.block.split_to(bytes.min(self.block.len()));
        self.hasher.write(&bytes);
        self.offset += bytes.len() as u64;
        if !self.expected.is_empty() {
            // Counted only while it is of use: to tell where a change is.
            self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        }
    }

    /// The same; an error when the input is known to be changed, so that there is no point in reading on.
    fn take_unless_changed(&mut self, block: &Bytes) -> io::Result<()> {
        if self.changed.is_none() {
            self.take(block.clone());
            return Ok(());
        }
        Err(io::Error::other("the input was changed"))
    }

    fn digest(&self) -> String {
        format!("{:032x}", self.hasher.finish_128())
    }

    fn change(&self, shorter: bool) -> Changed {
        let from_line = if self.right.0 == self.inputs { self.right.1 } else { 1 };
        Changed { input: self.inputs.saturating_sub(1), from_line, to_line: self.line, shorter }
    }

    /// What was read up to this place of the present input, and perhaps beyond it, as it can be compared later.
    fn checkpoint(&mut self, place: u64) -> Checkpoint {
        self.reach(self.began + place);
        Checkpoint { offset: self.offset, digest: self.digest() }
    }

    /// Whether all that was expected has come.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.expected.is_empty() && self.changed.is_none()
    }

    /// What is not as it was, so far.
    #[must_use]
    pub fn changed(&self) -> Option<Changed> {
        self.changed.clone()
    }

    /// What is not as it was, now that there is no more to read.
    #[must_use]
    pub fn changed_at_end(&self) -> Option<Changed> {
        self.changed().or_else(|| (!self.expected.is_empty()).then(|| self.change(true)))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("offset", &self.offset)
            .field("changed", &self.changed)
            .finish_non_exhaustive()
    }
}

/// The content, known to the side that reads and the side that writes the journal.
#[derive(Clone, Debug)]
pub struct SharedContent(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    content: Mutex<Content>,
    /// The end of the last batch of the present input that was made use of.
    reached: AtomicU64,
}

impl SharedContent {
    /// Nothing read yet; see [`Content::new`].
    #[must_use]
    pub fn new(expected: Vec<Checkpoint>) -> Self {
        let content = Mutex::new(Content::new(expected));
        Self(Arc::new(Shared { content, reached: AtomicU64::new(0) }))
    }

    /// Locks it.
    pub fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the reading of the next input, block by block; an error when it turns out to be changed.
    pub fn watch(&self) -> impl FnMut(&Bytes) -> io::Result<()> + Send + use<> {
        let mut content = self.lock();
        content.begin();
        self.0.reached.store(0, Ordering::Relaxed);
        drop(content);
        let this = self.clone();
        move |block| this.lock().take_unless_changed(block)
    }

    /// Notes that so many bytes of the present input were made use of.
    pub fn reached(&self, bytes: u64) {
        self.0.reached.store(bytes, Ordering::Relaxed);
    }

    /// What was made use of, and perhaps more, as it can be compared later.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        // Asked under the lock: else it could be the place in one input and be taken for one in the next.
        let mut content = self.lock();
        let reached = self.0.reached.load(Ordering::Relaxed);
        content.checkpoint(reached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads in blocks of two bytes, with a checkpoint after each, and stops after so many bytes of an input.
    fn read(inputs: &[&str], expected: Vec<Checkpoint>, stop: usize) -> (SharedContent, Vec<Checkpoint>) {
        let content = SharedContent::new(expected);
        let mut checkpoints = Vec::new();
        for input in inputs {
            let mut watch = content.watch();
            let mut read = 0;
            for block in input.as_bytes()[..input.len().min(stop)].chunks(2) {
                if watch(&Bytes::copy_from_slice(block)).is_err() {
                    break;
                }
                read += block.len() as u64;
                content.reached(read);
                checkpoints.push(content.checkpoint());
            }
        }
        (content, checkpoints)
    }

    #[test]
    fn the_same_input_and_one_with_more_at_its_end_are_right() {
        let (_, all) = read(&["one\ntwo\n", "three\n"], Vec::new(), 99);
        for count in 0..all.len() {
            for inputs in [["one\ntwo\n", "three\n"], ["one\ntwo\n", "three\nfour\n"]] {
                let (content, _) = read(&inputs, all[..count].to_vec(), 99);
                assert!(content.lock().is_verified());
                assert_eq!(content.lock().changed_at_end(), None);
            }
        }
    }

    #[test]
    fn a_change_is_noticed_and_placed() {
        let (_, all) = read(&["one\ntwo\nthree\n"], Vec::new(), 99);
        let (content, _) = read(&["one\ntwO\nthree\n"], all.clone(), 99);
        let changed = content.lock().changed().unwrap();
        assert_eq!((changed.input, changed.from_line, changed.to_line), (0, 2, 3), "{changed}");
        // Moved over to the next input.
        let (content, _) = read(&["one\ntwo\n", "three\n"], all.clone(), 99);
        assert!(content.lock().changed_at_end().is_some());
        let (content, _) = read(&["one\ntwo\n"], all, 99);
        assert!(content.lock().changed_at_end().unwrap().shorter);
    }

    #[test]
    fn a_checkpoint_is_the_same_however_large_the_blocks_are() {
        let text = "one\ntwo\nthree\n";
        let (_, all) = read(&[text], Vec::new(), 99);
        for size in 1..=text.len() {
            let content = SharedContent::new(all.clone());
            let mut watch = content.watch();
            for block in text.as_bytes().chunks(size) {
                watch(&Bytes::copy_from_slice(block)).unwrap();
            }
            assert!(content.lock().is_verified());
            content.reached(text.len() as u64);
            assert_eq!(content.checkpoint(), all[all.len() - 1]);
        }
    }

    #[test]
    fn what_nobody_made_use_of_may_be_mended() {
        let content = SharedContent::new(Vec::new());
        let mut watch = content.watch();
        watch(&"good\nbad\n".into()).unwrap();
        content.reached(4);
        let checkpoints = [content.checkpoint(), content.checkpoint()];
        assert_eq!((checkpoints[0].offset, &checkpoints[0]), (5, &checkpoints[1]));
        let (mended, _) = read(&["good\nmended\n"], checkpoints.to_vec(), 99);
        assert!(mended.lock().is_verified());
        let (other, _) = read(&["goop\nbad\n"], checkpoints.to_vec(), 99);
        assert!(other.lock().changed().is_some());
    }

    #[test]
    fn after_the_block_with_the_change_there_is_an_error() {
        let (_, all) = read(&["one\ntwo\nthree\n"], Vec::new(), 99);
        let content = SharedContent::new(all);
        let mut watch = content.watch();
        watch(&"one\ntw".into()).unwrap();
        assert_eq!(content.lock().changed(), None);
        watch(&"O\nthre".into()).unwrap();
        assert!(content.lock().changed().is_some());
        assert!(watch(&"e\n".into()).is_err());
        // Nor is there another input to be read.
        assert!(content.watch()(&"more".into()).is_err());
    }

    #[test]
    fn what_was_not_read_yet_is_neither() {
        let (_, all) = read(&["one\ntwo\n"], Vec::new(), 99);
        let (content, _) = read(&["one\ntwo\n"], all, 4);
        assert!(!content.lock().is_verified());
        assert_eq!(content.lock().changed(), None);
    }
}
