//! Finds the place of a key in a list; for a key that is not there, one cache line is read.

/// Bits of an entry that hold a place; the others hold bits of the key, so that other keys are hardly ever looked at.
const PLACE_BITS: u32 = 19;

/// How many places there can be.
pub(super) const MOST: usize = (1 << PLACE_BITS) - 1;

/// Bits of a key that say where the search for it begins: of a full list, half of the entries are free.
const HOME_BITS: u32 = PLACE_BITS + 1;

const FEWEST: usize = 64;
const FREE: u32 = 0;

/// A hash table of places with linear probing, for keys that are hashes already. The keys themselves are in a list of
/// the owner's.
///
/// An entry stays when its key has left the list: the list tells whether an entry still holds, and those that don't
/// go when all keys are entered anew.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// None yet, or a power of two of them. Each is free, or bits of a key and its place plus one.
    entries: Vec<u32>,
    /// Entries that are not free.
    used: usize,
}

impl Places {
    /// The place of the key, or else the index to [`Places::put`] it at.
    #[inline]
    pub(super) fn find<V>(&self, key: u64, list: &[(u64, V)]) -> Result<usize, usize> {
        let mut index = self.home(key);
        loop {
            let entry = self.entries.get(index).copied().unwrap_or(FREE);
            if entry == FREE {
                return Err(index);
            }
            let place = (entry as usize & MOST) - 1;
            if entry >> PLACE_BITS == bits_of(key) && list.get(place).is_some_and(|(other, _)| *other == key)
            {
                return Ok(place);
            }
            index = self.wrap(index + 1);
        }
    }

    /// Enters a key that is in the list by now.
    pub(super) fn put<V>(&mut self, index: usize, key: u64, place: usize, list: &[(u64, V)]) {
        // With more in use, the way to a free entry is long.
        let most = self.entries.len() / 4 * 3;
        match self.entries.get_mut(index) {
            Some(entry) if self.used < most => {
                *entry = entry_of(key, place);
                self.used += 1;
            }
            _ => self.enter_all(list),
        }
    }

    /// Makes room for a few times more. The list is read from end to end, which is quick.
    #[cold]
    fn enter_all<V>(&mut self, list: &[(u64, V)]) {
        let size = (list.len() * 4).next_power_of_two().clamp(FEWEST, 1 << HOME_BITS);
        self.entries = Vec::new();
        self.entries = vec![FREE; size];
        self.used = list.len();
        for (place, (key, _)) in list.iter().enumerate() {
            let mut index = self.home(*key);
            while self.entries.get(index).is_some_and(|entry| *entry != FREE) {
                index = self.wrap(index + 1);
            }
            if let Some(entry) = self.entries.get_mut(index) {
                *entry = entry_of(*key, place);
            }
        }
    }

    /// Where the search for a key begins.
    fn home(&self, key: u64) -> usize {
        self.wrap((key >> (64 - HOME_BITS)) as usize)
    }

    fn wrap(&self, index: usize) -> usize {
        index & self.entries.len().wrapping_sub(1)
    }
}

/// Other bits than those that a search begins with.
fn bits_of(key: u64) -> u32 {
    key as u32 & (u32::MAX >> PLACE_BITS)
}

fn entry_of(key: u64, place: usize) -> u32 {
    bits_of(key) << PLACE_BITS | (place as u32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_the_same_bits_are_told_apart_also_past_the_end() {
        let mut places = Places::default();
        // All begin at the last entry, and every second has the bits that the first has.
        let list: Vec<(u64, ())> = (0..40_u64).map(|n| (u64::MAX << 44 | n << 20 | n & 1, ())).collect();
        for (place, (key, ())) in list.iter().enumerate() {
            let index = places.find(*key, &list[..place]).unwrap_err();
            places.put(index, *key, place, &list[..=place]);
        }
        assert!(list.iter().enumerate().all(|(place, (key, ()))| places.find(*key, &list) == Ok(place)));
        assert!(places.find(u64::MAX << 44 | 40 << 20, &list).is_err());
    }
}
