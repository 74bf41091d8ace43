//! Splits the body of a bulk request into batches, each as the bytes that were sent.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Why a body is no list of batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BodyError {
    /// What is wrong, without the place and without values.
    pub reason: String,
    /// Index of the batch that could not be read, from 0; absent when the fault is not inside the list.
    pub index: Option<usize>,
    /// Where it was noticed, in bytes from the start of the body.
    pub offset: usize,
}

/// The byte range of every element of the list in `body`.
pub(super) fn split(body: &[u8]) -> Result<Vec<Range<usize>>, BodyError> {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(body.len());
    match body.get(start) {
        Some(b'[') => {}
        None => return Err(BodyError::outside("The body is empty; a list of batches is expected.", 0)),
        Some(_) => {
            return Err(BodyError::outside("Not a list: this path takes a JSON array of batches.", start));
        }
    }
    let mut ranges = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(body);
    if let Err(error) = reader.deserialize_seq(Ranges { body, found: &mut ranges }) {
        return Err(BodyError::syntax(body, &error, Some(ranges.len())));
    }
    reader.end().map_err(|error| BodyError::syntax(body, &error, None))?;
    Ok(ranges)
}

impl BodyError {
    fn outside(reason: &str, offset: usize) -> Self {
        Self { reason: reason.to_owned(), index: None, offset }
    }

    fn syntax(body: &[u8], error: &serde_json::Error, index: Option<usize>) -> Self {
        let text = error.to_string();
        let cause = text.rsplit_once(" at line ").map_or(text.as_str(), |(cause, _)| cause);
        let offset = offset_of(body, error.line(), error.column());
        Self { reason: format!("The body is not JSON: {cause}."), index, offset }
    }
}

/// Bytes before the given line and column, both from 1, of which the column counts bytes.
fn offset_of(body: &[u8], line: usize, column: usize) -> usize {
    let lines_before = line.saturating_sub(1);
    let line_start: usize =
        body.split_inclusive(|byte| *byte == b'\n').take(lines_before).map(<[u8]>::len).sum();
    (line_start + column.saturating_sub(1)).min(body.len())
}

/// Collects ranges as it goes, so that those before a fault are known.
struct Ranges<'a> {
    body: &'a [u8],
    found: &'a mut Vec<Range<usize>>,
}

impl<'de> Visitor<'de> for Ranges<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of batches")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(raw) = list.next_element::<&'de RawValue>()? {
            // The raw value borrows from the body, so the distance of the addresses is its place in it.
            let start = (raw.get().as_ptr() as usize).saturating_sub(self.body.as_ptr() as usize);
            self.found.push(start..start + raw.get().len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Vec<&str> {
        split(body.as_bytes()).unwrap().into_iter().map(|range| &body[range]).collect()
    }

    #[test]
    fn batches_keep_their_bytes() {
        assert_eq!(texts("[]"), [""; 0]);
        assert_eq!(
            texts(" [ {\"mpid\": 9007199254740993,\n \"a\" :1.0} ,{\"b\":\"[,]\"},7,null ]\r\n"),
            ["{\"mpid\": 9007199254740993,\n \"a\" :1.0}", "{\"b\":\"[,]\"}", "7", "null"]
        );
    }

    #[test]
    fn what_is_no_list_is_said_with_its_place() {
        assert_eq!(split(b" \n").unwrap_err().offset, 0);
        let object = split(b"  {\"secret\":1}").unwrap_err();
        assert_eq!((object.index, object.offset), (None, 2));
        assert!(!object.reason.contains("secret"), "{}", object.reason);
    }

    #[test]
    fn a_syntax_error_names_the_batch() {
        let body = b"[{},\n{\"a\":}]";
        let error = split(body).unwrap_err();
        assert_eq!((error.index, error.offset), (Some(1), 10));
        assert_eq!(body[error.offset], b'}');
        assert_eq!(split(b"[{},{}").unwrap_err().index, Some(2));
        assert_eq!(split(b"[{}] x").unwrap_err().index, None);
        assert_eq!(split(b"[{\"a\":\"\xff\"}]").unwrap_err().index, Some(0));
    }

    #[test]
    fn deep_nesting_is_no_stack_overflow() {
        let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(split(deep.as_bytes()).unwrap().first(), Some(&(1..200_001)));
    }
}
