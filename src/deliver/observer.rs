//! What a run tells those who watch it, as it happens.

use std::io;
use std::time::Duration;

use super::{Note, Summary};
use crate::pack::{Member, Part, Reason, Request};

/// One batch that was not delivered, and why.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rejection<'a> {
    /// Where it comes from.
    pub part: &'a Part,
    /// Which of the batches that were merged into the part this is about, from 0; nothing when it is about the part as a whole.
    pub member: Option<usize>,
    /// Its bytes, ready to be sent again: as they were in the input, or those of the piece.
    pub batch: Vec<u8>,
    /// The bytes of the part as they were sent.
    pub sent: &'a [u8],
    /// Why.
    pub reason: Reason,
    /// The service's code, such as `BAD_REQUEST`.
    pub code: Option<String>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// The service's own words, or what went wrong.
    pub message: String,
    /// How often it was posted.
    pub attempts: u32,
}

impl Rejection<'_> {
    /// The line of its first byte in the input, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.merged().map_or(self.part.line, |member| member.line)
    }

    /// Bytes from the start of the input.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.merged().map_or(self.part.offset, |member| member.offset)
    }

    /// The one of several merged batches that this is about.
    #[must_use]
    pub fn merged(&self) -> Option<&Member> {
        self.part.origin.members().get(self.member?)
    }

    /// Whether nothing more will be told of the part: false for all but the last of the batches that were merged into it. Who keeps
    /// a journal of parts enters this one when it is true.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.member.is_none_or(|member| member + 1 >= self.part.origin.members().len())
    }
}

/// A request that will be posted again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Retry<'a> {
    /// The request.
    pub request: &'a Request,
    /// How often it was posted so far.
    pub attempt: u32,
    /// The wait until it is posted again.
    pub wait: Duration,
    /// What went wrong.
    pub message: String,
}

/// Watches a run. All methods have a body that does nothing.
///
/// Every [`Part`] of a request is reported to one of `accepted`, `rejected`, `not_attempted`, and once. The one exception is a part into
/// which several batches were merged and which the service refused: then `rejected` is called for each of those batches in turn, so that
/// each can be mended and sent by itself ([`Rejection::is_last`]). When the attempts for it were spent it is called once, and the merged
/// batch has to be sent again as it is: under any other id it could be counted twice.
///
/// A part is not always a batch of the input: see [`Origin`](crate::pack::Origin). The [`Summary`] counts those.
///
/// An error from one of the methods stops the run: what is in flight gets its answer, nothing else is sent, and [`Summary::stopped`] says
/// why.
pub trait Observer {
    /// These batches of one request, next to each other in it, were taken.
    ///
    /// # Errors
    ///
    /// When that could not be written down: the run stops.
    fn accepted(&mut self, request: &Request, parts: &[Part]) -> io::Result<()> {
        let _ = (request, parts);
        Ok(())
    }

    /// This batch, piece or merged batch was not taken.
    ///
    /// # Errors
    ///
    /// When that could not be written down: the run stops.
    fn rejected(&mut self, rejection: &Rejection<'_>) -> io::Result<()> {
        let _ = rejection;
        Ok(())
    }

    /// One of the batches of this request was refused and the others taken, and the service does not say which. Told before those parts
    /// of the request that no error could be traced to are told as accepted; also of what is beyond [`Summary::MAX_NOTES`].
    ///
    /// # Errors
    ///
    /// When that could not be written down: the run stops.
    fn untraced(&mut self, request: &Request, note: &Note) -> io::Result<()> {
        let _ = (request, note);
        Ok(())
    }

    /// The run ended before there was an answer for this request.
    ///
    /// # Errors
    ///
    /// When that could not be written down.
    fn not_attempted(&mut self, request: &Request) -> io::Result<()> {
        let _ = request;
        Ok(())
    }

    /// A request will be posted again.
    fn retry(&mut self, retry: &Retry<'_>) {
        let _ = retry;
    }

    /// The counts so far, after each request that is done.
    fn progress(&mut self, so_far: &Summary) {
        let _ = so_far;
    }
}

/// Watches without a word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn accepted(&mut self, request: &Request, parts: &[Part]) -> io::Result<()> {
        (**self).accepted(request, parts)
    }

    fn rejected(&mut self, rejection: &Rejection<'_>) -> io::Result<()> {
        (**self).rejected(rejection)
    }

    fn untraced(&mut self, request: &Request, note: &Note) -> io::Result<()> {
        (**self).untraced(request, note)
    }

    fn not_attempted(&mut self, request: &Request) -> io::Result<()> {
        (**self).not_attempted(request)
    }

    fn retry(&mut self, retry: &Retry<'_>) {
        (**self).retry(retry);
    }

    fn progress(&mut self, so_far: &Summary) {
        (**self).progress(so_far);
    }
}
