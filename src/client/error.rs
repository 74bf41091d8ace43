//! The one error of the client: opaque, asked by predicates.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;

use super::answer::Answer;
use super::pod::Target;
use super::{ApiError, Headers, explain};

/// Why a request did not end in a [`Receipt`](super::Receipt), or why there is no client to send it with.
///
/// Ask what to do, rather than what happened:
///
/// | question | predicate | the sender |
/// |---|---|---|
/// | Can the same request pass later? | [`is_retryable`](Self::is_retryable) | waits at least [`retry_after`](Self::retry_after), sends it again |
/// | Is it these batches? | [`is_rejected`](Self::is_rejected) | puts them aside with [`api_errors`](Self::api_errors), goes on |
/// | Will nothing pass? | [`is_permanent`](Self::is_permanent) | stops, with everything not sent kept |
/// | Was the call itself wrong? | [`is_request`](Self::is_request) | is repaired by its author |
///
/// Every error is exactly one of these four. `Display` says in one line what happened and what to do about it; it never
/// holds the secret.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    /// Whom messages speak of: `host:port`; empty before there is one.
    authority: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// Credentials, address or settings that cannot work.
    Config(String),
    /// A request that was not sent because it cannot be built.
    Request(String),
    Connect {
        why: String,
        refused: bool,
    },
    Tls {
        why: String,
        hung_up: bool,
    },
    Timeout {
        connecting: bool,
    },
    /// The connection ended, or spoke something else, before there was an answer.
    Broken(String),
    /// An answer that is no 2xx.
    Answer(Answer),
}

impl Error {
    pub(super) fn new(kind: Kind) -> Self {
        Self(Box::new(Inner { kind, authority: String::new(), source: None }))
    }

    pub(super) fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config(message.into()))
    }

    /// All problems in one error, or none.
    pub(super) fn unless_empty(problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::config(problems.join("; "))) }
    }

    pub(super) fn to(self, target: &Target) -> Self {
        self.at(&target.authority)
    }

    pub(super) fn at(mut self, authority: &str) -> Self {
        authority.clone_into(&mut self.0.authority);
        self
    }

    pub(super) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    fn answer(&self) -> Option<&Answer> {
        match &self.0.kind {
            Kind::Answer(answer) => Some(answer),
            _ => None,
        }
    }

    fn has_status(&self, test: impl Fn(StatusCode) -> bool) -> bool {
        self.answer().is_some_and(|answer| test(answer.status))
    }

    /// 429: a limit is exceeded.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.has_status(|status| status == StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether the exceeded limit is `acceleration`: keep the rate, let it grow more slowly.
    #[must_use]
    pub fn is_acceleration(&self) -> bool {
        self.limit_exceeded().is_some_and(|names| {
            names.split(',').any(|name| name.trim().eq_ignore_ascii_case("acceleration"))
        })
    }

    /// The exceeded limit, from `X-mp-rate-limit-exceeded`: `org`, `account`, `app`, `feed`, `workspace`, `system`,
    /// `acceleration`. As the service wrote it.
    #[must_use]
    pub fn limit_exceeded(&self) -> Option<&str> {
        self.answer()?.headers.limit_exceeded()
    }

    /// The least time to wait before sending again, from `Retry-After` (or `RetryAfter`), whatever the status.
    ///
    /// The service documents whole seconds; a decimal fraction is understood too. A date counts from the answer's own `Date`.
    /// Anything over a day counts as a day; a negative number or any other text counts as no header.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer()?.headers.retry_after()
    }

    /// 401 or 403: the credentials are missing, or not valid for this pod.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.has_status(|status| matches!(status.as_u16(), 401 | 403))
    }

    /// The service refused the content: 400, 413, 422 and the other 4xx that are about this request. Not those about
    /// credentials (401, 403, 407), address (404, 405) or time (408, 425, 429).
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.has_status(|status| {
            status.is_client_error() && !matches!(status.as_u16(), 401 | 403..=405 | 407 | 408 | 425 | 429)
        })
    }

    /// 413: the request is too large. Two halves of it may pass.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.has_status(|status| status == StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// 5xx: the service, or something before it, failed.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.has_status(|status| status.is_server_error())
    }

    /// There was no connection: refused, unreachable, unknown host, or not in time. Nothing was sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect { .. } | Kind::Timeout { connecting: true })
    }

    /// There was a connection, but no trusted encryption on it: a certificate that does not check, or a server that
    /// speaks no TLS. Nothing was sent.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.0.kind, Kind::Tls { .. })
    }

    /// No connection, or no answer, within the time set on the client.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout { .. })
    }

    /// Credentials, address or settings that cannot work, found before anything was sent.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(self.0.kind, Kind::Config(_))
    }

    /// The call cannot be a request: no batches, or one that has no JSON form (a number that is not a number). Not sent.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.0.kind, Kind::Request(_))
    }

    /// Whether the same bytes may pass later: 408, 425, 429, 5xx, no connection, no answer in time, connection lost.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            Kind::Connect { .. } | Kind::Timeout { .. } | Kind::Broken(_) => true,
            Kind::Tls { hung_up, .. } => *hung_up,
            Kind::Answer(answer) => {
                answer.status.is_server_error() || matches!(answer.status.as_u16(), 408 | 425 | 429)
            }
            Kind::Config(_) | Kind::Request(_) => false,
        }
    }

    /// Whether no other request of this client will pass either: wrong credentials, address, proxy or certificate, or an
    /// answer that no such service gives (a redirect).
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        !self.is_retryable() && !self.is_rejected() && !self.is_request()
    }

    /// Whether the service may have received the request, so that sending it again can count it twice unless it
    /// carries a `source_request_id`.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout { connecting: false } | Kind::Broken(_))
            || self.is_server()
            || self.has_status(|status| status == StatusCode::REQUEST_TIMEOUT)
    }

    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status.as_u16())
    }

    /// The headers of the answer, when there was one.
    #[must_use]
    pub fn headers(&self) -> Option<&Headers> {
        self.answer().map(|answer| &answer.headers)
    }

    /// What the service says is wrong; often nothing.
    #[must_use]
    pub fn api_errors(&self) -> &[ApiError] {
        self.answer().map_or(&[], |answer| &answer.errors)
    }

    /// The beginning of the answer's body as text, at most 2000 characters, for what is not in
    /// [`api_errors`](Self::api_errors); empty when there was none.
    #[must_use]
    pub fn body(&self) -> &str {
        self.answer().map_or("", |answer| &answer.excerpt)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        explain::explain(&self.0.kind, &self.0.authority, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("authority", &self.0.authority)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
