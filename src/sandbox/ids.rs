//! De-duplication: the ids seen of each API key, for 30 days and in bounded memory.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

use super::auth::ApiKey;

/// How long the service promises at least to know an id, in milliseconds.
const WINDOW_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Ids seen lately. Holds a digest of each, so that memory does not depend on their length.
#[derive(Debug)]
pub(super) struct SeenIds {
    capacity: usize,
    known: HashSet<Uuid>,
    in_order: VecDeque<(i64, Uuid)>,
    forgotten: u64,
}

impl SeenIds {
    /// None yet, and at most `capacity` later.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, known: HashSet::new(), in_order: VecDeque::new(), forgotten: 0 }
    }

    /// Notes the id; false when it was seen before.
    pub fn insert(&mut self, key: &ApiKey, id: &str, now_ms: i64) -> bool {
        self.expire(now_ms);
        let digest = digest(key, id);
        if !self.known.insert(digest) {
            return false;
        }
        self.in_order.push_back((now_ms, digest));
        if self.in_order.len() > self.capacity {
            self.forget_oldest();
            self.forgotten += 1;
        }
        true
    }

    /// Ids that were let go for want of room, before their time.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn expire(&mut self, now_ms: i64) {
        while self.in_order.front().is_some_and(|(seen, _)| now_ms.saturating_sub(*seen) > WINDOW_MS) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, digest)) = self.in_order.pop_front() {
            self.known.remove(&digest);
        }
    }
}

/// 128 bits for the pair; the length keeps `ab` + `c` apart from `a` + `bc`.
fn digest(key: &ApiKey, id: &str) -> Uuid {
    let key = key.exposed();
    let name = [&(key.len() as u64).to_le_bytes(), key.as_bytes(), id.as_bytes()].concat();
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_to_its_key_only() {
        let mut ids = SeenIds::new(10);
        let [one, other] = ["ab", "a"].map(ApiKey::for_test);
        assert!(ids.insert(&one, "c", 0));
        assert!(!ids.insert(&one, "c", 0));
        assert!(ids.insert(&other, "c", 0));
        assert!(ids.insert(&other, "bc", 0));
    }

    #[test]
    fn an_id_is_known_for_thirty_days() {
        let mut ids = SeenIds::new(10);
        let key = ApiKey::for_test("key");
        assert!(ids.insert(&key, "id", 5));
        assert!(!ids.insert(&key, "id", WINDOW_MS + 5));
        assert!(ids.insert(&key, "id", WINDOW_MS + 6));
        assert_eq!(ids.forgotten(), 0);
    }

    #[test]
    fn the_oldest_id_goes_when_there_are_too_many() {
        let mut ids = SeenIds::new(2);
        let key = ApiKey::for_test("key");
        for id in ["1", "2", "3"] {
            assert!(ids.insert(&key, id, 0));
        }
        assert_eq!(ids.forgotten(), 1);
        assert!(!ids.insert(&key, "3", 0));
        assert!(ids.insert(&key, "1", 0));
    }
}
