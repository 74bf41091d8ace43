//! Reads an answer, whichever method asked for it: status, headers and a body that may be anything.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use super::{Credentials, Headers};

/// Characters of a body kept for people to read.
const EXCERPT_CHARS: usize = 2000;

/// One error the service reports in the body of an answer.
///
/// The message is the service's own text with HTML entities undone (`&quot;` is `"` again). It often names the place:
/// `Path '[3].events[0].data…', line 1, position 314`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApiError {
    /// Such as `BAD_REQUEST`; empty when the service gave none.
    pub code: String,
    /// What is wrong; empty when the service gave none.
    pub message: String,
}

impl ApiError {
    /// An error as the service would report it; for tests of code that handles them.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// What was received of a body.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub bytes: Vec<u8>,
    /// Whether `bytes` is all of it.
    pub complete: bool,
    /// Why it is not, when the connection failed.
    pub failure: Option<reqwest::Error>,
}

/// An answer, read.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: Headers,
    pub errors: Vec<ApiError>,
    pub excerpt: String,
    pub complete: bool,
}

impl Answer {
    /// Never fails: whatever the body is, status and headers count.
    pub fn read(status: StatusCode, headers: HeaderMap, body: &Body, credentials: &Credentials) -> Self {
        let text = credentials.scrub(String::from_utf8_lossy(&body.bytes).into_owned());
        let text = text.trim_start_matches('\u{feff}').trim();
        Self {
            status,
            headers: Headers::new(headers, credentials),
            errors: api_errors(text),
            excerpt: text.chars().take(EXCERPT_CHARS).collect(),
            complete: body.complete,
        }
    }
}

fn api_errors(text: &str) -> Vec<ApiError> {
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else { return Vec::new() };
    let Some(Value::Array(errors)) = body.remove("errors") else { return Vec::new() };
    errors.iter().filter_map(api_error).collect()
}

fn api_error(item: &Value) -> Option<ApiError> {
    let error = match item {
        Value::Object(fields) => ApiError::new(words(fields.get("code")), words(fields.get("message"))),
        other => ApiError::new("", words(Some(other))),
    };
    (error != ApiError::default()).then_some(error)
}

/// A scalar as text; anything deeper as JSON, so that nothing the service said is lost.
fn words(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => html_escape::decode_html_entities(text).into_owned(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(body: &str) -> Vec<(String, String)> {
        api_errors(body).into_iter().map(|error| (error.code, error.message)).collect()
    }

    fn pair(code: &str, message: &str) -> (String, String) {
        (code.into(), message.into())
    }

    #[test]
    fn documented_errors_are_read_with_entities_undone() {
        let body = r#"{"errors":[{"code":"BAD_REQUEST","message":"Error converting value &quot;x&quot; &amp; &#39;y&#39;"}]}"#;
        assert_eq!(errors(body), [pair("BAD_REQUEST", "Error converting value \"x\" & 'y'")]);
    }

    #[test]
    fn entities_are_undone_once_only() {
        assert_eq!(errors(r#"{"errors":[{"message":"&amp;quot;"}]}"#), [pair("", "&quot;")]);
    }

    #[test]
    fn odd_items_keep_what_they_say() {
        let body = r#"{"errors":[{"code":7},"plain",{"message":{"a":1}},null,{}],"more":true}"#;
        assert_eq!(errors(body), [pair("7", ""), pair("", "plain"), pair("", r#"{"a":1}"#)]);
    }

    #[test]
    fn other_shapes_hold_no_errors() {
        for body in
            ["", "{}", "[]", "null", "7", r#"{"errors":null}"#, r#"{"errors":{}}"#, "<html>", "{\"errors\":["]
        {
            assert_eq!(errors(body), [], "{body}");
        }
    }

    #[test]
    fn a_body_that_is_not_text_or_begins_with_a_mark_is_still_read() {
        let credentials = Credentials::new("key", "secret").unwrap();
        let read = |bytes: &[u8]| {
            let body = Body { bytes: bytes.to_vec(), complete: true, failure: None };
            Answer::read(StatusCode::BAD_REQUEST, HeaderMap::new(), &body, &credentials)
        };
        assert_eq!(read(b"\xef\xbb\xbf{\"errors\":[{\"code\":\"A\"}]}").errors, [ApiError::new("A", "")]);
        assert_eq!(read(b"\xff\xfe\x00").excerpt, "\u{fffd}\u{fffd}\u{0}");
        assert_eq!(read(&[b'x'; 5000]).excerpt.len(), EXCERPT_CHARS);
    }
}
