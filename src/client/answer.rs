//! Reads an answer, whichever method asked for it: status, headers and a body that may be anything.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;

use super::error::{Error, Kind};
use super::{Credentials, Headers, Receipt};

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

    /// 2xx is accepted, anything else is not.
    pub fn into_result(self) -> Result<Receipt, Error> {
        if self.status.is_success() { Ok(Receipt::new(self)) } else { Err(Error::new(Kind::Answer(self))) }
    }
}

/// What [`Client`](super::Client) makes of an answer, without a server: for tests of code that handles receipts and errors.
///
/// ```
/// let error = mparticle_events::client::answered(429, &[("Retry-After", "30")], "").unwrap_err();
/// assert!(error.is_throttled());
/// assert_eq!(error.retry_after().unwrap().as_secs(), 30);
/// ```
///
/// # Errors
/// When the status is no 2xx, as the client's methods do; and when status or headers could not be those of an answer.
pub fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Receipt, Error> {
    let impossible = |what: &str| Error::config(format!("no answer has such a {what}"));
    let status = StatusCode::from_u16(status).map_err(|_| impossible("status"))?;
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).map_err(|_| impossible("header name"))?;
        map.append(name, HeaderValue::try_from(*value).map_err(|_| impossible("header value"))?);
    }
    let body = Body { bytes: body.as_bytes().to_vec(), complete: true, failure: None };
    Answer::read(status, map, &body, &Credentials::none())
        .into_result()
        .map_err(|error| error.at("the service"))
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
    fn answers_can_be_made_up_for_tests() {
        assert_eq!(answered(202, &[], "").unwrap().status(), 202);
        let error = answered(403, &[], "").unwrap_err();
        assert!(error.is_auth() && error.to_string().starts_with("the service answered 403"), "{error}");
        assert!(answered(7, &[], "").unwrap_err().is_config());
        assert!(answered(202, &[("a b", "")], "").unwrap_err().is_config());
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
