//! The account of a run.

/// What came of everything that went in.
///
/// `accepted + rejected + not_attempted` is the number of batches that were put in. A batch in pieces counts once, of batches merged into
/// one each counts.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Batches the service took.
    pub accepted: u64,
    /// Batches it refused, and batches whose attempts were spent: each was given to the observer with the reason.
    pub rejected: u64,
    /// Of those rejected, the batches whose attempts were spent.
    pub gave_up: u64,
    /// Batches without an answer because the run was stopped.
    pub not_attempted: u64,
    /// Posts, repeated ones included.
    pub requests: u64,
    /// Posts that repeated an earlier one with the same body.
    pub retries: u64,
    /// Answers that said 429.
    pub throttled: u64,
    /// Bytes of all bodies posted, repeated ones included.
    pub bytes: u64,
    /// The highest use of a limit that the service told of, in percent.
    pub percentage_used: Option<f64>,
    /// The rate that the limiter had come to at the end, in batches a second; none when nothing limits it.
    pub rate: Option<f64>,
    /// Errors of the service that could not be traced to one batch. Their batches count as accepted. At most [`Summary::MAX_NOTES`] are kept.
    pub notes: Vec<Note>,
    /// Notes beyond those kept.
    pub more_notes: u64,
    /// Why the run ended before its input did.
    pub stopped: Option<String>,
}

/// An error within a request that was taken, which is about one of its batches, but the service does not say which.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The lines of the batches it can be about, from 1.
    pub lines: Vec<usize>,
    /// The service's code.
    pub code: String,
    /// The service's own words.
    pub message: String,
}

impl Summary {
    /// How many notes are kept.
    pub const MAX_NOTES: usize = 100;

    /// All batches accounted for.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.accepted + self.rejected + self.not_attempted
    }

    /// Whether every batch was taken and no error is left unexplained.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.rejected == 0 && self.not_attempted == 0 && self.notes.is_empty() && self.stopped.is_none()
    }

    pub(super) fn note(&mut self, note: Note) {
        if self.notes.len() < Self::MAX_NOTES {
            self.notes.push(note);
        } else {
            self.more_notes += 1;
        }
    }
}
