//! What can be wrong with an input as a whole, said once and with the way out.

use std::fmt;
use std::io;

/// A fault in the input: what, where, and how to mend it.
///
/// `Display` gives all of it in one sentence, beginning with the line; [`what`](Self::what) and [`help`](Self::help) give the
/// parts, for those who put the name of the file before them.
#[derive(Debug)]
pub struct InputError {
    pub(super) kind: InputErrorKind,
    pub(super) line: usize,
    pub(super) offset: u64,
    pub(super) index: Option<u64>,
}

/// The kinds of [`InputError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum InputErrorKind {
    /// Reading failed.
    Io(io::Error),
    /// Not text: bytes that UTF-8 does not have, or NUL.
    Binary {
        /// What it looks like, when that can be told: `gzip`, `UTF-16` …
        looks_like: Option<&'static str>,
    },
    /// Text, but neither the first nor the second line begins like a batch.
    NotJson {
        /// The character it begins with.
        found: char,
    },
    /// One batch is longer than the reader takes. The only kind after which reading goes on.
    TooLong {
        /// Bytes of the batch.
        bytes: u64,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The input ends in the middle of a batch.
    TruncatedBatch {
        /// The last line of the input.
        last_line: usize,
    },
    /// The input ends before the `]` of its array.
    UnclosedArray,
    /// A bracket is closed by the wrong one.
    Mismatched {
        /// The bracket that was found.
        found: char,
        /// Its column in characters, from 1.
        column: usize,
        /// The line the batch begins on.
        batch_line: usize,
    },
    /// A string runs over the end of its line.
    UnclosedString {
        /// The line the batch begins on.
        batch_line: usize,
    },
    /// Something else than a batch, a comma or the end of the array.
    Unexpected {
        /// The character that was found.
        found: char,
        /// What may stand there.
        expected: &'static str,
    },
    /// Something follows after the `]` of the array.
    AfterArray {
        /// The character that was found.
        found: char,
    },
}

impl InputError {
    /// What kind of fault it is.
    #[must_use]
    pub fn kind(&self) -> &InputErrorKind {
        &self.kind
    }

    /// The line of the fault, from 1: for a batch, the line it begins on.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Bytes from the start of the input to the fault.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Which batch of the input is lost to it, when the fault is within one.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        self.index
    }

    /// Whether reading ended here.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(self.kind, InputErrorKind::TooLong { .. })
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn what(&self) -> String {
        match &self.kind {
            InputErrorKind::Io(error) => format!("reading failed: {error}"),
            InputErrorKind::Binary { looks_like: Some(kind) } => {
                format!("this looks like {kind}, not JSON text")
            }
            InputErrorKind::Binary { looks_like: None } => "this is binary data, not JSON text".to_owned(),
            InputErrorKind::NotJson { found } => {
                format!("expected a batch, which begins with `{{`, found {found:?}")
            }
            InputErrorKind::TooLong { bytes, limit } => {
                format!("the batch is {bytes} bytes long; no more than {limit} are read")
            }
            InputErrorKind::TruncatedBatch { last_line } => {
                format!("the batch is cut off: the input ends in the middle of it, on line {last_line}")
            }
            InputErrorKind::UnclosedArray => "the input ends before the `]` of the array".to_owned(),
            InputErrorKind::Mismatched { found, column, batch_line } => {
                format!(
                    "`{found}` in column {column} closes the wrong bracket in the batch that begins on line {batch_line}"
                )
            }
            InputErrorKind::UnclosedString { batch_line } => {
                format!(
                    "a string is not closed at the end of the line, in the batch that begins on line {batch_line}"
                )
            }
            InputErrorKind::Unexpected { found, expected } => {
                format!("found {found:?} where {expected} belongs")
            }
            InputErrorKind::AfterArray { found } => {
                format!("found {found:?} after the `]` that closes the array")
            }
        }
    }

    /// How to mend it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match &self.kind {
            InputErrorKind::Io(_) => "check the file and the disk, then run again",
            InputErrorKind::Binary { looks_like: Some("gzip") } => {
                "unpack it first, for example with `gunzip -c`"
            }
            InputErrorKind::Binary { looks_like: Some("UTF-16 text") } => "save it as UTF-8",
            InputErrorKind::Binary { .. } => "give a file of JSON batches in UTF-8",
            InputErrorKind::NotJson { .. } => {
                "give one JSON batch a line, a JSON array of batches, or one JSON document"
            }
            InputErrorKind::TooLong { .. } => {
                "the service takes about 128 KB a batch: split its events over several; a missing line break has the same effect"
            }
            InputErrorKind::TruncatedBatch { .. } | InputErrorKind::UnclosedArray => {
                "was the file copied or written to its end?"
            }
            InputErrorKind::Mismatched { .. } => "mend the brackets; what follows cannot be read until then",
            InputErrorKind::UnclosedString { .. } => {
                "add the missing quote, or write a line break in a string as \\n; what follows cannot be read until then"
            }
            InputErrorKind::Unexpected { .. } => "mend that place; what follows cannot be read until then",
            InputErrorKind::AfterArray { .. } => {
                "use one array for all batches, or one batch a line without an array around them"
            }
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; {}", self.line, self.what(), self.help())
    }
}

impl std::error::Error for InputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            InputErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
