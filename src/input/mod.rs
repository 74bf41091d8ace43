//! Reads batches out of a file or a pipe: a batch a line, a JSON array, or JSON documents one after another.
//!
//! The reader streams: it holds a block of 512 KB, or one batch when that is longer, whatever the size of the file, and hands out the bytes exactly
//! as they stand there. What the file is, it finds out itself:
//!
//! - it begins with `[`: a JSON array of batches;
//! - its first line is a complete JSON value, or the next line begins with `{`: a batch a line (NDJSON);
//! - else: one JSON document, which may span lines, or several one after another.
//!
//! ```
//! use mparticle_events::input::BatchReader;
//!
//! let file = "{\"environment\":\"production\"}\n\n{\"environment\":\"development\"}\n";
//! let batches: Result<Vec<_>, _> = BatchReader::new(file.as_bytes()).collect();
//! let batches = batches?;
//! assert_eq!(batches.len(), 2);
//! assert_eq!(batches[1].line, 3);
//! assert_eq!(batches[1].bytes, r#"{"environment":"development"}"#);
//! # Ok::<(), mparticle_events::input::InputError>(())
//! ```
//!
//! # Errors
//!
//! An error is an item like any other. After one that [`is_fatal`](InputError::is_fatal) the reader ends, because what
//! follows cannot be told apart; after any other (a line that is too long) it goes on with the next batch.
//!
//! # Limits
//!
//! Nothing is parsed: only strings and brackets are followed. Whether a batch is good JSON is for the validator to say.

mod ahead;
mod blocks;
mod depth;
mod detect;
mod error;
pub(crate) mod lanes;
mod pool;
mod reader;
pub(crate) mod scan;
mod source;

pub use bytes::Bytes;

pub use ahead::{Ahead, Work, Worked};
pub use blocks::OnRead;
pub(crate) use depth::Depth;
pub use error::{InputError, InputErrorKind};
pub(crate) use pool::Pool;
pub use reader::BatchReader;

/// How batches are laid out in a file, as the caller knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Not known: look.
    #[default]
    Auto,
    /// A batch a line, even when a line begins with `[`.
    Ndjson,
    /// A JSON array of batches, or JSON documents one after another.
    Json,
}

/// How batches turned out to be laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// A batch a line.
    Lines,
    /// One JSON array.
    Array,
    /// JSON documents, which may span lines.
    Documents,
}

/// One batch as it stands in the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawBatch {
    /// The bytes of the batch, without the white space around it: a slice of a larger block that was read at once, which is used again
    /// when all batches in it are gone. Who keeps one batch of many for long keeps a copy ([`Bytes::copy_from_slice`]).
    pub bytes: Bytes,
    /// The line of its first byte, from 1.
    pub line: usize,
    /// The column of its first byte in characters, from 1; 0 where it is not known.
    pub column: usize,
    /// Bytes from the start of the input to its first byte.
    pub offset: u64,
    /// How many batches stand before it, those included that were too long to be read.
    pub index: u64,
}
