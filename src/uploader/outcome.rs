//! What becomes of a batch.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;

/// The number of a batch within one uploader, in the order of enqueueing.
///
/// With a spool the numbers of batches that an earlier process left stay as they were, and new ones come after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);

impl Ticket {
    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Why the service does not have a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The status of the last answer.
    pub status: Option<u16>,
    /// The service's code, such as `BAD_REQUEST`.
    pub code: Option<String>,
    /// The service's own words, or what went wrong.
    pub message: String,
    /// How often it was posted.
    pub attempts: u32,
}

/// How a batch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// The service took it and named no fault in it.
    Accepted,
    /// The service refused it: sending it again does not help.
    Rejected(Refusal),
    /// All attempts were spent without a clear answer: it may have arrived. Sending it again with the same `source_request_id` is safe.
    GaveUp(Refusal),
    /// The uploader ended before there was an answer; [`Uploader::shutdown`](super::Uploader::shutdown) gives the batch back.
    NotAttempted,
}

/// The end of one enqueued batch.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settled {
    /// Its number.
    pub ticket: Ticket,
    /// How it ended.
    pub fate: Fate,
    /// The batch as it is sent, id included. Batches of one user that were merged share it.
    pub batch: Bytes,
}

impl Settled {
    /// The `source_request_id` that it was sent under.
    #[must_use]
    pub fn source_request_id(&self) -> Option<String> {
        request_id(&self.batch)
    }
}

impl fmt::Debug for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the batch: it is personal data.
        f.debug_struct("Settled")
            .field("ticket", &self.ticket)
            .field("fate", &self.fate)
            .finish_non_exhaustive()
    }
}

/// A batch that was not delivered, given back.
#[derive(Clone)]
#[non_exhaustive]
pub struct Undelivered {
    /// The numbers of the enqueued batches that it holds: several when batches of one user were merged.
    pub tickets: Vec<Ticket>,
    /// The batch as it would be sent, with its `source_request_id`: enqueued again as it is, it cannot be counted twice.
    pub batch: Bytes,
    /// It was handed to the sender, so that the service may have it already.
    pub may_have_arrived: bool,
}

impl Undelivered {
    /// Its `source_request_id`.
    #[must_use]
    pub fn source_request_id(&self) -> Option<String> {
        request_id(&self.batch)
    }
}

impl fmt::Debug for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undelivered")
            .field("tickets", &self.tickets)
            .field("may_have_arrived", &self.may_have_arrived)
            .finish_non_exhaustive()
    }
}

fn request_id(batch: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        source_request_id: Option<String>,
    }
    serde_json::from_slice::<Id>(batch).ok()?.source_request_id
}
