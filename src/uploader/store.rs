//! What the uploader asks of a place that survives a crash.

use bytes::Bytes;

use super::outcome::{Fate, Ticket};
use super::wire::Wire;

/// Called once, from any thread, when something is on disk or could not be written.
pub(super) type Done = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Keeps batches until they are settled. Methods return at once; the work is done elsewhere, in the order of the calls.
pub(super) trait Store: Send + Sync {
    /// Keeps a batch.
    fn write(&self, ticket: u64, batch: Bytes, done: Done);

    /// The first of these batches becomes all of them, in one step that is on disk before it is done. When that fails, they stay as they are.
    fn merge(&self, apart: Vec<(u64, Wire)>, batch: Bytes, done: Done);

    /// Forgets what is settled; keeps a dead letter of what the service does not have.
    fn settled(&self, tickets: &[Ticket], fate: &Fate, batch: &Bytes);

    /// Done when everything asked before is on disk.
    fn sync(&self, done: Done);
}
