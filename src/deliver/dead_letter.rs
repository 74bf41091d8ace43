//! Dead letters: what was not delivered, one JSON object a line, with all that is needed to mend and send it again.
//!
//! ```
//! use mparticle_events::clock;
//! use mparticle_events::deliver::Reason;
//! use mparticle_events::deliver::dead_letter::{DeadLetter, DeadLetters, Letters};
//! use mparticle_events::input::RawBatch;
//!
//! let batch = RawBatch { bytes: br#"{"environment": 1}"#.to_vec(), line: 12, ..RawBatch::default() };
//! let mut letters = DeadLetters::new(Vec::new(), clock::system());
//! letters.write(&DeadLetter::unsent(&batch, Reason::Invalid, Some("MP101".into()), "not a string").in_file("a.ndjson"))?;
//!
//! let file = letters.into_inner();
//! let back = Letters::new(&file[..]).next().unwrap()?;
//! assert_eq!((back.line, back.batch), (12, batch.bytes));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{Reason, Rejection};
use crate::clock::SharedClock;
use crate::input::{BatchReader, Format, RawBatch, scan};
use crate::pack::with_id;

/// One batch that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The name of the input, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of its first byte in the input, from 1.
    pub line: usize,
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
        Self {
            file: None,
            line: rejection.line(),
            reason: rejection.reason,
            code: rejection.code.clone(),
            status: rejection.status,
            message: rejection.message.clone(),
            attempts: rejection.attempts,
            at: String::new(),
            request_id: rejection
                .merged()
                .map_or_else(|| added_id(rejection), |member| Some(member.request_id.to_string())),
            batch: rejection.batch.clone(),
        }
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
        let bytes =
            self.request_id.as_deref().map_or_else(|| self.batch.clone(), |id| with_id(&self.batch, id));
        RawBatch { bytes, line: self.line, ..RawBatch::default() }
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

    /// Gives the place back, for example to sync a file.
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
}

impl<R: BufRead> Letters<R> {
    /// Reads what [`DeadLetters`] wrote.
    pub fn new(input: R) -> Self {
        // A batch as text or base64 takes more room than in its own file.
        let lines = BatchReader::new(input).format(Format::Ndjson);
        Self { lines: lines.max_batch_bytes(8 * BatchReader::<R>::MAX_BATCH_BYTES) }
    }
}

impl<R: BufRead> Iterator for Letters<R> {
    type Item = Result<DeadLetter, LetterError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.lines.next()? {
            Ok(raw) => DeadLetter::from_line(&raw.bytes)
                .map_err(|message| LetterError { line: raw.line, message: message.into() }),
            Err(error) => Err(LetterError { line: error.line(), message: error.what().into() }),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::FixedClock;

    fn letter(batch: &[u8]) -> DeadLetter {
        let raw = RawBatch { bytes: batch.to_vec(), line: 3, ..RawBatch::default() };
        DeadLetter::unsent(&raw, Reason::TooLarge, None, "too \"large\"\n")
    }

    fn written(letters: &[DeadLetter]) -> String {
        let mut out = DeadLetters::new(Vec::new(), Arc::new(FixedClock(1_700_000_000_000)));
        letters.iter().for_each(|letter| out.write(letter).unwrap());
        assert_eq!(out.written(), letters.len() as u64);
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn a_letter_is_one_line_with_the_batch_as_it_was() {
        let text = written(&[letter(b"{\"mpid\":9007199254740993,\r\n \"x\" :1.0}")]);
        assert_eq!(
            text,
            "{\"line\":3,\"reason\":\"too_large\",\"message\":\"too \\\"large\\\"\\n\",\"attempts\":0,\
             \"at\":\"2023-11-14T22:13:20Z\",\"batch\":{\"mpid\":9007199254740993,   \"x\" :1.0}}\n"
        );
    }

    #[test]
    fn whatever_the_batch_is_it_comes_back() {
        let batches = [
            &b"{\"batch\":{\"line\":4}}"[..],
            b"{\"a\":",
            b"\"text\"",
            b"\xff\0\n",
            b"null",
            "é\n".as_bytes(),
        ];
        let letters: Vec<_> = batches.iter().map(|batch| letter(batch)).collect();
        let text = written(&letters);
        assert_eq!(text.lines().count(), batches.len());
        let back: Vec<_> = Letters::new(text.as_bytes()).map(|letter| letter.unwrap().batch).collect();
        assert_eq!(back, batches);
    }

    #[test]
    fn it_is_sent_again_under_the_same_id() {
        let mut letter = letter(b"{\"a\":1}");
        letter.request_id = Some("the id".to_owned());
        let text = written(&[letter]);
        let back = Letters::new(text.as_bytes()).next().unwrap().unwrap();
        assert_eq!(back.batch, b"{\"a\":1}");
        assert_eq!(back.to_raw().bytes, br#"{"source_request_id":"the id","a":1}"#);
    }

    #[test]
    fn lines_that_are_no_letters_are_named() {
        let text = format!("{{\"line\":1}}\n{}", written(&[letter(b"{}")]));
        let all: Vec<_> = Letters::new(text.as_bytes()).collect();
        assert_eq!(all.len(), 2);
        assert!(
            all[0].as_ref().unwrap_err().to_string().starts_with("line 1 is no dead letter: missing field")
        );
        assert!(all[1].is_ok());
    }

    #[test]
    fn a_full_disk_is_an_error_that_names_the_line() {
        let mut disk = [0_u8; 20];
        let mut out = DeadLetters::new(&mut disk[..], Arc::new(FixedClock(0)));
        let error = out.write(&letter(b"{}")).unwrap_err();
        assert!(error.to_string().contains("for line 3 could not be written"), "{error}");
        assert_eq!(out.written(), 0);
    }
}
