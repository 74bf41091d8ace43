//! What became of ids, as it is shown.

use serde::Serialize;

/// What became of one id of one key. `arrivals` is the sum of `taken`, `duplicates` and `refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AccountEntry {
    /// The `source_request_id`; absent when it is longer than 128 bytes.
    pub id: Option<String>,
    /// Of an id that is absent, a digest: the version 5 UUID of the object namespace and of the length of the key in
    /// eight bytes (little endian), the key, and the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_digest: Option<String>,
    /// The API key, masked.
    pub api_key: String,
    /// XXH3 (64 bits, in hexadecimal digits) of the batch that was taken; until one is, of the latest that came.
    pub digest: String,
    /// Whether batches with other bytes came with the same id: whichever came second was lost.
    pub differed: bool,
    /// Times it was taken: 0 or 1, and more only when the service would have forgotten it meanwhile.
    pub taken: u32,
    /// Times it came. Counts to 65,535, like the others.
    pub arrivals: u32,
    /// Times it was answered as if taken, and was known already.
    pub duplicates: u32,
    /// Times it was not taken, whatever the answer was.
    pub refused: u32,
    /// Why it was not taken when it last was not: `invalid`, `historical`, `partial`, `rate-limit`, `drop-before`, or the
    /// status of a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_because: Option<String>,
}

/// Sums over all ids, those that were let go included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AccountTotals {
    /// Ids in the account.
    pub ids: u64,
    /// Ids that were let go for want of room, oldest first: these would be taken again.
    pub forgotten: u64,
    /// Batches that came, with an id or without.
    pub arrivals: u64,
    /// Batches that were taken.
    pub taken: u64,
    /// Batches that were answered as if taken, and were known already.
    pub duplicates: u64,
    /// Batches that were not taken, whatever the answer was.
    pub refused: u64,
    /// Batches that came without an id; they are in the sums only.
    pub without_id: u64,
}
