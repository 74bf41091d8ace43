//! What became of each `source_request_id`: exact, de-duplicating, and about 50 bytes an id.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use uuid::Uuid;

use super::auth::ApiKey;
use super::entry::{AccountEntry, AccountTotals};
use super::reason::Reason;

/// How long the service promises at least to know an id, in seconds.
const WINDOW_S: u32 = 30 * 24 * 60 * 60;
/// Longer ids are kept as a digest.
const MAX_TEXT: usize = 128;

/// A batch with an id, as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    /// The key it was sent with.
    pub key: &'a ApiKey,
    /// Its `source_request_id`.
    pub id: &'a str,
    /// XXH3 of its bytes.
    pub digest: u64,
    /// When, Unix milliseconds.
    pub now_ms: i64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// A UUID, a digest, or the place of a text (eight bytes) and its length.
    id: [u8; 16],
    digest: u64,
    key: u32,
    /// When it was taken last, Unix seconds.
    taken_at_s: u32,
    arrivals: u16,
    refused: u16,
    reason: u8,
    taken: u8,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Uuid { differed: bool },
    Text { differed: bool },
    Digest { differed: bool },
}

/// An id on its way to be looked up.
#[derive(Clone, Copy, Debug)]
enum Id<'a> {
    Uuid([u8; 16]),
    Text(&'a str),
    Digest([u8; 16]),
}

/// All ids, in the order in which they first came.
#[derive(Debug)]
pub(super) struct Ledger {
    limit: usize,
    keys: Vec<ApiKey>,
    entries: VecDeque<Entry>,
    /// Texts of ids, in the order of the entries, and how many bytes were let go before the first.
    text: VecDeque<u8>,
    text_start: u64,
    /// The number of an entry's arrival, by its key and id; wraps around.
    index: HashTable<u32>,
    hasher: RandomState,
    totals: AccountTotals,
}

