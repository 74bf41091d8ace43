//! Dead letters: what was not delivered, one JSON object a line, with all that is needed to mend and send it again.
//!
//! ```
//! use mparticle_events::clock;
//! use mparticle_events::deliver::Reason;
//! use mparticle_events::deliver::dead_letter::{DeadLetter, DeadLetters, Letters};
//! use mparticle_events::input::RawBatch;
//!
//! let batch = RawBatch { bytes: r#"{"environment": 1}"#.into(), line: 12, ..RawBatch::default() };
//! let mut letters = DeadLetters::new(Vec::new(), clock::system());
//! letters.write(&DeadLetter::unsent(&batch, Reason::Invalid, Some("MP101".into()), "not a string").in_file("a.ndjson"))?;
//!
//! let file = letters.into_inner();
//! let back = Letters::new(&file[..]).next().unwrap()?;
//! assert_eq!((back.line, back.batch), (12, batch.bytes.to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Reason, Rejection};
use crate::clock::SharedClock;
use crate::input::{BatchReader, Format, RawBatch, scan};
use crate::pack::{RequestIds, with_id};

/// One batch that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The name of the input, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of its first byte in the input, from 1.
    pub line: usize,
    /// The place of its first byte, in bytes from the beginning of all inputs taken together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Which piece of the batch it is, when the batch was split.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub piece: u32,
    /// Why.
    pub reason: Reason,
    /// The service's code, or the first rule's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The status of the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was wrong with it.
    pub message: String,
    /// How often it was posted.
    pub attempts: u32,
    /// When it was written, as RFC 3339 in UTC; set by [`DeadLetters`].
    pub at: String,
    /// The `source_request_id` it was sent with, when it had none of its own.
    #[serde(default, rename = "source_request_id", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// A digest of the batch without its white space, by which [`is_mended`](Self::is_mended) tells whether somebody changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The batch as it was in the input. In the file it stands as `batch` when it is JSON (its line breaks made spaces), else as
    /// `batch_text`, or `batch_base64` when it is not even text.
    #[serde(skip)]
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
            offset: Some(batch.offset),
            piece: 0,
            reason,
            code,
            status: None,
            message: message.into(),
            attempts: 0,
            at: String::new(),
            request_id: None,
            digest: Some(digest(&batch.bytes)),
            batch: batch.bytes.to_vec(),
        }
    }

    /// A letter for a batch that was sent, but not delivered.
    #[must_use]
    pub fn rejected(rejection: &Rejection<'_>) -> Self {
        Self {
            file: None,
            line: rejection.line(),
            offset: Some(rejection.offset()),
            piece: rejection.part.origin.piece(),
            reason: rejection.reason,
            code: rejection.code.clone(),
            status: rejection.status,
            message: rejection.message.clone(),
            attempts: rejection.attempts,
            at: String::new(),
            request_id: rejection
                .merged()
                .map_or_else(|| added_id(rejection), |member| Some(member.request_id.to_string())),
            digest: Some(digest(&rejection.batch)),
            batch: rejection.batch.clone(),
        }
    }

    /// With the name of the input.
    #[must_use]
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    /// Whether the batch was changed since the letter was written; white space does not count.
    #[must_use]
    pub fn is_mended(&self) -> bool {
        self.digest.as_ref().is_some_and(|before| *before != digest(&self.batch))
    }

    /// The batch, ready to be sent again.
    ///
    /// As it was, it goes under the `source_request_id` it was sent with before: it may have arrived, and is counted once. One
    /// that [`is_mended`](Self::is_mended) is another batch, and what the service refused under the old id it might pass over: it
    /// goes under an id made from its new bytes, the same whenever the same letter is sent. An id of the batch's own is never touched.
    #[must_use]
    pub fn to_raw(&self) -> RawBatch {
        let (line, offset) = (self.line, self.offset.unwrap_or_default());
        let index = self.offset.unwrap_or(line as u64);
        let raw = RawBatch { bytes: self.batch.clone().into(), line, offset, index, ..RawBatch::default() };
        let id = match &self.request_id {
            Some(id) if !self.is_mended() => id.clone(),
            _ => {
                let name =
                    format!("dead letter of {} {}", self.file.as_deref().unwrap_or_default(), self.piece);
                RequestIds::for_input(&name).id(&raw).to_string()
            }
        };
        RawBatch { bytes: with_id(&self.batch, &id).into(), ..raw }
    }

    fn to_line(&self, at: String) -> io::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(&Self { at, batch: Vec::new(), ..self.clone() })?;
        line.pop();
        match std::str::from_utf8(&self.batch) {
            Ok(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                line.extend_from_slice(b",\"batch\":");
                // In JSON a line break stands only between tokens.
                line.extend(
                    self.batch.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }),
                );
            }
            Ok(text) => {
                line.extend_from_slice(b",\"batch_text\":");
                serde_json::to_writer(&mut line, text)?;
            }
            Err(_) => {
                line.extend_from_slice(b",\"batch_base64\":");
                serde_json::to_writer(&mut line, &STANDARD.encode(&self.batch))?;
            }
        }
        line.extend_from_slice(b"}\n");
        Ok(line)
    }

    fn from_line(line: &[u8]) -> Result<Self, String> {
        let mut letter: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let members = scan::members(line).ok_or("no JSON object")?;
        let value = |name| {
            let member = members.iter().find(|member| member.is_named(line, name))?;
            line.get(member.value.clone())
        };
        let string = |value| serde_json::from_slice::<String>(value).map_err(|error| error.to_string());
        letter.batch = if let Some(json) = value("batch") {
            json.to_vec()
        } else if let Some(text) = value("batch_text") {
            string(text)?.into_bytes()
        } else if let Some(encoded) = value("batch_base64") {
            STANDARD.decode(string(encoded)?).map_err(|error| error.to_string())?
        } else {
            return Err("there is no `batch` in it".to_owned());
        };
        Ok(letter)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde wants it
fn is_zero(piece: &u32) -> bool {
    *piece == 0
}

/// The digest of a batch as it stands in [`DeadLetter::digest`].
#[must_use]
pub fn digest(batch: &[u8]) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let kept = |byte: &u8| {
        let quoted = in_string;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
        quoted || !byte.is_ascii_whitespace()
    };
    let bytes: Vec<u8> = batch.iter().copied().filter(kept).collect();
    Uuid::new_v5(&Uuid::nil(), &bytes).to_string()
}

