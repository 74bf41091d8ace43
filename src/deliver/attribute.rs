//! Which batch of a request an error in the answer is about: a function without I/O.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use crate::client::ApiError;
use crate::pack::Request;

/// The batch that an error message is about, as an index into [`Request::parts`]; nothing when that cannot be told for certain.
///
/// The service names the place in the body it was sent: by an index, `Path '[3].user_attributes'`, or by a position,
/// `line 1, position 314`, counted in characters. Characters beyond the basic plane count as one or two; where that would
/// make a difference to the answer, there is none.
///
/// ```
/// use mparticle_events::deliver::attribute::culprit;
/// # use mparticle_events::{Endpoint, input::RawBatch, pack::Packer, validate::Limits};
/// # let mut packer = Packer::new(Endpoint::Bulk, &Limits::default());
/// # for text in [r#"{"a":1}"#, r#"{"b":2}"#] {
/// #     packer.push(RawBatch { bytes: text.into(), ..RawBatch::default() })?;
/// # }
/// # let request = packer.finish().unwrap();
/// assert_eq!(request.body(), br#"[{"a":1},{"b":2}]"#);
/// assert_eq!(culprit("Not a string. Path '[1].b', line 1, position 15.", &request), Some(1));
/// assert_eq!(culprit("Not a string. Path 'a', line 1, position 7.", &request), Some(0));
/// assert_eq!(culprit("Something is wrong.", &request), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn culprit(message: &str, request: &Request) -> Option<usize> {
    if request.len() == 1 {
        return Some(0);
    }
    match index(message) {
        Index::At(index) => return usize::try_from(index).ok().filter(|index| *index < request.len()),
        Index::None => {}
        // Values and names of users stand in messages too, and look like paths when somebody wants them to.
        Index::Several(candidates) => {
            let there = positioned(message, request)?;
            return candidates.contains(&(there as u64)).then_some(there);
        }
    }
    positioned(message, request)
}

/// The batches that the errors of a request that was refused as a whole are about, with the errors; nothing unless every single error names its
/// batch for certain.
///
/// A body that is no JSON at all is broken somewhere before the place where that was noticed: then nobody is named.
#[must_use]
pub fn named<'e>(errors: &'e [ApiError], request: &Request) -> Option<BTreeMap<usize, Vec<&'e ApiError>>> {
    let mut faults: BTreeMap<usize, Vec<&ApiError>> = BTreeMap::new();
    for error in errors {
        faults.entry(culprit(&error.message, request)?).or_default().push(error);
    }
    let told = !faults.is_empty() && serde_json::from_slice::<IgnoredAny>(request.body()).is_ok();
    told.then_some(faults)
}

/// Whether an error names a place that could be in one batch or in another, in a request that can be posted again in halves to find out:
/// every batch in it has an id, so that what was taken is not taken twice.
pub(super) fn needs_a_closer_look(errors: &[ApiError], request: &Request) -> bool {
    let names_a_place = |message: &str| {
        !matches!(index(message), Index::None) || number_after(message, "position ").is_some()
    };
    errors.iter().any(|error| names_a_place(&error.message) && culprit(&error.message, request).is_none())
        && (0..request.len()).all(|batch| request.batch(batch).is_some_and(has_id))
}

/// Whether the service can tell a batch from others.
fn has_id(batch: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Id<'a> {
        #[serde(borrow)]
        source_request_id: std::borrow::Cow<'a, str>,
    }
    serde_json::from_slice::<Id<'_>>(batch).is_ok_and(|id| !id.source_request_id.trim().is_empty())
}

/// The batch at the position that a message ends with.
fn positioned(message: &str, request: &Request) -> Option<usize> {
    let text = std::str::from_utf8(request.body()).ok()?;
    if let Some(byte) = number_after(message, "BytePositionInLine: ") {
        let line = number_after(message, "LineNumber: ").unwrap_or(0);
        let start = line_start(text, line)?;
        return batch_at(start.checked_add(usize::try_from(byte).ok()?)?, request);
    }
    let position = number_after(message, "position ")?;
    let line = number_after(message, "line ").unwrap_or(1);
    let by = |width: fn(char) -> usize| batch_at(byte_at(text, line, position, width)?, request);
    // The service looks like one that counts UTF-16 units; its documentation does not say.
    let units = by(char::len_utf16)?;
    (by(|_| 1) == Some(units)).then_some(units)
}

/// What a message says of an index in the list of batches.
enum Index {
    None,
    At(u64),
    Several(Vec<u64>),
}

