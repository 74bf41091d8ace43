//! What the service says when it takes a request.

use std::time::Duration;

use super::answer::Answer;
use super::{ApiError, Headers};

/// The answer to a request that was accepted.
///
/// Accepted means received. For a list of batches the service answers 202 **also when batches inside failed**; it may
/// then say which in [`errors`](Self::errors), and it may say nothing: validate before sending.
#[derive(Clone, Debug)]
#[must_use = "an accepted request can still carry errors about batches inside it"]
pub struct Receipt {
    answer: Box<Answer>,
}

impl Receipt {
    pub(super) fn new(answer: Answer) -> Self {
        Self { answer: Box::new(answer) }
    }

    /// The HTTP status: 202, or another 2xx.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status.as_u16()
    }

    /// The highest use of any rate limit that applies, in percent (`X-mp-rate-limit-percentage-used`).
    ///
    /// Close to 100 means: slow down now, before requests are refused. None when the service did not say, or said
    /// something that is no number of 0 or above.
    #[must_use]
    pub fn percentage_used(&self) -> Option<f64> {
        self.answer.headers.percentage_used()
    }

    /// How long the service asks to wait before the next request; as [`Error::retry_after`](super::Error::retry_after).
    /// Not documented for accepted requests, but to be honoured when it is there.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer.headers.retry_after()
    }

    /// The errors that an accepted request carries: batches that the service could not read.
    #[must_use]
    pub fn errors(&self) -> &[ApiError] {
        &self.answer.errors
    }

    /// Whether [`errors`](Self::errors) has any.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.answer.errors.is_empty()
    }

    /// Whether the whole body was received.
    ///
    /// False when the connection broke or timed out after the status line, or the body was over
    /// [`ANSWER_LIMIT`](super::ANSWER_LIMIT). The request was accepted all the same, but errors about single batches may be lost.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.answer.complete
    }

    /// The headers of the answer.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.answer.headers
    }

    /// The beginning of the body as text, at most 2000 characters; usually empty.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.answer.excerpt
    }
}