impl Ledger {
    /// Nothing yet, and at most `limit` ids later.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.min(u32::MAX as usize / 2),
            keys: Vec::new(),
            entries: VecDeque::new(),
            text: VecDeque::new(),
            text_start: 0,
            index: HashTable::new(),
            hasher: RandomState::new(),
            totals: AccountTotals::default(),
        }
    }

    /// Ids that fit.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Takes a batch; false when its id is known already.
    pub fn take(&mut self, arrival: Arrival<'_>) -> bool {
        let now_s = u32::try_from(arrival.now_ms.div_euclid(1000)).unwrap_or(0);
        let entry = self.arrive(arrival);
        let is_known = entry.taken > 0 && now_s.saturating_sub(entry.taken_at_s) <= WINDOW_S;
        if !is_known {
            entry.taken = entry.taken.saturating_add(1);
            entry.taken_at_s = now_s;
        }
        self.count(!is_known);
        self.make_room();
        !is_known
    }

    /// Notes a batch that is not taken.
    pub fn refuse(&mut self, arrival: Arrival<'_>, reason: Reason) {
        let entry = self.arrive(arrival);
        entry.refused = entry.refused.saturating_add(1);
        entry.reason = reason.code();
        self.totals.arrivals += 1;
        self.totals.refused += 1;
        self.make_room();
    }

    /// Counts a batch without an id.
    pub fn pass(&mut self, is_taken: bool) {
        self.totals.without_id += 1;
        self.totals.arrivals += 1;
        if is_taken {
            self.totals.taken += 1;
        } else {
            self.totals.refused += 1;
        }
    }

    /// The sums.
    pub fn totals(&self) -> AccountTotals {
        AccountTotals { ids: self.entries.len() as u64, ..self.totals }
    }

    /// Up to `limit` entries from the one with this number on (0 for the first that ever came), and the number to go on
    /// with.
    pub fn page(&self, from: u64, limit: usize) -> (Vec<AccountEntry>, u64) {
        let first = self.totals.forgotten;
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        let entries: Vec<_> =
            self.entries.iter().skip(skip).take(limit).map(|entry| self.view(entry)).collect();
        let next = from.max(first) + entries.len() as u64;
        (entries, next)
    }

    /// The entries of an id, one for each key that it came with.
    pub fn find(&self, id: &str) -> Vec<AccountEntry> {
        let keys = self.keys.iter().zip(0_u32..);
        let found = keys.filter_map(|(key, number)| {
            let position = self.position(number, Id::of(key, id))?;
            self.entries.get(position).map(|entry| self.view(entry))
        });
        found.collect()
    }

    fn count(&mut self, is_new: bool) {
        self.totals.arrivals += 1;
        if is_new {
            self.totals.taken += 1;
        } else {
            self.totals.duplicates += 1;
        }
    }

    /// The entry of a batch that just came, made if need be.
    fn arrive(&mut self, arrival: Arrival<'_>) -> &mut Entry {
        let key = self.key(arrival.key);
        let id = Id::of(arrival.key, arrival.id);
        let position = match self.position(key, id) {
            Some(position) => position,
            None => self.insert(key, id),
        };
        // `insert` has just pushed it, or `position` found it.
        #[allow(clippy::indexing_slicing)]
        let entry = &mut self.entries[position];
        if entry.arrivals > 0 && entry.digest != arrival.digest {
            entry.form = entry.form.differing();
        }
        if entry.taken == 0 {
            entry.digest = arrival.digest;
        }
        entry.arrivals = entry.arrivals.saturating_add(1);
        entry
    }

    fn key(&mut self, key: &ApiKey) -> u32 {
        let known = self.keys.iter().position(|known| known == key);
        let position = known.unwrap_or_else(|| {
            self.keys.push(key.clone());
            self.keys.len() - 1
        });
        u32::try_from(position).unwrap_or(u32::MAX)
    }

    fn insert(&mut self, key: u32, id: Id<'_>) -> usize {
        let position = self.entries.len();
        let (bytes, form) = match id {
            Id::Uuid(bytes) => (bytes, Form::Uuid { differed: false }),
            Id::Digest(bytes) => (bytes, Form::Digest { differed: false }),
            Id::Text(text) => {
                let place = self.text_start + self.text.len() as u64;
                self.text.extend(text.as_bytes());
                let bytes = u128::from(place) | (text.len() as u128) << 64;
                (bytes.to_le_bytes(), Form::Text { differed: false })
            }
        };
        let entry = Entry {
            id: bytes,
            digest: 0,
            key,
            taken_at_s: 0,
            arrivals: 0,
            refused: 0,
            reason: 0,
            taken: 0,
            form,
        };
        self.entries.push_back(entry);
        let hash = self.hash(key, id);
        let number = low_bits(self.totals.forgotten + position as u64);
        // Taken out for the moment, so that the rest can be read while it grows.
        let mut index = std::mem::take(&mut self.index);
        index.insert_unique(hash, number, |number| self.hash_of(*number));
        self.index = index;
        position
    }

    fn make_room(&mut self) {
        while self.entries.len() > self.limit {
            let Some(oldest) = self.entries.front().copied() else { return };
            let first = low_bits(self.totals.forgotten);
            if let Ok(found) = self.index.find_entry(self.hash_of(first), |number| *number == first) {
                found.remove();
            }
            if let Form::Text { .. } = oldest.form {
                let length = oldest.text().1;
                self.text.drain(..length.min(self.text.len()));
                self.text_start += length as u64;
            }
            self.entries.pop_front();
            self.totals.forgotten += 1;
        }
    }

    fn position(&self, key: u32, id: Id<'_>) -> Option<usize> {
        let found = self.index.find(self.hash(key, id), |number| {
            self.entry(*number).is_some_and(|entry| {
                entry.key == key
                    && match (id, entry.form) {
                        (Id::Uuid(bytes), Form::Uuid { .. }) => entry.id == bytes,
                        (Id::Digest(bytes), Form::Digest { .. }) => entry.id == bytes,
                        (Id::Text(text), Form::Text { .. }) => self.text(entry).eq(text.bytes()),
                        _ => false,
                    }
            })
        });
        found.map(|number| self.place(*number))
    }

    fn place(&self, number: u32) -> usize {
        number.wrapping_sub(low_bits(self.totals.forgotten)) as usize
    }

    fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(self.place(number))
    }

    fn text(&self, entry: &Entry) -> impl Iterator<Item = u8> {
        let (start, length) = entry.text();
        let start = usize::try_from(start.saturating_sub(self.text_start)).unwrap_or(usize::MAX);
        let end = start.saturating_add(length).min(self.text.len());
        self.text.range(start.min(end)..end).copied()
    }

    fn hash(&self, key: u32, id: Id<'_>) -> u64 {
        match id {
            Id::Uuid(bytes) | Id::Digest(bytes) => self.hasher.hash_one((key, bytes.as_slice())),
            Id::Text(text) => self.hasher.hash_one((key, text.as_bytes())),
        }
    }

    fn hash_of(&self, number: u32) -> u64 {
        let Some(entry) = self.entry(number) else { return 0 };
        match entry.form {
            Form::Uuid { .. } | Form::Digest { .. } => self.hasher.hash_one((entry.key, entry.id.as_slice())),
            Form::Text { .. } => {
                let mut text = [0; MAX_TEXT];
                let mut length = 0;
                for (slot, byte) in text.iter_mut().zip(self.text(entry)) {
                    *slot = byte;
                    length += 1;
                }
                self.hasher.hash_one((entry.key, text.get(..length).unwrap_or_default()))
            }
        }
    }

    fn view(&self, entry: &Entry) -> AccountEntry {
        let uuid = || Uuid::from_bytes(entry.id).hyphenated().to_string();
        let (id, id_digest, differed) = match entry.form {
            Form::Uuid { differed } => (Some(uuid()), None, differed),
            Form::Digest { differed } => (None, Some(uuid()), differed),
            Form::Text { differed } => {
                let bytes: Vec<u8> = self.text(entry).collect();
                (Some(String::from_utf8_lossy(&bytes).into_owned()), None, differed)
            }
        };
        let [taken, arrivals, refused] =
            [u32::from(entry.taken), u32::from(entry.arrivals), u32::from(entry.refused)];
        AccountEntry {
            id,
            id_digest,
            api_key: self.keys.get(entry.key as usize).map(ApiKey::masked).unwrap_or_default(),
            digest: format!("{:016x}", entry.digest),
            differed,
            taken,
            arrivals,
            duplicates: arrivals.saturating_sub(taken).saturating_sub(refused),
            refused,
            refused_because: Reason::of_code(entry.reason).map(|reason| reason.to_string()),
        }
    }
}

