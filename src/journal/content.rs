//! What the input holds: a digest that runs along while it is read, so that a change is noticed when it is read again.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
pub struct Content {
    hasher: Hasher,
    offset: u64,
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
        Self { hasher: Hasher::new(), offset: 0, inputs: 0, line: 1, right: (0, 1), expected, changed: None }
    }

    /// Another input begins.
    fn begin(&mut self) {
        self.inputs += 1;
        self.line = 1;
        // A byte of its own: what was added to an input must not look like the beginning of the next.
        self.take(&[0]);
    }

    /// Bytes as they are read.
    fn take(&mut self, mut bytes: &[u8]) {
        while let Some(next) = self.expected.front() {
            let before = usize::try_from(next.offset.saturating_sub(self.offset)).unwrap_or(usize::MAX);
            let Some((head, tail)) = bytes.split_at_checked(before) else { break };
            let expected = next.digest.clone();
            self.add(head);
            bytes = tail;
            if self.changed.is_none() && self.digest() != expected {
                self.changed = Some(self.change(false));
            }
            self.right = (self.inputs, self.line);
            self.expected.pop_front();
        }
        self.add(bytes);
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hasher.write(bytes);
        self.offset += u64::try_from(bytes.len()).unwrap_or_default();
        if !self.expected.is_empty() {
            // Counted only while it is of use: to tell where a change is.
            let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
            self.line += u64::try_from(breaks).unwrap_or_default();
        }
    }

    fn digest(&self) -> String {
        format!("{:032x}", self.hasher.finish_128())
    }

    fn change(&self, shorter: bool) -> Changed {
        let from_line = if self.right.0 == self.inputs { self.right.1 } else { 1 };
        Changed { input: self.inputs.saturating_sub(1), from_line, to_line: self.line, shorter }
    }

    /// What was read, as it can be compared later.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
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
pub struct SharedContent(Arc<Mutex<Content>>);

impl SharedContent {
    /// Nothing read yet; see [`Content::new`].
    #[must_use]
    pub fn new(expected: Vec<Checkpoint>) -> Self {
        Self(Arc::new(Mutex::new(Content::new(expected))))
    }

    /// Locks it.
    pub fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the reading of the next input.
    #[must_use]
    pub fn watch<R: Read>(&self, inner: R) -> Watched<R> {
        let mut content = self.lock();
        content.begin();
        Watched { inner, changed: content.changed.is_some(), content: self.clone() }
    }
}

/// An input that is followed. It ends with an error when it turns out to be changed.
///
/// What [`Read`] gives counts as read, all of it; of what [`BufRead`] shows, that which is consumed. The content is locked once for each
/// such piece, so that large ones cost least.
#[derive(Debug)]
pub struct Watched<R> {
    inner: R,
    content: SharedContent,
    /// Known here without locking: inputs are read one after another, so that nobody else finds out.
    changed: bool,
}

impl<R> Watched<R> {
    fn check(&self) -> io::Result<()> {
        if self.changed { Err(io::Error::other("the input was changed")) } else { Ok(()) }
    }
}

/// Takes what was read; whether the input is known to be changed by now.
fn take(content: &SharedContent, bytes: &[u8]) -> bool {
    let mut content = content.lock();
    content.take(bytes);
    content.changed.is_some()
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let read = self.inner.read(buffer)?;
        self.changed = take(&self.content, buffer.get(..read).unwrap_or(buffer));
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed lies in the buffer already: this reads nothing, unless nothing is consumed.
        if amount > 0
            && let Ok(bytes) = self.inner.fill_buf()
        {
            self.changed = take(&self.content, bytes.get(..amount).unwrap_or(bytes));
        }
        self.inner.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inputs: &[&str], expected: Vec<Checkpoint>, stop: usize) -> (SharedContent, Vec<Checkpoint>) {
        let content = SharedContent::new(expected);
        let mut checkpoints = Vec::new();
        for input in inputs {
            let mut watched = content.watch(io::BufReader::with_capacity(3, input.as_bytes()));
            let mut left = stop;
            while let Ok(piece @ [_, ..]) = watched.fill_buf() {
                let length = piece.len().min(2).min(left);
                if length == 0 {
                    break;
                }
                left -= length;
                watched.consume(length);
                checkpoints.push(content.lock().checkpoint());
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
    fn blocks_are_taken_once_in_whatever_way_they_are_read() {
        let text = "one\ntwo\nthree\n";
        let (whole, all) = read(&[text], Vec::new(), 99);
        for block in 1..=text.len() {
            for shown in 0..3 {
                let content = SharedContent::new(all.clone());
                let mut watched = content.watch(io::BufReader::with_capacity(4, text.as_bytes()));
                watched.fill_buf().unwrap();
                watched.consume(shown);
                let mut buffer = vec![0; block];
                while watched.read(&mut buffer).unwrap() > 0 {}
                assert_eq!(content.lock().checkpoint(), whole.lock().checkpoint());
                assert!(content.lock().is_verified());
            }
        }
    }

    #[test]
    fn after_the_block_with_the_change_there_is_an_error() {
        let (_, all) = read(&["one\ntwo\nthree\n"], Vec::new(), 99);
        let content = SharedContent::new(all);
        let mut watched = content.watch(&b"one\ntwO\nthree\n"[..]);
        let mut buffer = [0; 6];
        assert_eq!(watched.read(&mut buffer).unwrap(), 6);
        assert_eq!(content.lock().changed(), None);
        assert_eq!(watched.read(&mut buffer).unwrap(), 6);
        assert!(content.lock().changed().is_some());
        assert!(watched.read(&mut buffer).is_err());
        assert!(watched.fill_buf().is_err());
        // Nor is there another input to be read.
        assert!(content.watch(&b"more"[..]).read(&mut buffer).is_err());
    }

    #[test]
    fn what_was_not_read_yet_is_neither() {
        let (_, all) = read(&["one\ntwo\n"], Vec::new(), 99);
        let (content, _) = read(&["one\ntwo\n"], all, 4);
        assert!(!content.lock().is_verified());
        assert_eq!(content.lock().changed(), None);
    }
}
