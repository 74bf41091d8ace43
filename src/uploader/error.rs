//! Why a batch was not taken in, or an uploader did not get where it was asked to.

use std::error::Error;
use std::fmt;

use crate::validate::Report;

/// A batch that was not enqueued, and why; the batch is inside.
pub struct EnqueueError<B> {
    pub(super) kind: Kind,
    batch: Box<B>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Invalid(Box<Report>),
    Unreadable(String),
    TooLarge { bytes: usize, limit: usize },
    Full,
    Closed(String),
    Spool(String),
}

impl<B> EnqueueError<B> {
    pub(super) fn new(kind: Kind, batch: B) -> Self {
        Self { kind, batch: Box::new(batch) }
    }

    /// The same error about the batch in another form.
    pub(super) fn about<C>(self, batch: C) -> EnqueueError<C> {
        EnqueueError::new(self.kind, batch)
    }

    /// The batch, as it was given.
    #[must_use]
    pub fn into_batch(self) -> B {
        *self.batch
    }

    /// What the check found, when that is why.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match &self.kind {
            Kind::Invalid(report) => Some(report),
            _ => None,
        }
    }

    /// The batch itself is at fault: it will never be taken in.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind, Kind::Invalid(_) | Kind::Unreadable(_) | Kind::TooLarge { .. })
    }

    /// There is no room now: wait with [`enqueue`](super::Uploader::enqueue), or drop load.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, Kind::Full)
    }

    /// The uploader takes nothing any more: it was shut down, or it stopped because nothing can pass (a wrong key).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed(_))
    }

    /// The batch could not be written to the spool.
    #[must_use]
    pub fn is_spool(&self) -> bool {
        matches!(self.kind, Kind::Spool(_))
    }
}

impl<B> fmt::Display for EnqueueError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Invalid(report) => write!(f, "the batch would be refused: {report}"),
            Kind::Unreadable(why) => write!(f, "the batch cannot be sent: {why}"),
            Kind::TooLarge { bytes, limit } => write!(
                f,
                "the batch takes {bytes} bytes with its id, the service allows {limit}; split its events over several batches"
            ),
            Kind::Full => {
                f.write_str("the uploader is full; wait for room, or raise max_batches or max_bytes")
            }
            Kind::Closed(why) => write!(f, "the uploader takes no more batches: {why}"),
            Kind::Spool(why) => write!(f, "the batch could not be written to the spool: {why}"),
        }
    }
}

impl<B> fmt::Debug for EnqueueError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the batch: it is personal data.
        f.debug_struct("EnqueueError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<B> Error for EnqueueError<B> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Invalid(report) => Some(report),
            _ => None,
        }
    }
}

/// Not everything was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotFlushed {
    /// Batches, of those enqueued before, that are not settled.
    pub left: u64,
    /// Why the uploader stopped, when it did; else the time was up.
    pub stopped: Option<String>,
}

impl fmt::Display for NotFlushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stopped {
            Some(why) => write!(f, "{} batches are not delivered: {why}", self.left),
            None => write!(f, "{} batches are not delivered yet: the time was up", self.left),
        }
    }
}

impl Error for NotFlushed {}

/// An uploader that could not be started.
#[derive(Debug)]
pub struct StartError {
    pub(super) message: String,
    pub(super) in_use: bool,
    pub(super) source: Option<Box<dyn Error + Send + Sync>>,
}

impl StartError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), in_use: false, source: None }
    }

    /// Another process, or another uploader of this one, has the spool.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.in_use
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
