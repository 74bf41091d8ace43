//! An answer as data, before it becomes HTTP: status, headers, body.

use serde::Serialize;

/// Header of every 2xx answer: the highest percentage used of any limit.
pub(super) const PERCENTAGE_USED: &str = "x-mp-rate-limit-percentage-used";

/// Header of a 429: the limit that was met.
pub(super) const LIMIT_EXCEEDED: &str = "x-mp-rate-limit-exceeded";

/// What the sandbox says to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers beside those that HTTP itself needs.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for most answers of the service.
    pub body: Vec<u8>,
}

/// One entry of `errors` in the body of a 400, and of a 202 that took only some of the batches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ApiError {
    /// Always `BAD_REQUEST` here: the only code the documentation shows.
    pub code: &'static str,
    /// What is wrong and where, quotes escaped as in HTML.
    pub message: String,
}

impl ApiError {
    /// An error with the given message, escaped the way the service does.
    pub fn bad_request(message: &str) -> Self {
        Self { code: "BAD_REQUEST", message: escape(message) }
    }
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer that lists errors.
    pub fn errors(status: u16, errors: &[ApiError]) -> Self {
        #[derive(Serialize)]
        struct Body<'a> {
            errors: &'a [ApiError],
        }
        Self::json(status, &Body { errors })
    }

    /// An answer with one error that concerns the request as a whole.
    pub fn refused(status: u16, message: &str) -> Self {
        Self::errors(status, &[ApiError::bad_request(message)])
    }

    /// An answer with a JSON body.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::empty(status).with_body(body),
            // Only maps with keys that are no strings cannot be written, and there are none.
            Err(error) => Self::empty(500).with_body(error.to_string().into_bytes()),
        }
    }

    /// An answer of JSON documents, one a line.
    pub fn lines(body: Vec<u8>) -> Self {
        let mut answer = Self::empty(200).with_header("content-type", "application/x-ndjson");
        answer.body = body;
        answer
    }

    /// The same answer with one more header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self.with_header("content-type", "application/json")
    }
}

/// Escapes what the service escapes in messages: quotes, and what HTML reads as markup. Apostrophes stay.
fn escape(message: &str) -> String {
    let mut escaped = String::with_capacity(message.len());
    for character in message.chars() {
        match character {
            '"' => escaped.push_str("&quot;"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_documented_form() {
        let answer = Answer::refused(400, "\"a\" & <b> isn't");
        assert_eq!(answer.status, 400);
        assert_eq!(
            String::from_utf8(answer.body).unwrap(),
            r#"{"errors":[{"code":"BAD_REQUEST","message":"&quot;a&quot; &amp; &lt;b&gt; isn't"}]}"#
        );
        assert_eq!(answer.headers, [("content-type", "application/json".to_owned())]);
    }

    #[test]
    fn an_empty_answer_has_no_content_type() {
        assert_eq!(Answer::empty(202), Answer { status: 202, headers: vec![], body: vec![] });
    }
}
