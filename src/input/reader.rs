//! The reader: detects the layout, then hands out batch after batch.

use std::io::{self, Read};
use std::iter::FusedIterator;

use bytes::{Buf, Bytes};

use super::detect::{self, Start, first_char};
use super::scan::{Fault, Scanner, Step, is_space, scalar_length};
use super::source::{Gathered, Source, Stretch};
use super::{Format, InputError, InputErrorKind, Layout, OnRead, RawBatch};

/// Reads batches one at a time; see the [module](super).
#[derive(Debug)]
pub struct BatchReader<R> {
    source: Source<R>,
    format: Format,
    max_batch_bytes: usize,
    state: State,
    layout: Option<Layout>,
    had_bom: bool,
    empty: bool,
    batches: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Line,
    /// Before the `[` of an array.
    Array,
    /// After it: a batch, or the end at once.
    FirstElement,
    /// After a batch in an array: a comma or the end.
    Separator,
    Document,
    End,
}

type Item = Result<RawBatch, InputError>;

impl<R: Read> BatchReader<R> {
    /// The longest batch that is read, in bytes, unless told otherwise: far more than the service takes.
    pub const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;

    /// Reads from the given input, whose layout is found out.
    pub fn new(input: R) -> Self {
        Self {
            source: Source::new(input),
            format: Format::Auto,
            max_batch_bytes: Self::MAX_BATCH_BYTES,
            state: State::Start,
            layout: None,
            had_bom: false,
            empty: false,
            batches: 0,
        }
    }

    /// Takes the layout as given. To be called before reading.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Reads batches of at most so many bytes; a longer one becomes an error, and reading goes on after it.
    #[must_use]
    pub fn max_batch_bytes(mut self, bytes: usize) -> Self {
        self.max_batch_bytes = bytes;
        self
    }

    /// Shows every block that is read to this, before any batch in it comes; an error of it ends the reading like one of the input.
    /// Not every byte of a block becomes part of a batch, and after a fault in it none does. To be called before reading.
    #[must_use]
    pub fn on_read(mut self, on_read: OnRead) -> Self {
        self.source.blocks.on_read = Some(on_read);
        self
    }

    /// How the batches are laid out; known after the first was read.
    #[must_use]
    pub fn layout(&self) -> Option<Layout> {
        self.layout
    }

