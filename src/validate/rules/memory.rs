//! What rules across batches remember: hashes instead of values, and never more than a fixed number of them.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

use foldhash::quality::FixedState;

use super::places::{self, Places};

/// How many different keys one rule remembers; beyond it the oldest are forgotten. About 12 MB when full,
/// with values of eight bytes.
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

const _: () = assert!(CAPACITY <= places::MOST);

/// Values by hashed key, in the order in which the keys came.
#[derive(Debug)]
pub(super) struct Memory<V> {
    places: Places,
    slots: Vec<(u64, V)>,
    /// The place of the oldest key, once all slots are taken.
    oldest: usize,
    capacity: usize,
    forgot: bool,
    told: bool,
}

impl<V> Memory<V> {
    pub(super) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    pub(super) fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, CAPACITY);
        Self { places: Places::default(), slots: Vec::new(), oldest: 0, capacity, forgot: false, told: false }
    }

    /// What is remembered for the key; `first` is stored when there is nothing yet. True when it was there before.
    #[expect(clippy::indexing_slicing, reason = "places are those of slots, and there is one slot at least")]
    pub(super) fn recall(&mut self, key: u64, first: V) -> (bool, &mut V) {
        let index = match self.places.find(key, &self.slots) {
            Ok(place) => return (true, &mut self.slots[place].1),
            Err(index) => index,
        };
        let place = if self.slots.len() < self.capacity {
            self.slots.push((key, first));
            self.slots.len() - 1
        } else {
            let place = self.oldest;
            self.slots[place] = (key, first);
            self.oldest = (place + 1) % self.capacity;
            self.forgot = true;
            place
        };
        self.places.put(index, key, place, &self.slots);
        (false, &mut self.slots[place].1)
    }

    /// Takes back so many keys that came last and were new. There has been room for them.
    pub(super) fn take_back(&mut self, newest: usize) {
        self.slots.truncate(self.slots.len().saturating_sub(newest));
    }

    /// What is remembered for the key.
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        let place = self.places.find(key, &self.slots).ok()?;
        self.slots.get(place).map(|(_, value)| value)
    }

    /// Whether so many more keys fit without one being forgotten.
    pub(super) fn has_room(&self, more: usize) -> bool {
        self.slots.len().saturating_add(more) <= self.capacity
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

    #[test]
    fn it_remembers_what_a_plain_list_would() {
        let mut memory = Memory::with_capacity(300);
        let mut plain: Vec<(u64, u64)> = Vec::new();
        for number in 0..20_000 {
            let key = hash(hash(number) % 700);
            let known = plain.iter().find(|(other, _)| *other == key).map(|(_, value)| *value);
            assert_eq!(memory.get(key).copied(), known);
            assert_eq!(memory.recall(key, number), (known.is_some(), &mut known.unwrap_or(number)));
            if known.is_none() {
                plain.push((key, number));
            }
            if plain.len() > 300 {
                plain.remove(0);
            } else if known.is_none() && number % 3 == 0 {
                plain.pop();
                memory.take_back(1);
            }
        }
        assert!(memory.forgot());
    }
}
