//! Bytes of the input with their line and offset, and a look ahead.

use std::io::{self, BufRead, ErrorKind};

use super::scan::is_space;

/// An input that knows where it is, and can be looked into before it is read.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    /// Bytes that were looked at before they are read.
    ahead: Vec<u8>,
    ahead_at: usize,
    /// Bytes that the inner reader gave and that were not read yet.
    at_hand: usize,
    offset: u64,
    line: usize,
    column: usize,
}

/// A stretch of the input that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stretch {
    bytes: usize,
    line_breaks: usize,
    /// Characters after the last line break, or all of them.
    tail: usize,
}

impl Stretch {
    /// Of bytes that take no room on their line, such as a byte order mark.
    pub(super) fn invisible(bytes: usize) -> Self {
        Self { bytes, ..Self::default() }
    }

    pub(super) fn of(text: &[u8]) -> Self {
        let last = text.iter().rposition(|byte| *byte == b'\n');
        let line_breaks = last.map_or(0, |last| line_breaks(text.get(..=last).unwrap_or_default()));
        let tail = text.get(last.map_or(0, |last| last + 1)..).unwrap_or_default();
        Self { bytes: text.len(), line_breaks, tail: characters(tail) }
    }
}

impl<R: BufRead> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, ahead: Vec::new(), ahead_at: 0, at_hand: 0, offset: 0, line: 1, column: 1 }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The column of the next byte in characters, from 1.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// What was looked at and not read yet.
    pub(super) fn ahead(&self) -> &[u8] {
        self.ahead.get(self.ahead_at..).unwrap_or_default()
    }

    /// Looks further ahead; false at the end of the input.
    pub(super) fn look(&mut self) -> io::Result<bool> {
        let piece = fill(&mut self.inner)?;
        let length = piece.len();
        self.ahead.extend_from_slice(piece);
        self.inner.consume(length);
        Ok(length > 0)
    }

    /// The next bytes; empty at the end.
    pub(super) fn piece(&mut self) -> io::Result<&[u8]> {
        if self.ahead_at < self.ahead.len() {
            return Ok(self.ahead.get(self.ahead_at..).unwrap_or_default());
        }
        let piece = fill(&mut self.inner)?;
        self.at_hand = piece.len();
        Ok(piece)
    }

    /// Whether something that follows was read already.
    pub(super) fn has_more_at_hand(&self) -> bool {
        self.at_hand > 0 || self.ahead_at < self.ahead.len()
    }

    /// Marks bytes of [`piece`](Self::piece) as read.
    pub(super) fn advance(&mut self, read: Stretch) {
        let Stretch { bytes, line_breaks, tail } = read;
        if self.ahead_at < self.ahead.len() {
            self.ahead_at += bytes;
            if self.ahead_at >= self.ahead.len() {
                self.ahead = Vec::new();
                self.ahead_at = 0;
            }
        } else {
            self.inner.consume(bytes);
            self.at_hand = self.at_hand.saturating_sub(bytes);
        }
        self.offset += bytes as u64;
        self.line += line_breaks;
        self.column = if line_breaks > 0 { 1 + tail } else { self.column + tail };
    }

    /// Reads over white space; the byte after it, or nothing at the end of the input.
    pub(super) fn skip_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            let piece = self.piece()?;
            if piece.is_empty() {
                return Ok(None);
            }
            let space = piece.iter().take_while(|byte| is_space(**byte)).count();
            let next = piece.get(space).copied();
            let read = Stretch::of(piece.get(..space).unwrap_or_default());
            self.advance(read);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Reads one line, without its line break, into `line`: as much of it as `cap` allows. Gives its full length, or nothing at the end of the input.
    pub(super) fn read_line(&mut self, line: &mut Vec<u8>, cap: usize) -> io::Result<Option<u64>> {
        let mut length = 0_u64;
        let mut any = false;
        loop {
            let piece = self.piece()?;
            if piece.is_empty() {
                return Ok(any.then_some(length));
            }
            any = true;
            let end = memchr::memchr(b'\n', piece);
            let content = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
            keep(line, content, cap);
            length += content.len() as u64;
            let taken = content.len() + usize::from(end.is_some());
            // Nobody asks for a column before the line is over.
            self.advance(Stretch { bytes: taken, line_breaks: usize::from(end.is_some()), tail: 0 });
            if end.is_some() {
                return Ok(Some(length));
            }
        }
    }
}

/// Appends what fits, and nothing more once something did not fit.
pub(super) fn keep(kept: &mut Vec<u8>, bytes: &[u8], cap: usize) {
    let room = cap.saturating_sub(kept.len());
    kept.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
}

/// Line breaks in a piece of text.
fn line_breaks(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// Characters in UTF-8: every byte but those that continue one.
fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| !matches!(byte, 0x80..=0xBF)).count()
}

fn fill(inner: &mut impl BufRead) -> io::Result<&[u8]> {
    loop {
        // Asked twice: a buffer that is kept across the loop cannot be given back to the caller.
        match inner.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    inner.fill_buf()
}