/// `Path '[3].x'`, with any quotes, as text or as HTML entities, and with or without a `$` for the root.
fn index(message: &str) -> Index {
    const QUOTES: [&str; 7] = ["'", "\"", "`", "&#39;", "&#x27;", "&quot;", "&apos;"];
    let mut found: Vec<u64> = message
        .split("Path")
        .skip(1)
        .filter_map(|rest| {
            let rest = rest.trim_start_matches([':', ' ']);
            let rest = QUOTES.iter().find_map(|quote| rest.strip_prefix(quote)).unwrap_or(rest);
            let rest = rest.strip_prefix('$').unwrap_or(rest).strip_prefix('[')?;
            let (digits, _) = rest.split_once(']')?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    match found[..] {
        [] => Index::None,
        [index] => Index::At(index),
        _ => Index::Several(found),
    }
}

/// The number right after the last occurrence of a phrase: the place stands at the end, after what users wrote.
fn number_after(message: &str, phrase: &str) -> Option<u64> {
    let (_, rest) = message.rsplit_once(phrase)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The byte at which a line begins, counted from 0.
fn line_start(text: &str, line: u64) -> Option<usize> {
    match usize::try_from(line).ok()? {
        0 => Some(0),
        before => Some(text.match_indices('\n').nth(before - 1)?.0 + 1),
    }
}

/// The byte at which the `position`-th character of a line begins; both count from 1.
fn byte_at(text: &str, line: u64, position: u64, width: fn(char) -> usize) -> Option<usize> {
    let start = line_start(text, line.max(1) - 1)?;
    let mut counted = 0_u64;
    for (at, character) in text.get(start..)?.char_indices() {
        counted += width(character) as u64;
        if counted >= position {
            return Some(start + at);
        }
    }
    None
}

/// The batch that a byte of the body belongs to; between two, the second.
fn batch_at(byte: usize, request: &Request) -> Option<usize> {
    let index = request.parts().partition_point(|part| part.range.end <= byte);
    (index < request.len()).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;
    use crate::input::RawBatch;
    use crate::pack::Packer;
    use crate::validate::Limits;

    fn request(batches: &[&str]) -> Request {
        let mut packer = Packer::new(Endpoint::Bulk, &Limits::default());
        for text in batches {
            packer.push(RawBatch { bytes: (*text).to_owned().into(), ..RawBatch::default() }).unwrap();
        }
        packer.finish().unwrap()
    }

    fn at(position: usize, request: &Request) -> Option<usize> {
        culprit(&format!("Bad. Path 'x', line 1, position {position}."), request)
    }

    #[test]
    fn an_index_beats_a_position_and_must_exist() {
        let request = request(&["{}", "{}", "{}"]);
        assert_eq!(culprit("Path '[2].x[0]', line 1, position 2.", &request), Some(2));
        assert_eq!(culprit("Path '[3].x', line 1, position 2.", &request), None);
        assert_eq!(culprit("Path '[99999999999999999999].x', line 1, position 2.", &request), Some(0));
        assert_eq!(culprit("Path 'events[2].x', line 1, position 5.", &request), Some(1));
    }

    #[test]
    fn every_position_of_a_batch_is_its_own() {
        let request = request(&["{\"a\":1}", "{\"bb\":2}"]);
        for position in 1..=8 {
            assert_eq!(at(position, &request), Some(0), "{position}");
        }
        for position in 9..=17 {
            assert_eq!(at(position, &request), Some(1), "{position}");
        }
        assert_eq!(at(18, &request), None, "the closing bracket");
        assert_eq!(at(400, &request), None);
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        let request = request(&["{\"a\":\"ééééééééé\"}", "{\"b\":2}", "{\"c\":3}"]);
        assert_eq!(request.body()[28], b'{', "the second batch in bytes");
        assert_eq!(at(18, &request), Some(0));
        assert_eq!(at(20, &request), Some(1));
        assert_eq!(at(28, &request), Some(2));
    }

    #[test]
    fn where_the_way_of_counting_matters_nobody_is_blamed() {
        let request = request(&["{\"a\":\"😀😀\"}", "{\"b\":2}", "{\"c\":3}"]);
        assert_eq!(at(5, &request), Some(0));
        assert_eq!(at(12, &request), None);
        assert_eq!(at(18, &request), Some(1));
    }

    #[test]
    fn a_position_is_within_its_line() {
        let request = request(&["{\n\"a\":1\n}", "{\n\"b\":2}"]);
        assert_eq!(culprit("Path 'a', line 2, position 5.", &request), Some(0));
        assert_eq!(culprit("Path 'b', line 4, position 5.", &request), Some(1));
        assert_eq!(culprit("Path 'b', line 9, position 5.", &request), None);
    }

    #[test]
    fn an_index_is_read_in_every_spelling() {
        let request = request(&["{}", "{}", "{}"]);
        for path in
            ["'[2].x'", "&#39;[2].x&#39;", "&quot;[2].x&quot;", "\"[2]\"", "$[2].x", "'$[2].x'", "[2]"]
        {
            assert_eq!(culprit(&format!("Bad. Path {path}, somewhere."), &request), Some(2), "{path}");
        }
        assert_eq!(culprit("Bad. Path: $[2].x | LineNumber: 0 | BytePositionInLine: 8.", &request), Some(2));
        assert_eq!(culprit("Bad. Path: $ | LineNumber: 0 | BytePositionInLine: 4.", &request), Some(1));
        for path in ["'[x].y'", "'[-1].y'", "'[1'", "'x[1]'", "''"] {
            assert_eq!(culprit(&format!("Bad. Path {path}."), &request), None, "{path}");
        }
    }

    #[test]
    fn what_users_wrote_blames_nobody_else() {
        let request = request(&["{}", "{}", "{}"]);
        let said = |text: &str| culprit(text, &request);
        assert_eq!(said("Bad value \"Path '[0].x'\". Path '[2].x', line 1, position 8."), Some(2));
        assert_eq!(said("Bad value \"Path '[0].x'\". Path '[2].x'."), None);
        assert_eq!(said("Bad value \"position 2\". Path 'x', line 1, position 8."), Some(2));
    }

    #[test]
    fn a_refused_request_is_taken_apart_only_when_every_error_names_its_batch() {
        let sound = request(&["{}", "{}", "{}"]);
        let error = |message: &str| ApiError::new("BAD_REQUEST", message);
        let (one, two) = (error("Path '[1].x'"), error("Path '[2].x'"));
        let errors = [two.clone(), one.clone(), one.clone()];
        let faults = named(&errors, &sound).unwrap();
        let counts: Vec<(usize, usize)> =
            faults.iter().map(|(index, errors)| (*index, errors.len())).collect();
        assert_eq!(counts, [(1, 2), (2, 1)]);
        assert!(named(&[one.clone(), error("Something else.")], &sound).is_none());
        assert!(named(&[], &sound).is_none());
        assert!(named(&[one], &request(&["{}", "{x}", "{}"])).is_none(), "no JSON");
    }
}