impl Entry {
    /// Of an id that is kept as text: where it is, and how long.
    fn text(&self) -> (u64, usize) {
        let bytes = u128::from_le_bytes(self.id);
        let place = u64::try_from(bytes & u128::from(u64::MAX)).unwrap_or(0);
        (place, usize::try_from(bytes >> 64).unwrap_or(0))
    }
}

impl Form {
    fn differing(self) -> Self {
        match self {
            Self::Uuid { .. } => Self::Uuid { differed: true },
            Self::Text { .. } => Self::Text { differed: true },
            Self::Digest { .. } => Self::Digest { differed: true },
        }
    }
}

impl<'a> Id<'a> {
    fn of(key: &ApiKey, id: &'a str) -> Self {
        let mut written = Uuid::encode_buffer();
        match Uuid::try_parse(id) {
            // Only what can be written again just so.
            Ok(uuid) if uuid.hyphenated().encode_lower(&mut written) == id => Self::Uuid(uuid.into_bytes()),
            _ if id.len() <= MAX_TEXT => Self::Text(id),
            _ => Self::Digest(digest(key, id).into_bytes()),
        }
    }
}

fn low_bits(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(0)
}

/// 128 bits for the pair; the length keeps `ab` + `c` apart from `a` + `bc`.
fn digest(key: &ApiKey, id: &str) -> Uuid {
    let key = key.exposed();
    let name = [&(key.len() as u64).to_le_bytes(), key.as_bytes(), id.as_bytes()].concat();
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &name)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
