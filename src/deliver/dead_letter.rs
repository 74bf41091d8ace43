//! Dead letters: what was not delivered, one JSON object a line, with all that is needed to mend and send it again.

use std::io::{self, BufRead, Write};

use super::{Reason, Rejection};
use crate::clock::SharedClock;
use crate::input::{BatchReader, RawBatch};

/// One batch that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The name of the input, when there is one.
    pub file: Option<String>,
    /// The line of its first byte in the input, from 1.
    pub line: usize,
    /// Why.
    pub reason: Reason,
    /// The service's code, or the first rule's.
    pub code: Option<String>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// What was wrong with it.
    pub message: String,
    /// How often it was posted.
    pub attempts: u32,
    /// When it was written, as RFC 3339 in UTC; set by [`DeadLetters`].
    pub at: String,
    /// The `source_request_id` it was sent with, when it had none of its own.
    pub request_id: Option<String>,
    /// The batch as it was in the input. In the file it stands as JSON when it is JSON, else as text or base64.
    pub batch: Vec<u8>,
}

impl DeadLetter {
    /// A letter for a batch that was not sent.
    #[must_use]
    pub fn unsent(
        batch: &RawBatch,
        reason: Reason,
        code: Option<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: None,
            line: batch.line,
            reason,
            code,
            status: None,
            message: message.into(),
            attempts: 0,
            at: String::new(),
            request_id: None,
            batch: batch.bytes.clone(),
        }
    }

    /// A letter for a batch that was sent, but not delivered.
    #[must_use]
    pub fn rejected(rejection: &Rejection<'_>) -> Self {
        let _ = rejection;
        todo!()
    }

    /// With the name of the input.
    #[must_use]
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    /// The batch, ready to be sent again: under the `source_request_id` it was sent with before.
    #[must_use]
    pub fn to_raw(&self) -> RawBatch {
        todo!()
    }
}

/// Writes dead letters, each as one line.
#[derive(Debug)]
pub struct DeadLetters<W: Write> {
    out: io::BufWriter<W>,
    clock: SharedClock,
    written: u64,
}

impl<W: Write> DeadLetters<W> {
    /// Writes to a file or any other place; buffered, see [`flush`](Self::flush).
    pub fn new(out: W, clock: SharedClock) -> Self {
        Self { out: io::BufWriter::new(out), clock, written: 0 }
    }

    /// Writes a letter.
    ///
    /// # Errors
    ///
    /// When the place takes no more, such as a full disk. Nothing may be sent on then: pass the error on to the sender.
    pub fn write(&mut self, letter: &DeadLetter) -> io::Result<()> {
        let _ = (letter, &mut self.out, &self.clock);
        self.written += 1;
        Ok(())
    }

    /// Letters written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Hands everything over to the system.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write).
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Flushes, and gives the place back, for example to sync a file.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write).
    pub fn into_inner(self) -> io::Result<W> {
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// A line that is no dead letter.
#[derive(Debug)]
#[non_exhaustive]
pub struct LetterError {
    /// The line in the file of dead letters, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// Reads dead letters, one after another.
#[derive(Debug)]
pub struct Letters<R: BufRead> {
    lines: BatchReader<R>,
}

impl<R: BufRead> Letters<R> {
    /// Reads what [`DeadLetters`] wrote.
    pub fn new(input: R) -> Self {
        Self { lines: BatchReader::new(input).format(crate::input::Format::Ndjson) }
    }
}

impl<R: BufRead> Iterator for Letters<R> {
    type Item = Result<DeadLetter, LetterError>;

    fn next(&mut self) -> Option<Self::Item> {
        let _ = &mut self.lines;
        None
    }
}
