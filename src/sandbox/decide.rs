//! What the service makes of a request by itself, as functions without I/O: route, admit, judge.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use twox_hash::XxHash3_64;

use super::answer::{Answer, ApiError};
use super::auth::{Accept, ApiKey, Denied};
use super::body::{self, BodyError};
use super::message::{self, Place};
use crate::Endpoint;
use crate::clock::SharedClock;
use crate::validate::{Limits, Route, Validator};

/// What the paths of the API stand below.
pub(super) const PREFIX: &str = "/v2";

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Batches for one of the documented paths.
    Post(Endpoint),
    /// The list of endpoints.
    Index,
    /// What was accepted.
    Received,
    /// Forget everything.
    Reset,
    /// Counts of requests and batches.
    Stats,
    /// What became of each id.
    Account,
    /// The faults in force.
    Faults,
    /// Other faults instead of these.
    SetFaults,
    /// One more fault.
    AddFault,
    /// No more faults.
    ClearFaults,
    /// A known path with another method; the methods it takes.
    WrongMethod(&'static str),
    /// No such path.
    Unknown,
}

/// What a request asks for, by method and path.
pub(super) fn route(method: &str, path: &str) -> Call {
    let endpoint = path
        .strip_prefix(PREFIX)
        .and_then(|below| Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == below));
    match (path, endpoint, method) {
        (_, Some(endpoint), "POST") => Call::Post(endpoint),
        (_, Some(_), _) => Call::WrongMethod("POST"),
        ("/", _, "GET" | "HEAD") => Call::Index,
        ("/sandbox/stats", _, "GET" | "HEAD") => Call::Stats,
        ("/sandbox/received", _, "GET" | "HEAD") => Call::Received,
        ("/sandbox/received", _, "DELETE") => Call::Reset,
        ("/sandbox/account", _, "GET" | "HEAD") => Call::Account,
        ("/sandbox/faults", _, "GET" | "HEAD") => Call::Faults,
        ("/sandbox/faults", _, "PUT") => Call::SetFaults,
        ("/sandbox/faults", _, "POST") => Call::AddFault,
        ("/sandbox/faults", _, "DELETE") => Call::ClearFaults,
        ("/sandbox/received", _, _) => Call::WrongMethod("GET, HEAD, DELETE"),
        ("/sandbox/faults", _, _) => Call::WrongMethod("GET, HEAD, PUT, POST, DELETE"),
        ("/" | "/sandbox/stats" | "/sandbox/account", _, _) => Call::WrongMethod("GET, HEAD"),
        _ => Call::Unknown,
    }
}

impl Call {
    /// Whether it is for people on this machine only: what was sent is personal data.
    pub fn is_private(self) -> bool {
        match self {
            Self::Post(_) | Self::Index | Self::WrongMethod(_) | Self::Unknown => false,
            Self::Received
            | Self::Reset
            | Self::Stats
            | Self::Account
            | Self::Faults
            | Self::SetFaults
            | Self::AddFault
            | Self::ClearFaults => true,
        }
    }
}

/// The head of a request, as far as the service looks at it.
#[derive(Clone, Debug, Default)]
pub(super) struct Head<'a> {
    /// Values of all `Authorization` headers.
    pub authorization: Vec<&'a [u8]>,
    /// `Content-Type`, when it is text.
    pub content_type: Option<&'a str>,
    /// `Content-Length`, when the sender knows it.
    pub content_length: Option<u64>,
}

/// What requests are measured by.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    accept: Accept,
    limits: Limits,
    clock: SharedClock,
    live: Validator,
    historical: Validator,
    either: Validator,
}

/// A request that could be read, batch by batch.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    /// The path it was sent to.
    pub endpoint: Endpoint,
    /// Every batch of the request, in order.
    pub batches: Vec<Batch>,
    /// When it was judged, Unix milliseconds.
    pub now_ms: i64,
}

/// One batch of a request, and what comes of it.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// Its bytes in the body.
    pub range: Range<usize>,
    /// `source_request_id`, when it has one.
    pub id: Option<String>,
    /// XXH3 of its bytes.
    pub digest: u64,
    /// What comes of it.
    pub verdict: Verdict,
}

/// What comes of a batch.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// It is taken, unless its id was seen before.
    Accepted,
    /// It is refused, and the answer says so.
    Rejected(ApiError),
    /// It is not processed, and nothing says so.
    Dropped,
}

