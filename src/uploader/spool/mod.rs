//! The spool: batches on disk until they are settled, and dead letters until they are read.

mod file;
mod work;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use file::SpooledLetter;
pub(super) use file::{Opened, open};

/// How the spool does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It can be written again.
    Well,
    /// It cannot be written for now, such as on a full disk.
    Failing,
    /// Nor will it be, and nobody waits to be told why.
    Broken(String),
}

/// Told when that changes.
type OnHealth = Arc<dyn Fn(Health) + Send + Sync>;

/// When a batch is safe on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Before it counts as enqueued: neither a crash nor a power cut loses it. Tasks that enqueue at the same time share one
    /// synchronisation of the disk, so the rate grows with their number.
    Immediate,
    /// At the latest after this time: a crash or a power cut loses what was enqueued within it.
    Every(Duration),
}

/// Where and how an uploader keeps its batches on disk.
///
/// The file holds batches as they are sent, which is personal data: on Unix it is made readable for its owner only.
///
/// ```
/// use std::time::Duration;
/// use mparticle_events::uploader::{Durability, Spool};
///
/// let spool = Spool::at("/var/lib/shop/events.spool").durability(Durability::Every(Duration::from_millis(100)));
/// ```
#[derive(Clone, Debug)]
pub struct Spool {
    pub(super) path: PathBuf,
    pub(super) durability: Durability,
    pub(super) max_dead_letters: u64,
}

impl Spool {
    /// A spool in this file, which is made when it is not there; each batch is on disk when `enqueue` returns.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), durability: Durability::Immediate, max_dead_letters: 10_000 }
    }

    /// When a batch is safe on disk. Default: [`Durability::Immediate`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The most dead letters kept; beyond it, further ones only go to the callback, with a warning. Default: 10 000.
    #[must_use]
    pub fn max_dead_letters(mut self, letters: u64) -> Self {
        self.max_dead_letters = letters;
        self
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes all dead letters out of a spool that no uploader has open, in the order they came.
    ///
    /// # Errors
    ///
    /// As [`UploaderBuilder::start`](super::UploaderBuilder::start).
    pub fn take_dead_letters(&self) -> Result<Vec<SpooledLetter>, super::StartError> {
        file::take_dead_letters(self)
    }
}
