//! The sandbox's account: exact counts of everything, and the latest batches that were accepted.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use super::auth::ApiKey;
use super::ids::SeenIds;
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
}

/// How much is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Accepted batches.
    pub batches: usize,
    /// Bytes of accepted batches.
    pub bytes: usize,
    /// Ids for de-duplication.
    pub ids: usize,
}

/// Everything the sandbox remembers.
#[derive(Debug)]
pub(super) struct Account {
    capacity: Capacity,
    by_endpoint: BTreeMap<Endpoint, Counts>,
    requests: Requests,
    kept: VecDeque<ReceivedBatch>,
    kept_bytes: usize,
    forgotten: u64,
    ids: SeenIds,
    /// The current second, and the batches that arrived in it.
    second: (i64, u64),
}

impl Account {
    /// An empty account.
    pub fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            by_endpoint: BTreeMap::new(),
            requests: Requests::default(),
            kept: VecDeque::new(),
            kept_bytes: 0,
            forgotten: 0,
            ids: SeenIds::new(capacity.ids),
            second: (i64::MIN, 0),
        }
    }

    /// Forgets everything, ids for de-duplication included.
    pub fn reset(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// Counts batches of this second; the percentage of the limit that they use, 100 at most. No limit when it is 0.
    pub fn speed(&mut self, now_ms: i64, batches: usize, limit_per_second: u64) -> u64 {
        let second = now_ms.div_euclid(1000);
        if self.second.0 != second {
            self.second = (second, 0);
        }
        self.second.1 = self.second.1.saturating_add(batches as u64);
        self.second.1.saturating_mul(100).checked_div(limit_per_second).unwrap_or(0).min(100)
    }

    /// Takes a batch, unless its id was seen before.
    pub fn accept(
        &mut self,
        endpoint: Endpoint,
        key: &ApiKey,
        id: Option<String>,
        bytes: &[u8],
        now_ms: i64,
    ) {
        let is_new = id.as_deref().is_none_or(|id| self.ids.insert(key, id, now_ms));
        let counts = self.by_endpoint.entry(endpoint).or_default();
        if !is_new {
            counts.duplicate += 1;
            return;
        }
        counts.accepted += 1;
        self.kept_bytes += bytes.len();
        self.kept.push_back(ReceivedBatch {
            sequence: self.forgotten + self.kept.len() as u64 + 1,
            endpoint,
            api_key: key.masked(),
            received_at_ms: now_ms,
            source_request_id: id,
            // A copy, so that one small batch does not keep the whole body alive.
            bytes: Bytes::copy_from_slice(bytes),
        });
        while self.kept.len() > self.capacity.batches || self.kept_bytes > self.capacity.bytes {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.kept_bytes -= oldest.bytes.len();
            self.forgotten += 1;
        }
    }

    /// Counts a batch that was refused.
    pub fn reject(&mut self, endpoint: Endpoint) {
        self.by_endpoint.entry(endpoint).or_default().rejected += 1;
    }

    /// Counts a batch that was not processed and not complained about.
    pub fn drop_silently(&mut self, endpoint: Endpoint) {
        self.by_endpoint.entry(endpoint).or_default().dropped += 1;
    }

    /// Counts a request that was answered.
    pub fn answered(&mut self, status: u16, body_bytes: usize) {
        self.requests.total += 1;
        *self.requests.by_status.entry(status).or_default() += 1;
        self.requests.bytes += body_bytes as u64;
    }

    /// Counts a request whose sender went away.
    pub fn aborted(&mut self) {
        self.requests.aborted += 1;
    }

    /// How much may be kept.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Ids that were let go before their time.
    pub fn forgotten_ids(&self) -> u64 {
        self.ids.forgotten()
    }

    /// A copy with `limit` of the kept batches after the first `offset`, and how many are kept.
    pub fn page(&self, offset: usize, limit: usize) -> (Received, usize) {
        let mut counts = Counts::default();
        for of_path in self.by_endpoint.values() {
            counts.accepted += of_path.accepted;
            counts.rejected += of_path.rejected;
            counts.duplicate += of_path.duplicate;
            counts.dropped += of_path.dropped;
        }
        let by_endpoint = Endpoint::ALL
            .into_iter()
            .map(|endpoint| (endpoint, self.by_endpoint.get(&endpoint).copied().unwrap_or_default()))
            .collect();
        let received = Received {
            counts,
            by_endpoint,
            requests: self.requests.clone(),
            batches: self.kept.iter().skip(offset).take(limit).cloned().collect(),
            forgotten: self.forgotten,
        };
        (received, self.kept.len())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn account(batches: usize, bytes: usize) -> Account {
        Account::new(Capacity { batches, bytes, ids: 100 })
    }

    fn accept(account: &mut Account, bytes: &str) {
        account.accept(Endpoint::Bulk, &ApiKey::for_test("key"), None, bytes.as_bytes(), 0);
    }

    #[test]
    fn the_oldest_are_forgotten_and_the_counts_stay() {
        let mut account = account(2, 1000);
        for bytes in ["1", "2", "3", "4"] {
            accept(&mut account, bytes);
        }
        let (received, kept) = account.page(0, 10);
        assert_eq!((received.counts.accepted, received.forgotten, kept), (4, 2, 2));
        assert_eq!(received.batches.iter().map(|batch| batch.sequence).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(received.batches[0].bytes, "3");
    }

    #[test]
    fn bytes_are_bounded_as_well() {
        let mut account = account(100, 10);
        accept(&mut account, "123456");
        accept(&mut account, "123456");
        assert_eq!(account.page(0, 10).1, 1);
        accept(&mut account, "longer than all that fits");
        let (received, kept) = account.page(0, 10);
        assert_eq!((received.counts.accepted, received.forgotten, kept), (3, 3, 0));
    }

    #[test]
    fn pages_are_slices_of_what_is_kept() {
        let mut account = account(10, 1000);
        for bytes in ["1", "2", "3"] {
            accept(&mut account, bytes);
        }
        let sequences = |offset, limit| -> Vec<u64> {
            account.page(offset, limit).0.batches.iter().map(|batch| batch.sequence).collect()
        };
        assert_eq!(sequences(1, 1), [2]);
        assert_eq!(sequences(2, 100), [3]);
        assert_eq!(sequences(9, 100), [0; 0]);
    }

    #[test]
    fn the_percentage_is_of_the_current_second() {
        let mut account = account(0, 0);
        assert_eq!(account.speed(1_000, 27, 270), 10);
        assert_eq!(account.speed(1_999, 54, 270), 30);
        assert_eq!(account.speed(1_999, 1000, 270), 100);
        assert_eq!(account.speed(2_000, 1, 270), 0);
        assert_eq!(account.speed(2_000, 1, 0), 0);
        assert_eq!(account.speed(-1, 100, 200), 50);
    }

    #[test]
    fn a_reset_forgets_ids_too() {
        let mut account = account(10, 1000);
        let key = ApiKey::for_test("key");
        let send = |account: &mut Account| {
            account.accept(Endpoint::Events, &key, Some("id".to_owned()), b"{}", 0);
            account.page(0, 0).0.counts
        };
        send(&mut account);
        assert_eq!(send(&mut account), Counts { accepted: 1, duplicate: 1, ..Counts::default() });
        account.reset();
        assert_eq!(send(&mut account), Counts { accepted: 1, ..Counts::default() });
    }

    #[test]
    fn debug_leaves_the_batch_out() {
        let mut account = account(10, 1000);
        accept(&mut account, r#"{"mail":"a@example.com"}"#);
        assert!(!format!("{:?}", account.page(0, 1)).contains("example.com"));
    }
}
