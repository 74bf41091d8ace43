//! Brings requests from the thread that reads and packs them to the sender, a few ahead of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;

use crate::pack::Request;

/// The end that requests are put into; the stream ends when all of its clones are dropped.
#[derive(Clone, Debug)]
pub struct Feed(mpsc::Sender<Request>);

/// The end that a [`Sender`](super::Sender) reads.
#[derive(Debug)]
pub struct Requests(mpsc::Receiver<Request>);

/// A channel that holds so many requests, at least one: reading waits when sending is slower.
///
/// ```
/// use mparticle_events::deliver::{feed, Answer, Sender, Silent, Stop, Transport};
/// use mparticle_events::{Endpoint, input::BatchReader, pack::Packer, validate::Limits};
/// # struct Accepting;
/// # impl Transport for Accepting {
/// #     async fn post(&self, _: Endpoint, _: bytes::Bytes) -> Answer { Answer::status(202) }
/// # }
///
/// let (feed, requests) = feed(8);
/// let reading = std::thread::spawn(move || {
///     let mut packer = Packer::new(Endpoint::Bulk, &Limits::default());
///     for batch in BatchReader::new("{}\n{}\n".as_bytes()) {
///         if let Some(full) = packer.push(batch.unwrap()).unwrap() {
///             feed.send(full).unwrap();
///         }
///     }
///     packer.finish().map(|last| feed.send(last).unwrap());
/// });
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # runtime.block_on(async {
/// let summary = Sender::new(Accepting).run(requests, &Stop::new(), &mut Silent).await;
/// assert_eq!(summary.accepted, 2);
/// # });
/// # reading.join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn feed(capacity: usize) -> (Feed, Requests) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    (Feed(sender), Requests(receiver))
}

impl Feed {
    /// Puts a request in, and blocks while there is no room.
    ///
    /// # Errors
    ///
    /// The request, when the run was dropped and nobody will take it. A run that is stopped still takes it, as not attempted.
    ///
    /// # Panics
    ///
    /// Within an asynchronous task: use [`push`](Self::push) there.
    pub fn send(&self, request: Request) -> Result<(), Box<Request>> {
        self.0.blocking_send(request).map_err(|unsent| Box::new(unsent.0))
    }

    /// Puts a request in, and waits while there is no room.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn push(&self, request: Request) -> Result<(), Box<Request>> {
        self.0.send(request).await.map_err(|unsent| Box::new(unsent.0))
    }
}

impl Stream for Requests {
    type Item = Request;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Request>> {
        self.0.poll_recv(context)
    }
}
