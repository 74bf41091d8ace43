//! What rules across batches remember: hashes instead of values, and never more than a fixed number of them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

use foldhash::quality::FixedState;

/// How many different keys one rule remembers; beyond it the oldest are forgotten. About 25 MB when full.
pub(super) const CAPACITY: usize = 500_000;

/// A set of hashes.
pub(super) type Hashes = HashSet<u64, BuildHasherDefault<Hashed>>;

/// For keys that are hashes already.
#[derive(Debug, Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash((self.0, bytes));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Values by hashed key, in the order in which the keys came.
#[derive(Debug)]
pub(super) struct Memory<V> {
    values: HashMap<u64, V, BuildHasherDefault<Hashed>>,
    order: VecDeque<u64>,
    capacity: usize,
    forgot: bool,
    told: bool,
}

impl<V> Memory<V> {
    pub(super) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { values: HashMap::default(), order: VecDeque::new(), capacity, forgot: false, told: false }
    }

    /// What is remembered for the key; `first` is stored when there is nothing yet. True when it was there before.
    pub(super) fn recall(&mut self, key: u64, first: V) -> (bool, &mut V) {
        if self.order.len() >= self.capacity && !self.values.contains_key(&key) {
            if let Some(oldest) = self.order.pop_front() {
                self.values.remove(&oldest);
            }
            self.forgot = true;
        }
        match self.values.entry(key) {
            Entry::Occupied(known) => (true, known.into_mut()),
            Entry::Vacant(free) => {
                self.order.push_back(key);
                (false, free.insert(first))
            }
        }
    }

    /// Takes back so many keys that came last and were new. There has been room for them.
    pub(super) fn take_back(&mut self, newest: usize) {
        for _ in 0..newest {
            if let Some(key) = self.order.pop_back() {
                self.values.remove(&key);
            }
        }
    }

    /// What is remembered for the key.
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        self.values.get(&key)
    }

    /// Whether so many more keys fit without one being forgotten.
    pub(super) fn has_room(&self, more: usize) -> bool {
        self.order.len().saturating_add(more) <= self.capacity
    }

    /// Whether so many more keys fit without a word about those that are forgotten.
    pub(super) fn stays_silent(&self, more: usize) -> bool {
        self.told || (!self.forgot && self.has_room(more))
    }

    /// Whether a key was forgotten.
    pub(super) fn forgot(&self) -> bool {
        self.forgot
    }

    /// True once, after the first key was forgotten: from then on the check is no longer complete.
    pub(super) fn just_overflowed(&mut self) -> bool {
        let now = self.forgot && !self.told;
        self.told |= now;
        now
    }
}

/// The same hash on every run; two different keys in a million share one with a chance of 1 in 10^7.
#[inline]
pub(in crate::validate) fn hash(key: impl Hash) -> u64 {
    FixedState::default().hash_one(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_key_is_forgotten_first_and_told_once() {
        let mut memory = Memory::with_capacity(2);
        assert!(!memory.recall(1, "a").0);
        assert!(!memory.recall(2, "b").0);
        assert_eq!(memory.recall(1, "x"), (true, &mut "a"));
        assert!(!memory.just_overflowed());
        assert!(!memory.recall(3, "c").0);
        assert!(memory.just_overflowed());
        assert!(!memory.just_overflowed());
        assert!(memory.recall(2, "x").0);
        assert!(!memory.recall(1, "again").0);
    }

    #[test]
    fn new_keys_can_be_taken_back() {
        let mut memory = Memory::with_capacity(3);
        for key in [1, 2, 3] {
            memory.recall(key, "a");
        }
        memory.take_back(2);
        assert!(memory.get(1).is_some() && memory.get(2).is_none() && memory.get(3).is_none());
        assert!(memory.has_room(2) && !memory.has_room(3) && !memory.forgot());
    }
}
