//! What came of one post, in the few facts that the decisions need.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;

use crate::Endpoint;
use crate::client::{ApiError, Client, Error, Receipt};

/// Posts one body; the real one is [`Client`](crate::client::Client).
///
/// It must not retry by itself, and must send the bytes as they are.
pub trait Transport: Send + Sync {
    /// Posts the body to the path and says what came of it. A failure is an answer too.
    fn post(&self, endpoint: Endpoint, body: Bytes) -> impl Future<Output = Answer> + Send;
}

impl<T: Transport> Transport for &T {
    fn post(&self, endpoint: Endpoint, body: Bytes) -> impl Future<Output = Answer> + Send {
        (**self).post(endpoint, body)
    }
}

impl<T: Transport> Transport for std::sync::Arc<T> {
    fn post(&self, endpoint: Endpoint, body: Bytes) -> impl Future<Output = Answer> + Send {
        (**self).post(endpoint, body)
    }
}

/// The outcome of one post, with what the service said beside it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// A status, or why there is none.
    pub outcome: Outcome,
    /// The wait that the service asked for.
    pub retry_after: Option<Duration>,
    /// Which limit was exceeded: `X-mp-rate-limit-exceeded`.
    pub limit_exceeded: Option<String>,
    /// The highest use of any limit, in percent: `X-mp-rate-limit-percentage-used`.
    pub percentage_used: Option<f64>,
    /// The errors in the body, HTML entities undone.
    pub errors: Vec<ApiError>,
    /// One sentence for people, for failures: what went wrong, without secrets.
    pub message: Option<String>,
}

/// A status, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The service answered.
    Status(u16),
    /// It did not.
    Failed(Failure),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// No connection: nothing was sent.
    Connect,
    /// It cannot be sent at all, such as to a server without a trusted certificate: nothing was sent, and trying again does not help.
    Permanent,
    /// No answer in time: the service may have taken the request.
    Timeout,
    /// The connection broke: the service may have taken the request.
    Dropped,
}

impl Answer {
    /// An answer with this status and nothing else.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::new(Outcome::Status(status))
    }

    /// No answer.
    #[must_use]
    pub fn failed(failure: Failure, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::new(Outcome::Failed(failure)) }
    }

    fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            retry_after: None,
            limit_exceeded: None,
            percentage_used: None,
            errors: Vec::new(),
            message: None,
        }
    }

    /// With errors in the body.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<ApiError>) -> Self {
        self.errors = errors;
        self
    }

    /// With a wait that the service asked for.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The status, when there is one.
    #[must_use]
    pub fn status_code(&self) -> Option<u16> {
        match self.outcome {
            Outcome::Status(status) => Some(status),
            Outcome::Failed(_) => None,
        }
    }

    /// Whether the service may have taken the request although it did not say so: sending it again could double it, were it
    /// not for `source_request_id`.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        match self.outcome {
            Outcome::Status(status) => matches!(status, 408 | 500..),
            Outcome::Failed(failure) => matches!(failure, Failure::Timeout | Failure::Dropped),
        }
    }

    /// All that was said, in one line: the service's errors, else the failure, else the status.
    #[must_use]
    pub fn summary(&self) -> String {
        let said: Vec<&str> = self.errors.iter().map(words).filter(|words| !words.is_empty()).collect();
        match (said.is_empty(), &self.message, self.outcome) {
            (false, _, _) => said.join("; "),
            (true, Some(message), _) => message.clone(),
            (true, None, Outcome::Status(status)) => {
                format!("the service answered {status} without a message")
            }
            (true, None, Outcome::Failed(failure)) => failure.what().to_owned(),
        }
    }
}

/// What an error says: its message, or its code when it has none.
pub(super) fn words(error: &ApiError) -> &str {
    if error.message.is_empty() { &error.code } else { &error.message }
}

impl Failure {
    /// The failure in words.
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::Connect => "no connection",
            Self::Permanent => "it cannot be sent at all",
            Self::Timeout => "no answer in time",
            Self::Dropped => "the connection broke before there was an answer",
        }
    }
}

impl Transport for Client {
    async fn post(&self, endpoint: Endpoint, body: Bytes) -> Answer {
        match Self::post(self, endpoint, body).await {
            Ok(receipt) => Answer::from(&receipt),
            Err(error) => Answer::from(&error),
        }
    }
}

impl From<&Receipt> for Answer {
    fn from(receipt: &Receipt) -> Self {
        Self {
            retry_after: receipt.retry_after(),
            percentage_used: receipt.percentage_used(),
            errors: receipt.errors().to_vec(),
            message: (!receipt.is_complete())
                .then(|| "the answer was cut off: it may have named faults in these batches".to_owned()),
            ..Self::status(receipt.status())
        }
    }
}

impl From<&Error> for Answer {
    fn from(error: &Error) -> Self {
        let outcome = match error.status() {
            Some(status) => Outcome::Status(status),
            None => Outcome::Failed(failure(error)),
        };
        Self {
            retry_after: error.retry_after(),
            limit_exceeded: error.limit_exceeded().map(str::to_owned),
            errors: error.api_errors().to_vec(),
            message: Some(error.to_string()),
            ..Self::new(outcome)
        }
    }
}

fn failure(error: &Error) -> Failure {
    if !error.is_retryable() {
        Failure::Permanent
    } else if error.may_have_arrived() {
        if error.is_timeout() { Failure::Timeout } else { Failure::Dropped }
    } else {
        Failure::Connect
    }
}
