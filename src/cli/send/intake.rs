//! What was read of the inputs so far, shared by the side that reads and the side that sends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ledger::Ledger;
use super::plan::Planned;
use crate::cli::tally::Tally;

/// What was read, known to both sides while it is going on.
#[derive(Debug, Default)]
pub struct Intake {
    /// Batches read.
    pub read: u64,
    /// Findings of the check.
    pub tally: Tally,
    /// Batches held back because they would be refused.
    pub held_back: u64,
    /// Parts of an input that cannot be read, such as a batch that is cut off.
    pub unreadable: u64,
    /// Batches that an earlier run of the same delivery settled.
    pub settled: u64,
    /// Batches handed over to be sent: whole, in pieces, or merged with others.
    pub handed: u64,
    /// Batches that were split or merged.
    pub planned: Planned,
    /// Bytes of the input read.
    pub bytes: u64,
    /// Whether all inputs were read to their end.
    pub complete: bool,
    /// Inputs that could not be used, and why.
    pub failures: Vec<(String, Option<String>)>,
    /// Why no dead letter could be written.
    pub letters_failed: Option<String>,
    /// Where each input begins, when all are thought of as one, and its name.
    pub(super) files: Vec<(u64, String)>,
}

impl Intake {
    /// The input that the byte at `offset` of all of them together comes from.
    #[must_use]
    pub fn file(&self, offset: u64) -> &str {
        self.place(offset).map_or("", |(_, name)| name)
    }

    /// Where that input begins.
    #[must_use]
    pub fn begin(&self, offset: u64) -> u64 {
        self.place(offset).map_or(0, |(start, _)| *start)
    }

    fn place(&self, offset: u64) -> Option<&(u64, String)> {
        let after = self.files.partition_point(|(start, _)| *start <= offset);
        self.files.get(after.saturating_sub(1))
    }
}

/// The intake, shared.
pub type SharedIntake = Arc<Mutex<Intake>>;
/// The dead letters and the journal, shared. Whoever needs both locks this first, the intake after it.
pub type SharedLedger = Arc<Mutex<Ledger>>;

/// Locks. A thread that panicked with the lock has left nothing half done that matters here.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_all_inputs_belongs_to_one_of_them() {
        let intake =
            Intake { files: vec![(0, "a".into()), (10, "b".into()), (25, "c".into())], ..Intake::default() };
        let names: Vec<&str> = [0, 9, 10, 24, 25, 99].iter().map(|offset| intake.file(*offset)).collect();
        assert_eq!(names, ["a", "a", "b", "b", "c", "c"]);
        assert_eq!(Intake::default().file(3), "");
    }
}