/// The id that was put into a batch on sending, if any: the value of the one member that was added.
fn added_id(rejection: &Rejection<'_>) -> Option<String> {
    let added = rejection.sent.get(rejection.part.spliced.clone()?)?;
    let added = added.strip_suffix(b",").unwrap_or(added);
    let object = [b"{", added, b"}"].concat();
    let [member] = &scan::members(&object)?[..] else { return None };
    serde_json::from_slice::<String>(object.get(member.value.clone())?).ok()
}

/// Writes dead letters, each as one line.
#[derive(Debug)]
pub struct DeadLetters<W> {
    out: W,
    clock: SharedClock,
    written: u64,
}

impl<W: Write> DeadLetters<W> {
    /// Writes to a file or any other place. A letter is handed over whole and at once, so that none is lost when the process ends.
    pub fn new(out: W, clock: SharedClock) -> Self {
        Self { out, clock, written: 0 }
    }

    /// Writes a letter, with the time of now.
    ///
    /// # Errors
    ///
    /// When the place takes no more, such as a full disk. Nothing should be sent on then: give the error to the sender.
    pub fn write(&mut self, letter: &DeadLetter) -> io::Result<()> {
        let at = jiff::Timestamp::from_millisecond(self.clock.now_unix_ms())
            .map_or_else(|_| String::new(), |at| at.to_string());
        let line = letter.to_line(at)?;
        self.out.write_all(&line).and_then(|()| self.out.flush()).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("the dead letter for line {} could not be written: {error}", letter.line),
            )
        })?;
        self.written += 1;
        Ok(())
    }

    /// Letters written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The place, for example to sync a file.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    /// Gives the place back.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// A line that is no dead letter.
#[derive(Debug)]
#[non_exhaustive]
pub struct LetterError {
    /// The line in the file of dead letters, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: Cow<'static, str>,
}

impl fmt::Display for LetterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is no dead letter: {}", self.line, self.message)
    }
}

impl std::error::Error for LetterError {}

/// Reads dead letters, one after another. A line that is none is an error, after which reading goes on.
#[derive(Debug)]
pub struct Letters<R> {
    lines: BatchReader<R>,
    line: usize,
}

impl<R: Read> Letters<R> {
    /// Reads what [`DeadLetters`] wrote.
    pub fn new(input: R) -> Self {
        // A batch as text or base64 takes more room than in its own file.
        let lines = BatchReader::new(input).format(Format::Ndjson);
        Self { lines: lines.max_batch_bytes(8 * BatchReader::<R>::MAX_BATCH_BYTES), line: 0 }
    }

    /// The line of the last letter that was read, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl<R: Read> Iterator for Letters<R> {
    type Item = Result<DeadLetter, LetterError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.lines.next()?;
        self.line = next.as_ref().map_or_else(|error| error.line(), |raw| raw.line);
        Some(match next {
            Ok(raw) => DeadLetter::from_line(&raw.bytes)
                .map_err(|message| LetterError { line: raw.line, message: message.into() }),
            Err(error) => Err(LetterError { line: error.line(), message: error.what().into() }),
        })
    }
}

#[cfg(test)]
#[path = "dead_letter_tests.rs"]
mod tests;
