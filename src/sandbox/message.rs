//! Puts a fault into the words of the service: a sentence, then `Path '[n].…', line 1, position N.`

use std::fmt::Write;

use serde_json::Value;

use super::answer::ApiError;
use super::body::BodyError;
use super::fault::Form;
use crate::validate::Finding;

/// Where a batch stands in the body of its request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The whole body.
    pub body: &'a [u8],
    /// Bytes before the batch.
    pub start: usize,
    /// Index of the batch in a list; absent when the body is the batch.
    pub index: Option<usize>,
}

/// The error for a finding in the batch at `place`.
pub(super) fn of_finding(finding: &Finding, batch: &[u8], place: Place<'_>) -> ApiError {
    // Only to tell the index of a list from a member whose name is a number; without it, a guess is made.
    let document: Option<Value> = serde_json::from_slice(batch).ok();
    let path = path(place.index, &finding.pointer, document.as_ref());
    let offset = place.start + finding.location.map_or(0, |location| location.offset);
    compose(&sentence(&finding.message), &path, place.body, offset)
}

/// The error for a body that cannot be split into batches.
pub(super) fn of_body(error: &BodyError, body: &[u8]) -> ApiError {
    compose(&error.reason, &path(error.index, "", None), body, error.offset)
}

/// The error for a good batch that is refused on demand.
pub(super) fn of_fault(form: Form, place: Place<'_>) -> ApiError {
    const WHY: &str = "The sandbox was told to refuse a batch.";
    let path = path(place.index, "", None);
    match form {
        Form::Path => compose(WHY, &path, place.body, place.start),
        Form::Position => {
            // The character after the brace: inside the batch, whichever way one counts.
            let position = characters(place.body.get(..=place.start).unwrap_or(place.body));
            ApiError::bad_request(&format!("{WHY} Line 1, position {position}."))
        }
        Form::Nothing => ApiError::bad_request(WHY),
    }
}

fn compose(sentence: &str, path: &str, body: &[u8], offset: usize) -> ApiError {
    let position = characters(body.get(..offset).unwrap_or(body));
    ApiError::bad_request(&format!("{sentence} Path '{path}', line 1, position {position}."))
}

/// Characters in the bytes, each byte that starts one counted; any bytes will do.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// Begins with a capital and ends with a full stop.
fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let mut text: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    text.push_str(characters.as_str());
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// A JSON pointer as the path of the service's reader: `/events/0/data` becomes `[2].events[0].data`.
fn path(index: Option<usize>, pointer: &str, document: Option<&Value>) -> String {
    let mut path = index.map(|index| format!("[{index}]")).unwrap_or_default();
    let mut here = document;
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        let is_index = match here {
            Some(Value::Array(_)) => true,
            Some(_) => false,
            None => !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()),
        };
        push_step(&mut path, &name, is_index);
        here = match here {
            Some(Value::Array(list)) => name.parse::<usize>().ok().and_then(|index| list.get(index)),
            Some(Value::Object(members)) => members.get(&name),
            _ => None,
        };
    }
    path
}

fn push_step(path: &mut String, name: &str, is_index: bool) {
    const SPECIAL: &str = ".'/\"[]() \t\n\r\u{c}\u{8}\\\u{85}\u{2028}\u{2029}";
    // Writing into a String does not fail.
    let _ = if is_index {
        write!(path, "[{name}]")
    } else if name.contains(|character| SPECIAL.contains(character)) {
        write!(path, "['{}']", name.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
    } else if path.is_empty() {
        write!(path, "{name}")
    } else {
        write!(path, ".{name}")
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::{Location, Severity};

    #[test]
    fn pointers_become_paths() {
        let document = serde_json::json!({
            "events": [{"data": {"custom_attributes": {"0": {}, "a b": 1, "it's": 2, "x/y": 3}}}]
        });
        let cases = [
            ("", "[4]"),
            ("/environment", "[4].environment"),
            ("/events/0/data", "[4].events[0].data"),
            ("/events/0/data/custom_attributes/0", "[4].events[0].data.custom_attributes.0"),
            ("/events/0/data/custom_attributes/a b", "[4].events[0].data.custom_attributes['a b']"),
            ("/events/0/data/custom_attributes/it's", "[4].events[0].data.custom_attributes['it\\'s']"),
            ("/events/0/data/custom_attributes/x~1y", "[4].events[0].data.custom_attributes['x/y']"),
        ];
        for (pointer, wanted) in cases {
            assert_eq!(path(Some(4), pointer, Some(&document)), wanted);
        }
        assert_eq!(path(None, "/events/0/data", Some(&document)), "events[0].data");
        assert_eq!(path(None, "/events/12/data", None), "events[12].data");
    }

    fn finding(message: &str, pointer: &str, offset: Option<usize>) -> Finding {
        Finding {
            code: "MP999",
            name: "made-up",
            severity: Severity::Error,
            message: message.to_owned(),
            pointer: pointer.to_owned(),
            location: offset.map(|offset| Location { offset, line: 1, column: offset + 1 }),
            found: None,
            allowed: None,
            help: None,
        }
    }

    #[test]
    fn positions_count_characters_of_the_body_before_the_fault() {
        let first = r#"{"user_attributes":{"$city":"Zürich 🏔"}}"#;
        let second = r#"{"environment":"nowhere"}"#;
        let body = format!("[{first},{second}]");
        let place = Place { body: body.as_bytes(), start: first.len() + 2, index: Some(1) };
        let offset = second.find("\"nowhere\"");

        let error =
            of_finding(&finding("not \"one\" of them", "/environment", offset), second.as_bytes(), place);

        let position = first.chars().count() + 2 + offset.unwrap();
        let wanted =
            format!("Not &quot;one&quot; of them. Path '[1].environment', line 1, position {position}.");
        assert_eq!((error.code, error.message), ("BAD_REQUEST", wanted));
    }

    #[test]
    fn a_fault_without_a_place_is_at_the_start_of_the_batch() {
        let place = Place { body: b"[{},{}]", start: 4, index: Some(1) };
        let error = of_finding(&finding("it is empty", "", None), b"{}", place);
        assert_eq!(error.message, "It is empty. Path '[1]', line 1, position 4.");
    }

    #[test]
    fn sentences_are_capitalised_and_closed() {
        assert_eq!(sentence("éa is wrong"), "Éa is wrong.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), ".");
    }
}