impl Policy {
    /// A policy of the given settings.
    pub fn new(accept: Accept, limits: Limits, clock: SharedClock) -> Self {
        let validator = |route| {
            Validator::builder().route(route).limits(limits.clone()).clock(SharedClock::clone(&clock)).build()
        };
        Self {
            live: validator(Route::Live),
            historical: validator(Route::Historical),
            either: validator(Route::Either),
            accept,
            limits,
            clock,
        }
    }

    /// Bytes that a body may have.
    pub fn body_limit(&self) -> u64 {
        self.limits.request_bytes_hard
    }

    /// Decides by the head alone, before anything of the body is read.
    pub fn admit(&self, head: &Head<'_>) -> Result<ApiKey, Answer> {
        let key = self.accept.check(head.authorization.iter().copied()).map_err(|denied| match denied {
            Denied::Missing => Answer::empty(401),
            Denied::Invalid => Answer::empty(403),
        })?;
        self.check_content_type(head)?;
        if head.content_length.is_some_and(|length| length > self.body_limit()) {
            return Err(self.too_large());
        }
        Ok(key)
    }

    /// Insists on JSON.
    pub fn check_content_type(&self, head: &Head<'_>) -> Result<(), Answer> {
        if head.content_type.is_some_and(is_json) {
            return Ok(());
        }
        Err(Answer::refused(400, "The Content-Type must be application/json."))
    }

    /// The answer to a body over the limit.
    pub fn too_large(&self) -> Answer {
        Answer::refused(413, &format!("A request may have at most {} bytes.", self.body_limit()))
    }

    /// Reads the body and judges every batch in it; a request that is refused as a whole is answered at once.
    pub fn judge(&self, endpoint: Endpoint, body: &[u8]) -> Result<Judged, Answer> {
        let refuse = |error: &BodyError| Answer::errors(400, &[message::of_body(error, body)]);
        let ranges = if endpoint.is_bulk() {
            let ranges = body::split(body).map_err(|error| refuse(&error))?;
            self.check_count(&ranges).map_err(|error| refuse(&error))?;
            ranges
        } else {
            std::iter::once(0..body.len()).collect()
        };
        let batches = ranges.into_iter().enumerate().map(|(index, range)| {
            let place = Place { body, start: range.start, index: endpoint.is_bulk().then_some(index) };
            let bytes = body.get(range.clone()).unwrap_or_default();
            Batch {
                range,
                id: source_request_id(bytes),
                digest: XxHash3_64::oneshot(bytes),
                verdict: self.verdict(endpoint, bytes, place),
            }
        });
        Ok(Judged { endpoint, batches: batches.collect(), now_ms: self.clock.now_unix_ms() })
    }

    fn check_count(&self, ranges: &[Range<usize>]) -> Result<(), BodyError> {
        let limit = usize::try_from(self.limits.batches_per_request).unwrap_or(usize::MAX);
        let error = |reason, offset| Err(BodyError { reason, index: None, offset });
        match ranges.get(limit) {
            _ if ranges.is_empty() => error("The list of batches is empty.".to_owned(), 0),
            Some(first_too_many) => {
                let count = ranges.len();
                let reason = format!("A request may hold at most {limit} batches; this one holds {count}.");
                error(reason, first_too_many.start)
            }
            None => Ok(()),
        }
    }

    fn verdict(&self, endpoint: Endpoint, batch: &[u8], place: Place<'_>) -> Verdict {
        let validator = if endpoint.is_historical() { &self.historical } else { &self.live };
        let report = validator.check_bytes(batch);
        let Some(first) = report.errors().next() else {
            return Verdict::Accepted;
        };
        // What only this path objects to is documented as not processed, and there is no answer that tells.
        if endpoint.is_historical() && !self.either.check_bytes(batch).has_errors() {
            return Verdict::Dropped;
        }
        Verdict::Rejected(message::of_finding(first, batch, place))
    }
}

/// `application/json`, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// The id that requests are de-duplicated by; the service reads a number or a boolean as text.
fn source_request_id(batch: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        #[serde(default)]
        source_request_id: Value,
    }
    match serde_json::from_slice::<Id>(batch).ok()?.source_request_id {
        Value::String(id) if !id.is_empty() => Some(id),
        scalar @ (Value::Number(_) | Value::Bool(_)) => Some(scalar.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
