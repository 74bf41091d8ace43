//! The handle that a service keeps: takes batches in, flushes, shuts down.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit, TryAcquireError, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::builder::UploaderBuilder;
use super::error::{EnqueueError, Kind, NotFlushed};
use super::hold::Stage;
use super::metrics::Counter;
use super::outcome::{Ticket, Undelivered};
use super::shared::{LONGEST, Shared};
use super::store::{Done, Store};
use super::wire::{Wire, has_own_id};
use crate::deliver::Transport;
use crate::input::scan;
use crate::types::Batch;

/// Bytes for which there is room when a batch is written as JSON: most need no more, and few that are held waste it.
const LIKELY: usize = 1024;

/// Takes batches in and delivers them in the background; see the [module](super) for what it guarantees.
///
/// Clones are handles to the same uploader.
#[derive(Clone)]
pub struct Uploader(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    task: Mutex<JoinHandle<()>>,
}

impl Uploader {
    /// An uploader that posts with this transport, such as a [`Client`](crate::client::Client), to be set up and started.
    pub fn builder<T: Transport + 'static>(transport: T) -> UploaderBuilder<T> {
        UploaderBuilder::new(transport)
    }

    pub(super) fn new(shared: Arc<Shared>, task: JoinHandle<()>) -> Self {
        Self(Arc::new(Inner { shared, task: Mutex::new(task) }))
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// Takes a batch in; waits while there is no room. With a spool, it is on disk when this returns.
    ///
    /// A batch that comes without a `source_request_id` gets one. Dropping the future while it waits for room leaves the batch out;
    /// dropping it while the spool is written may leave it in.
    ///
    /// # Errors
    ///
    /// The check finds an error, or the batch is too large; the uploader is closed; the spool cannot be written. The batch is inside.
    pub async fn enqueue(&self, batch: Batch) -> Result<Ticket, EnqueueError<Batch>> {
        match self.serialize(&batch) {
            Ok(bytes) => self.enqueue_bytes(bytes).await.map_err(|error| error.about(batch)),
            Err(kind) => Err(EnqueueError::new(kind, batch)),
        }
    }

    /// Takes the bytes of one batch in, as they are; else as [`enqueue`](Self::enqueue).
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub async fn enqueue_bytes(&self, batch: impl Into<Bytes>) -> Result<Ticket, EnqueueError<Bytes>> {
        let batch = batch.into();
        let wire = match self.check(&batch) {
            Ok(wire) => wire,
            Err(kind) => return Err(EnqueueError::new(kind, batch)),
        };
        let result = match self.make_room(&wire).await {
            Ok(()) => self.put(wire).await,
            Err(kind) => Err(kind),
        };
        result.map(Ticket).map_err(|kind| EnqueueError::new(kind, batch))
    }

    /// Takes a batch in, when there is room for it now.
    ///
    /// With a spool this blocks the thread until the batch is on disk: in asynchronous code, use [`enqueue`](Self::enqueue) then.
    ///
    /// # Errors
    ///
    /// There is no room ([`is_full`](EnqueueError::is_full)); else as [`enqueue`](Self::enqueue).
    pub fn try_enqueue(&self, batch: Batch) -> Result<Ticket, EnqueueError<Batch>> {
        match self.serialize(&batch) {
            Ok(bytes) => self.try_enqueue_bytes(bytes).map_err(|error| error.about(batch)),
            Err(kind) => Err(EnqueueError::new(kind, batch)),
        }
    }

    /// Takes the bytes of one batch in, when there is room for them now; else as [`try_enqueue`](Self::try_enqueue).
    ///
    /// # Errors
    ///
    /// As [`try_enqueue`](Self::try_enqueue).
    pub fn try_enqueue_bytes(&self, batch: impl Into<Bytes>) -> Result<Ticket, EnqueueError<Bytes>> {
        let batch = batch.into();
        let result = self.check(&batch).and_then(|wire| self.try_put(wire));
        result.map(Ticket).map_err(|kind| EnqueueError::new(kind, batch))
    }

    fn serialize(&self, batch: &Batch) -> Result<Vec<u8>, Kind> {
        let mut bytes = Vec::with_capacity(LIKELY);
        let written = serde_json::to_writer(&mut bytes, batch);
        written.map(|()| bytes).map_err(|error| match &self.shared().settings.validator {
            Some(validator) => Kind::Invalid(Box::new(validator.check(batch))),
            None => Kind::Unreadable(error.to_string()),
        })
    }

    /// Finds out whether a batch can be sent, and whether it needs an id.
    fn check(&self, batch: &Bytes) -> Result<Wire, Kind> {
        let settings = &self.shared().settings;
        let own = match &settings.validator {
            // Good JSON, and an object.
            Some(validator) if validator.accepts(batch) => has_own_id(batch),
            validator => {
                let report = validator.as_ref().map(|validator| validator.check_bytes(batch));
                if let Some(report) = report.filter(crate::validate::Report::has_errors) {
                    self.shared().count(Counter::Invalid, 1);
                    return Err(Kind::Invalid(Box::new(report)));
                }
                // One object and nothing beside it, or it would be several batches of the request.
                if scan::members(batch).is_none() {
                    return Err(Kind::Unreadable("it is no JSON object".to_owned()));
                }
                has_own_id(batch)
            }
        };
        let wire = Wire { bytes: batch.clone(), id: (!own).then(|| self.shared().ids.next(batch)) };
        if wire.len() > settings.batch_bytes() {
            return Err(Kind::TooLarge { bytes: wire.len(), limit: settings.batch_bytes() });
        }
        Ok(wire)
    }

    fn closed(&self) -> Kind {
        let why = self.shared().state().closed.clone();
        Kind::Closed(why.unwrap_or_else(|| "it has ended".to_owned()))
    }

    /// Takes the room that a batch needs. It is given back when the batch is settled.
    async fn make_room(&self, wire: &Wire) -> Result<(), Kind> {
        let shared = self.shared();
        let batch = self.permits(&shared.batches, 1).await?;
        let bytes = self.permits(&shared.bytes, shared.room(wire)).await?;
        batch.forget();
        bytes.forget();
        Ok(())
    }

    async fn permits<'a>(&self, room: &'a Semaphore, permits: u32) -> Result<SemaphorePermit<'a>, Kind> {
        match room.try_acquire_many(permits) {
            Ok(permit) => Ok(permit),
            Err(TryAcquireError::Closed) => Err(self.closed()),
            Err(TryAcquireError::NoPermits) => {
                self.shared().count(Counter::Full, 1);
                self.shared().hurry();
                room.acquire_many(permits).await.map_err(|_| self.closed())
            }
        }
    }

    async fn put(&self, wire: Wire) -> Result<u64, Kind> {
        let shared = self.shared();
        let Some(store) = &shared.store else { return shared.push(wire, Stage::Waiting) };
        let (sender, waiting) = oneshot::channel();
        let ticket = self.spool(store.as_ref(), wire, |result| drop(sender.send(result)))?;
        match waiting.await {
            Ok(Ok(())) => Ok(ticket),
            Ok(Err(why)) => Err(Kind::Spool(why)),
            Err(_) => Err(Kind::Spool("the spool is closed".to_owned())),
        }
    }

    fn try_put(&self, wire: Wire) -> Result<u64, Kind> {
        let shared = self.shared();
        let refused = |error| match error {
            TryAcquireError::Closed => self.closed(),
            TryAcquireError::NoPermits => {
                shared.count(Counter::Full, 1);
                shared.hurry();
                Kind::Full
            }
        };
        let batch = shared.batches.try_acquire().map_err(refused)?;
        let bytes = shared.bytes.try_acquire_many(shared.room(&wire)).map_err(refused)?;
        batch.forget();
        bytes.forget();
        let Some(store) = &shared.store else { return shared.push(wire, Stage::Waiting) };
        let (sender, waiting) = mpsc::sync_channel(1);
        let ticket = self.spool(store.as_ref(), wire, move |result| drop(sender.send(result)))?;
        match waiting.recv() {
            Ok(Ok(())) => Ok(ticket),
            Ok(Err(why)) => Err(Kind::Spool(why)),
            Err(_) => Err(Kind::Spool("the spool is closed".to_owned())),
        }
    }

    /// Holds a batch, and has it written; whoever waits for that may go away meanwhile.
    fn spool(
        &self,
        store: &dyn Store,
        wire: Wire,
        then: impl FnOnce(Result<(), String>) + Send + 'static,
    ) -> Result<u64, Kind> {
        let bytes = wire.join();
        let ticket = self.shared().push(wire, Stage::Writing)?;
        let shared = Arc::clone(self.shared());
        let done: Done = Box::new(move |result| {
            shared.written(ticket, &result);
            then(result);
        });
        store.write(ticket, bytes, done);
        Ok(ticket)
    }

    /// Sends everything enqueued before at once, and waits until all of it is settled.
    ///
    /// # Errors
    ///
    /// [`NotFlushed`] with how many batches are left, when the time is up or the uploader has stopped. They are still held.
    pub async fn flush(&self, within: Duration) -> Result<(), NotFlushed> {
        let target = self.shared().hurry();
        let settled = async {
            loop {
                let mut changed = pin!(self.shared().settled.notified());
                changed.as_mut().enable();
                if let Some(result) = self.flushed(target) {
                    return result;
                }
                changed.await;
            }
        };
        match timeout(within.min(LONGEST), settled).await {
            Ok(result) => result,
            Err(_) => {
                let left = self.shared().state().hold.unsettled_below(target);
                if left == 0 { Ok(()) } else { Err(NotFlushed { left, stopped: None }) }
            }
        }
    }

    fn flushed(&self, target: u64) -> Option<Result<(), NotFlushed>> {
        let state = self.shared().state();
        if state.ended && state.lost > 0 {
            return Some(Err(NotFlushed { left: state.lost, stopped: state.closed.clone() }));
        }
        (state.hold.settled_below() >= target).then_some(Ok(()))
    }

    /// Takes nothing in any more, sends what is held, and waits until it is settled, at most so long.
    ///
    /// Gives back what was not delivered; nothing when all was. With a spool it also stays there, and the next uploader on the same
    /// spool sends it under the same ids. A second call gives back nothing.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn example(uploader: mparticle_events::uploader::Uploader) {
    /// for left in uploader.shutdown(Duration::from_secs(10)).await {
    ///     eprintln!("not delivered: {:?}", left.source_request_id());
    /// }
    /// # }
    /// ```
    #[must_use = "these batches were not delivered"]
    pub async fn shutdown(&self, within: Duration) -> Vec<Undelivered> {
        self.shared().state().expected = true;
        self.shared().close("it was shut down");
        let mut task = self.0.task.lock().await;
        if !task.is_finished() && timeout(within.min(LONGEST), &mut *task).await.is_err() {
            task.abort();
            while !task.is_finished() {
                tokio::task::yield_now().await;
            }
        }
        self.shared().finish().await;
        let left = std::mem::take(&mut self.shared().state().left);
        if !left.is_empty() {
            tracing::warn!(batches = left.len(), "shut down before everything was delivered");
        }
        left
    }

    /// Batches held: enqueued and not settled.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.shared().state().hold.load().0
    }

    /// Why nothing is taken in any more; nothing while all is well.
    #[must_use]
    pub fn closed_because(&self) -> Option<String> {
        self.shared().state().closed.clone()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let (open, held) = {
            let state = self.shared.state();
            (state.closed.is_none(), state.hold.load().0)
        };
        if open {
            self.shared.close("all its handles were dropped");
            if held > 0 {
                tracing::warn!(
                    batches = held,
                    "an uploader was dropped without shutdown: it goes on delivering for as long as its runtime lives"
                );
            }
        }
    }
}

impl fmt::Debug for Uploader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploader").field("held", &self.held()).finish_non_exhaustive()
    }
}
