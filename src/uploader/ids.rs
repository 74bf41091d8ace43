//! The `source_request_id` of batches that come without one.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::pack::RequestIds;

/// Makes ids that nobody else makes: of a random number that is drawn once, of the place among all that were enqueued, and of the bytes.
///
/// To draw one for each batch is a call of the system, which takes as long as half of the check. And a generator in this process
/// would give the same numbers in two processes after a fork, to batches that differ: the service would keep one of them.
pub(super) struct Ids {
    ids: RequestIds,
    next: AtomicU64,
}

impl Default for Ids {
    fn default() -> Self {
        Self { ids: RequestIds::with_namespace(Uuid::new_v4()), next: AtomicU64::new(0) }
    }
}

impl Ids {
    /// The id of the next batch.
    pub(super) fn next(&self, batch: &[u8]) -> Uuid {
        self.ids.id_at(self.next.fetch_add(1, Ordering::Relaxed), batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_batches_get_the_same_id() {
        let (one, other) = (Ids::default(), Ids::default());
        let of = |ids: &Ids| [ids.next(b"{}"), ids.next(b"{}"), ids.next(b"{ }")];
        let mut all = [of(&one), of(&other)].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn after_a_fork_batches_that_differ_get_different_ids() {
        let parent = Ids::default();
        let child = Ids { ids: parent.ids, next: AtomicU64::new(0) };
        assert_ne!(parent.next(b"{\"mpid\":1}"), child.next(b"{\"mpid\":2}"));
    }
}
