//! The sandbox's account: exact counts of everything, the latest batches that were accepted, and what became of each id.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::auth::ApiKey;
use super::ledger::{Arrival, Ledger};
use super::reason::Reason;
use super::received::{Counts, Received, ReceivedBatch, Refusal, Requests};
use crate::Endpoint;

/// Refusals that are kept to be shown.
const REFUSALS: usize = 100;

/// How much is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Accepted batches.
    pub batches: usize,
    /// Bytes of accepted batches.
    pub bytes: usize,
    /// Ids in the ledger, for de-duplication and to be asked for.
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
    refusals: VecDeque<Refusal>,
    ledger: Ledger,
}

/// A batch, as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming<'a> {
    /// The path it was sent to.
    pub endpoint: Endpoint,
    /// The key it was sent with.
    pub key: &'a ApiKey,
    /// Its `source_request_id`, when it has one.
    pub id: Option<&'a str>,
    /// XXH3 of its bytes.
    pub digest: u64,
    /// The batch.
    pub bytes: &'a [u8],
    /// When it came, Unix milliseconds.
    pub now_ms: i64,
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
            refusals: VecDeque::new(),
            ledger: Ledger::new(capacity.ids),
        }
    }

    /// Forgets everything, ids for de-duplication included.
    pub fn reset(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// Takes a batch, unless its id was seen before.
    pub fn accept(&mut self, batch: Incoming<'_>) {
        let is_new = match batch.arrival() {
            Some(arrival) => self.ledger.take(arrival),
            None => {
                self.ledger.pass(true);
                true
            }
        };
        let counts = self.by_endpoint.entry(batch.endpoint).or_default();
        if !is_new {
            counts.duplicate += 1;
            return;
        }
        counts.accepted += 1;
        if self.capacity.batches == 0 {
            self.forgotten += 1;
            return;
        }
        self.kept_bytes += batch.bytes.len();
        self.kept.push_back(ReceivedBatch {
            sequence: self.forgotten + self.kept.len() as u64 + 1,
            endpoint: batch.endpoint,
            api_key: batch.key.masked(),
            received_at_ms: batch.now_ms,
            source_request_id: batch.id.map(str::to_owned),
            // A copy, so that one small batch does not keep the whole body alive.
            bytes: Bytes::copy_from_slice(batch.bytes),
        });
        while self.kept.len() > self.capacity.batches || self.kept_bytes > self.capacity.bytes {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.kept_bytes -= oldest.bytes.len();
            self.forgotten += 1;
        }
    }

    /// Counts a batch that was refused with a message.
    pub fn reject(&mut self, batch: Incoming<'_>, reason: Reason, message: &str) {
        self.turn_away(batch, reason);
        self.by_endpoint.entry(batch.endpoint).or_default().rejected += 1;
        if self.refusals.len() == REFUSALS {
            self.refusals.pop_front();
        }
        self.refusals.push_back(Refusal {
            endpoint: batch.endpoint,
            source_request_id: batch.id.map(str::to_owned),
            message: message.to_owned(),
        });
    }

    /// Counts a batch that was not processed and not complained about.
    pub fn drop_silently(&mut self, batch: Incoming<'_>) {
        self.turn_away(batch, Reason::Historical);
        self.by_endpoint.entry(batch.endpoint).or_default().dropped += 1;
    }

    /// Notes a batch whose request was refused as a whole.
    pub fn turn_away(&mut self, batch: Incoming<'_>, reason: Reason) {
        match batch.arrival() {
            Some(arrival) => self.ledger.refuse(arrival, reason),
            None => self.ledger.pass(false),
        }
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

    /// Counts a request whose connection a fault closed.
    pub fn cut(&mut self, body_bytes: usize) {
        self.requests.cut += 1;
        self.requests.bytes += body_bytes as u64;
    }

    /// How much may be kept.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// What became of each id.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Batches that were accepted.
    pub fn accepted(&self) -> u64 {
        self.by_endpoint.values().map(|counts| counts.accepted).sum()
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
            refusals: self.refusals.iter().cloned().collect(),
        };
        (received, self.kept.len())
    }
}

impl<'a> Incoming<'a> {
    fn arrival(self) -> Option<Arrival<'a>> {
        Some(Arrival { key: self.key, id: self.id?, digest: self.digest, now_ms: self.now_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(batches: usize, bytes: usize) -> Account {
        Account::new(Capacity { batches, bytes, ids: 100 })
    }

    fn incoming<'a>(key: &'a ApiKey, id: Option<&'a str>, bytes: &'a str) -> Incoming<'a> {
        Incoming { endpoint: Endpoint::Bulk, key, id, digest: 0, bytes: bytes.as_bytes(), now_ms: 0 }
    }

    fn accept(account: &mut Account, bytes: &str) {
        account.accept(incoming(&ApiKey::for_test("key"), None, bytes));
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
    fn a_reset_forgets_ids_too() {
        let mut account = account(10, 1000);
        let key = ApiKey::for_test("key");
        let send = |account: &mut Account| {
            account.accept(incoming(&key, Some("id"), "{}"));
            account.page(0, 0).0.counts
        };
        send(&mut account);
        assert_eq!(send(&mut account), Counts { accepted: 1, duplicate: 1, ..Counts::default() });
        account.reset();
        assert_eq!(send(&mut account), Counts { accepted: 1, ..Counts::default() });
    }

    #[test]
    fn the_latest_refusals_can_be_shown() {
        let mut account = account(10, 1000);
        let key = ApiKey::for_test("key");
        for n in 0..REFUSALS + 5 {
            account.reject(incoming(&key, Some("id"), "{}"), Reason::Invalid, &n.to_string());
        }
        let received = account.page(0, 0).0;
        assert_eq!((received.counts.rejected, received.refusals.len()), (105, 100));
        assert_eq!(received.refusals[0].message, "5");
    }

    #[test]
    fn debug_leaves_the_batch_out() {
        let mut account = account(10, 1000);
        accept(&mut account, r#"{"mail":"a@example.com"}"#);
        assert!(!format!("{:?}", account.page(0, 1)).contains("example.com"));
    }
}