    /// Whether the input is over and there was nothing in it but white space.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.empty
    }

    /// Whether the input began with a byte order mark, which was skipped.
    #[must_use]
    pub fn had_bom(&self) -> bool {
        self.had_bom
    }

    /// Bytes read so far, for a progress bar.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.source.offset()
    }

    /// Whether something that follows was read already, so that the next batch may come without waiting for the input.
    pub(super) fn has_more_at_hand(&self) -> bool {
        match self.state {
            State::Line => self.source.has_line_at_hand(),
            _ => self.source.has_more_at_hand(),
        }
    }

    /// Batches met so far, those included that could not be read.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// One step; nothing when there is no item in it.
    fn step(&mut self) -> io::Result<Option<Item>> {
        match self.state {
            State::Start => self.start(),
            State::Line => self.line(),
            State::Array => {
                self.source.advance(Stretch::of(b"["));
                self.state = State::FirstElement;
                Ok(None)
            }
            State::FirstElement => match self.source.skip_space()? {
                Some(b']') => self.close_array(),
                _ => self.element(),
            },
            State::Separator => self.separator(),
            State::Document => match self.source.skip_space()? {
                None => self.end(),
                Some(b'{' | b'[') => self.value(),
                Some(_) => self.unexpected("a batch, which begins with `{`,"),
            },
            State::End => Ok(None),
        }
    }

    fn start(&mut self) -> io::Result<Option<Item>> {
        let (had_bom, start) = detect::start(&mut self.source, self.format, self.max_batch_bytes)?;
        self.had_bom = had_bom;
        match start {
            Start::Empty => {
                self.empty = true;
                return self.end();
            }
            Start::Fault(kind) => return Ok(Some(Err(self.fault(kind, None)))),
            Start::Batches(layout) => {
                self.layout = Some(layout);
                self.state = match layout {
                    Layout::Lines => State::Line,
                    Layout::Array => State::Array,
                    Layout::Documents => State::Document,
                };
            }
        }
        Ok(None)
    }

    fn line(&mut self) -> io::Result<Option<Item>> {
        let (line, offset) = (self.source.line(), self.source.offset());
        let column = self.source.column();
        let Some((mut bytes, length)) = self.source.read_line(self.max_batch_bytes)? else {
            return self.end();
        };
        if length > bytes.len() as u64 {
            return Ok(Some(Err(self.too_long(length, line, offset))));
        }
        let leading = bytes.iter().take_while(|byte| is_space(**byte)).count();
        let trailing = bytes.iter().rev().take_while(|byte| is_space(**byte)).count();
        if leading == bytes.len() {
            return Ok(None);
        }
        bytes.truncate(bytes.len() - trailing);
        bytes.advance(leading);
        Ok(Some(Ok(self.batch(bytes, (line, column + leading), offset + leading as u64))))
    }

    fn separator(&mut self) -> io::Result<Option<Item>> {
        match self.source.skip_space()? {
            Some(b',') => {
                self.source.advance(Stretch::of(b","));
                self.source.skip_space()?;
                self.element()
            }
            Some(b']') => self.close_array(),
            Some(_) => self.unexpected("`,` or `]`"),
            None => Ok(Some(Err(self.fault(InputErrorKind::UnclosedArray, None)))),
        }
    }

    fn element(&mut self) -> io::Result<Option<Item>> {
        self.state = State::Separator;
        match self.source.piece()?.first() {
            None => Ok(Some(Err(self.fault(InputErrorKind::UnclosedArray, None)))),
            Some(b'{' | b'[' | b'"') => self.value(),
            Some(_) => self.scalar(),
        }
    }

    fn close_array(&mut self) -> io::Result<Option<Item>> {
        self.source.advance(Stretch::of(b"]"));
        if self.source.skip_space()?.is_none() {
            return self.end();
        }
        let found = first_char(self.source.piece()?);
        Ok(Some(Err(self.fault(InputErrorKind::AfterArray { found }, None))))
    }

    /// An object, array or string.
    fn value(&mut self) -> io::Result<Option<Item>> {
        let (line, offset) = (self.source.line(), self.source.offset());
        let place = (line, self.source.column());
        let (mut value, mut scanner) = (Gathered::new(self.max_batch_bytes), Scanner::default());
        loop {
            let piece = self.source.piece()?;
            if piece.is_empty() {
                let kind = InputErrorKind::TruncatedBatch { last_line: self.source.line() };
                return Ok(Some(Err(self.fault(kind, Some((line, offset))))));
            }
            let step = scanner.feed(piece);
            let length = match step {
                Step::More => piece.len(),
                Step::Done(length) | Step::Bad(length, _) => length,
            };
            let read = Stretch::of(piece.get(..length).unwrap_or_default());
            value.add(self.source.advance(read));
            match step {
                Step::More => {}
                Step::Done(_) => return Ok(Some(self.finished(value.bytes(), place, offset))),
                Step::Bad(_, fault) => return Ok(Some(Err(self.broken(fault, line)))),
            }
        }
    }

    /// A number or a word: no batch, but that is for the validator to say.
    fn scalar(&mut self) -> io::Result<Option<Item>> {
        let offset = self.source.offset();
        let place = (self.source.line(), self.source.column());
        let mut value = Gathered::new(self.max_batch_bytes);
        loop {
            let piece = self.source.piece()?;
            let (length, available) = (scalar_length(piece), piece.len());
            let read = Stretch::of(piece.get(..length).unwrap_or_default());
            value.add(self.source.advance(read));
            if length < available || available == 0 {
                break;
            }
        }
        if self.source.offset() == offset {
            return self.unexpected("a batch, which begins with `{`,");
        }
        Ok(Some(self.finished(value.bytes(), place, offset)))
    }

    fn finished(&mut self, bytes: Bytes, place: (usize, usize), offset: u64) -> Item {
        let length = self.source.offset() - offset;
        if length > bytes.len() as u64 {
            return Err(self.too_long(length, place.0, offset));
        }
        Ok(self.batch(bytes, place, offset))
    }

    fn batch(&mut self, bytes: Bytes, (line, column): (usize, usize), offset: u64) -> RawBatch {
        RawBatch { bytes, line, column, offset, index: self.count() }
    }

    fn count(&mut self) -> u64 {
        let index = self.batches;
        self.batches += 1;
        index
    }

    fn too_long(&mut self, bytes: u64, line: usize, offset: u64) -> InputError {
        let kind = InputErrorKind::TooLong { bytes, limit: self.max_batch_bytes };
        InputError { kind, line, offset, index: Some(self.count()) }
    }

    fn broken(&mut self, fault: Fault, batch_line: usize) -> InputError {
        let here = (self.source.line(), self.source.offset());
        let kind = match fault {
            Fault::Mismatched(found) => {
                let column = self.source.column();
                InputErrorKind::Mismatched { found: char::from(found), column, batch_line }
            }
            Fault::UnclosedString => InputErrorKind::UnclosedString { batch_line },
        };
        self.fault(kind, Some(here))
    }

    fn unexpected(&mut self, expected: &'static str) -> io::Result<Option<Item>> {
        let found = first_char(self.source.piece()?);
        Ok(Some(Err(self.fault(InputErrorKind::Unexpected { found, expected }, None))))
    }

    /// A fault after which nothing is read; within a batch when a place is given.
    fn fault(&mut self, kind: InputErrorKind, in_batch: Option<(usize, u64)>) -> InputError {
        self.state = State::End;
        let (line, offset) = in_batch.unwrap_or((self.source.line(), self.source.offset()));
        let index = in_batch.map(|_| self.count());
        InputError { kind, line, offset, index }
    }

    fn end(&mut self) -> io::Result<Option<Item>> {
        self.state = State::End;
        Ok(None)
    }
}

impl<R: Read> Iterator for BatchReader<R> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while self.state != State::End {
            match self.step() {
                Ok(None) => {}
                Ok(item) => return item,
                Err(error) => return Some(Err(self.fault(InputErrorKind::Io(error), None))),
            }
        }
        None
    }
}

impl<R: Read> FusedIterator for BatchReader<R> {}
