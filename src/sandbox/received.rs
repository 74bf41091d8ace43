//! What was received, as a copy that does not change any more.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use crate::{Endpoint, types};

/// What came of batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Taken.
    pub accepted: u64,
    /// Refused, with an error in the answer.
    pub rejected: u64,
    /// Answered as if taken, but their `source_request_id` was seen before.
    pub duplicate: u64,
    /// Answered as if taken, but not processed: the historical path does so with young or undated data.
    pub dropped: u64,
}

/// What requests were answered. Requests to the sandbox's own pages are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Requests {
    /// Requests that were answered.
    pub total: u64,
    /// The same, by HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// Requests whose sender went away before the body was complete: never answered.
    pub aborted: u64,
    /// Requests whose connection was closed by a fault on demand: never answered.
    pub cut: u64,
    /// Bytes of all bodies that were read completely.
    pub bytes: u64,
}

/// A batch that was accepted.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedBatch {
    /// Place among all accepted batches, from 1.
    pub sequence: u64,
    /// The path it was sent to.
    pub endpoint: Endpoint,
    /// The API key it was sent with, masked.
    pub api_key: String,
    /// When it arrived, Unix milliseconds.
    pub received_at_ms: i64,
    /// Its `source_request_id`, when it has one.
    pub source_request_id: Option<String>,
    /// The batch, byte for byte as it was sent.
    pub bytes: Bytes,
}

/// A batch that was refused for what is in it, or by a fault on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The path it was sent to.
    pub endpoint: Endpoint,
    /// Its `source_request_id`, when it has one.
    pub source_request_id: Option<String>,
    /// What the answer said. Values are not quoted in it.
    pub message: String,
}

/// A copy of the account at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// What came of all batches.
    pub counts: Counts,
    /// The same, by path.
    pub by_endpoint: BTreeMap<Endpoint, Counts>,
    /// What requests were answered.
    pub requests: Requests,
    /// Accepted batches, in the order of their arrival; the oldest are let go first when there are too many.
    pub batches: Vec<ReceivedBatch>,
    /// Accepted batches that are no longer among `batches`.
    pub forgotten: u64,
    /// The latest 100 batches that were refused, oldest first; `counts.rejected` counts all.
    pub refusals: Vec<Refusal>,
}

impl Counts {
    /// Batches of all requests that could be read: the sum of the others.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.accepted + self.rejected + self.duplicate + self.dropped
    }
}

impl ReceivedBatch {
    /// The batch as a typed value. Members that the types do not know are left out.
    ///
    /// # Errors
    ///
    /// When the service takes what the types cannot hold, such as an enum value in another case.
    pub fn batch(&self) -> serde_json::Result<types::Batch> {
        serde_json::from_slice(&self.bytes)
    }

    /// The batch as JSON, nothing left out.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        // Accepted bytes were parsed before.
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

/// Without the batch itself: event data is personal data.
impl fmt::Debug for ReceivedBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedBatch")
            .field("sequence", &self.sequence)
            .field("endpoint", &self.endpoint)
            .field("api_key", &self.api_key)
            .field("received_at_ms", &self.received_at_ms)
            .field("source_request_id", &self.source_request_id)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
