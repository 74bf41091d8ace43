//! Bytes of the input with their line and offset, and a look ahead.

use std::io::{self, Read};

use bytes::Bytes;

use super::blocks::Blocks;
use super::scan::is_space;

/// An input that knows where it is, and can be looked into before it is read.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    pub(super) blocks: Blocks,
    /// What was read from the input and not handed out yet.
    at_hand: Bytes,
    /// Bytes at the end of it that are no whole line.
    begun: usize,
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

    /// Of the rest of a line, its line break included.
    fn line(bytes: usize) -> Self {
        Self { bytes, line_breaks: 1, tail: 0 }
    }

    pub(super) fn of(text: &[u8]) -> Self {
        let last = text.iter().rposition(|byte| *byte == b'\n');
        let line_breaks = last.map_or(0, |last| line_breaks(text.get(..=last).unwrap_or_default()));
        let tail = text.get(last.map_or(0, |last| last + 1)..).unwrap_or_default();
        Self { bytes: text.len(), line_breaks, tail: characters(tail) }
    }
}

impl<R: Read> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        let at_hand = Bytes::new();
        Self { inner, blocks: Blocks::default(), at_hand, begun: 0, offset: 0, line: 1, column: 1 }
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
        &self.at_hand
    }

    /// Looks further ahead; false at the end of the input.
    pub(super) fn look(&mut self) -> io::Result<bool> {
        let block = self.blocks.read(&mut self.inner)?;
        let is_more = !block.is_empty();
        if self.at_hand.is_empty() {
            self.go_on_with(block);
        } else {
            // Memory of its own from the second time on, so that this does not copy again what was copied.
            let mut all = Vec::from(std::mem::take(&mut self.at_hand));
            all.extend_from_slice(&block);
            self.go_on_with(all.into());
        }
        Ok(is_more)
    }

    /// The next bytes; empty at the end.
    pub(super) fn piece(&mut self) -> io::Result<&[u8]> {
        if self.at_hand.is_empty() {
            let block = self.blocks.read(&mut self.inner)?;
            self.go_on_with(block);
        }
        Ok(&self.at_hand)
    }

    fn go_on_with(&mut self, block: Bytes) {
        self.begun = block.len() - memchr::memrchr(b'\n', &block).map_or(0, |end| end + 1);
        self.at_hand = block;
    }

    /// Whether a whole line that follows was read already.
    pub(super) fn has_line_at_hand(&self) -> bool {
        self.at_hand.len() > self.begun
    }

    /// Whether something that follows was read already.
    pub(super) fn has_more_at_hand(&self) -> bool {
        !self.at_hand.is_empty()
    }

    /// Marks bytes of [`piece`](Self::piece) as read, and hands them out.
    pub(super) fn advance(&mut self, read: Stretch) -> Bytes {
        let Stretch { bytes, line_breaks, tail } = read;
        self.offset += bytes as u64;
        self.line += line_breaks;
        self.column = if line_breaks > 0 { 1 + tail } else { self.column + tail };
        self.at_hand.split_to(bytes.min(self.at_hand.len()))
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

    /// Reads one line without its line break: as much of it as `cap` allows, and its full length. Nothing at the end of the input.
    pub(super) fn read_line(&mut self, cap: usize) -> io::Result<Option<(Bytes, u64)>> {
        let piece = self.piece()?;
        if piece.is_empty() {
            return Ok(None);
        }
        let Some(end) = memchr::memchr(b'\n', piece) else { return self.read_long_line(cap).map(Some) };
        let mut line = self.advance(Stretch::line(end + 1));
        line.truncate(end.min(cap));
        Ok(Some((line, end as u64)))
    }

    /// The same for a line that does not end in the block in which it begins.
    fn read_long_line(&mut self, cap: usize) -> io::Result<(Bytes, u64)> {
        let (mut line, mut length) = (Gathered::new(cap), 0);
        loop {
            let piece = self.piece()?;
            let end = memchr::memchr(b'\n', piece);
            let content = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
            let (content, is_over) = (content.len(), end.is_some() || piece.is_empty());
            length += content as u64;
            line.add(self.advance(Stretch::invisible(content)));
            if end.is_some() {
                self.advance(Stretch::line(1));
            }
            if is_over {
                return Ok((line.bytes(), length));
            }
        }
    }
}

/// A value that comes in one piece or several: of several, as much as fits.
pub(super) struct Gathered {
    cap: usize,
    /// All of it, while it is one piece.
    whole: Bytes,
    pieces: Vec<u8>,
}

impl Gathered {
    /// Nothing yet, and so many bytes at the most.
    pub(super) fn new(cap: usize) -> Self {
        Self { cap, whole: Bytes::new(), pieces: Vec::new() }
    }

    /// Adds a piece.
    pub(super) fn add(&mut self, mut piece: Bytes) {
        if self.pieces.is_empty() && self.whole.is_empty() {
            piece.truncate(self.cap);
            self.whole = piece;
            return;
        }
        if self.pieces.is_empty() {
            self.pieces = std::mem::take(&mut self.whole).into();
        }
        keep(&mut self.pieces, &piece, self.cap);
    }

    /// What was gathered.
    pub(super) fn bytes(self) -> Bytes {
        if self.pieces.is_empty() { self.whole } else { self.pieces.into() }
    }
}

/// Appends what fits.
fn keep(kept: &mut Vec<u8>, bytes: &[u8], cap: usize) {
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
