//! What all handles and the delivery task share: the held batches, the room for more, and who is told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::builder::Settings;
use super::error::Kind;
use super::hold::{Hold, Released, Stage, Taken};
use super::ids::Ids;
use super::merge::Group;
use super::metrics::{Counter, Gauge, Histogram};
use super::outcome::{Fate, Refusal, Settled, Undelivered};
#[cfg(feature = "spool")]
use super::spool::Health;
use super::store::Store;
use super::wire::Wire;
use crate::deliver::Stop;

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) batches: Semaphore,
    pub(super) bytes: Semaphore,
    pub(super) store: Option<Box<dyn Store>>,
    pub(super) ids: Ids,
    state: Mutex<State>,
    /// There is something to pack, or a reason to hurry.
    pub(super) work: Notify,
    /// Something was settled, or everything ended.
    pub(super) settled: Notify,
}

pub(super) struct State {
    pub(super) hold: Hold,
    /// Why nothing is taken in any more.
    pub(super) closed: Option<String>,
    /// Why nothing can be delivered any more.
    pub(super) failed: Option<String>,
    /// The packing waits for a first batch.
    idle: bool,
    /// Batches before this ticket do not wait for their window.
    hurry_to: u64,
    pub(super) ended: bool,
    /// Shutting down was asked for: nobody has to be warned.
    pub(super) expected: bool,
    /// Batches without an answer when everything ended, and how many were enqueued as such.
    pub(super) left: Vec<Undelivered>,
    pub(super) lost: u64,
    /// The run that is under way.
    pub(super) run: Stop,
}

impl Shared {
    pub(super) fn new(settings: Settings, hold: Hold, store: Option<Box<dyn Store>>) -> Self {
        let room = |limit: usize| Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            batches: room(settings.max_batches),
            bytes: room(settings.max_bytes),
            settings,
            store,
            ids: Ids::default(),
            state: Mutex::new(State {
                hold,
                closed: None,
                failed: None,
                idle: false,
                hurry_to: 0,
                ended: false,
                expected: false,
                left: Vec::new(),
                lost: 0,
                run: Stop::new(),
            }),
            work: Notify::new(),
            settled: Notify::new(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, counter: Counter, by: u64) {
        if let Some(metrics) = &self.settings.metrics {
            metrics.count(counter, by);
        }
    }

    pub(super) fn observe(&self, histogram: Histogram, value: f64) {
        if let Some(metrics) = &self.settings.metrics {
            metrics.observe(histogram, value);
        }
    }

    /// What is to be told and done when the spool does better or worse.
    #[cfg(feature = "spool")]
    pub(super) fn spool_does(&self, health: Health) {
        self.count(Counter::SpoolFailures, u64::from(health != Health::Well));
        if let Some(metrics) = &self.settings.metrics {
            metrics.gauge(Gauge::SpoolFailing, u64::from(health != Health::Well));
        }
        if let Health::Broken(why) = health {
            self.fail(&why);
        }
    }

    fn gauges(&self, (batches, bytes): (u64, u64)) {
        if let Some(metrics) = &self.settings.metrics {
            metrics.gauge(Gauge::HeldBatches, batches);
            metrics.gauge(Gauge::HeldBytes, bytes);
        }
    }

    /// The bytes of room that a batch takes: no more than there are, so that a large batch can pass alone.
    pub(super) fn room(&self, wire: &Wire) -> u32 {
        u32::try_from(wire.len().min(self.settings.max_bytes.max(1))).unwrap_or(u32::MAX)
    }

    /// Puts in a batch for which there is room.
    pub(super) fn push(&self, wire: Wire, stage: Stage) -> Result<u64, Kind> {
        let room = self.room(&wire);
        let (ticket, load, wake) = {
            let mut state = self.state();
            if let Some(why) = &state.closed {
                return Err(Kind::Closed(why.clone()));
            }
            let ticket = state.hold.push(wire, stage, room);
            (ticket, state.hold.load(), stage != Stage::Writing && self.wakes(&mut state))
        };
        if wake {
            self.work.notify_one();
        }
        // What goes into the spool first is counted when it is there.
        self.count(Counter::Enqueued, u64::from(stage != Stage::Writing));
        self.gauges(load);
        Ok(ticket)
    }

    /// Whether the packing has to be woken: for a first batch, and when a request is full.
    fn wakes(&self, state: &mut State) -> bool {
        let (batches, bytes) = state.hold.fresh();
        std::mem::take(&mut state.idle)
            || batches >= self.settings.request_batches()
            || bytes >= self.settings.request_bytes()
    }

    /// A batch is in the spool, or is not.
    pub(super) fn written(&self, ticket: u64, result: &Result<(), String>) {
        if result.is_ok() {
            self.count(Counter::Enqueued, 1);
            let wake = {
                let mut state = self.state();
                state.hold.written(ticket);
                self.wakes(&mut state)
            };
            if wake {
                self.work.notify_one();
            }
        } else {
            // It was never taken in, so that there is nothing to tell.
            self.release(ticket);
        }
    }

    /// Room ran out, or somebody waits for what is held: no window keeps it back.
    pub(super) fn hurry(&self) -> u64 {
        let next = {
            let mut state = self.state();
            state.hurry_to = state.hold.next();
            state.hurry_to
        };
        self.work.notify_one();
        next
    }

    pub(super) fn take(&self, most: usize) -> Vec<Taken> {
        self.state().hold.take(most)
    }

    /// Whether batches from this ticket on must not wait; and whether nothing will come any more.
    pub(super) fn pressing(&self, oldest: u64) -> (bool, bool) {
        let state = self.state();
        let closed = state.closed.is_some();
        (closed || state.hurry_to > oldest, closed && state.hold.next() == state.hold.settled_below())
    }

    /// Notes that the packing waits for a first batch; false when there is one.
    pub(super) fn set_idle(&self, idle: bool) -> bool {
        let mut state = self.state();
        state.idle = idle && !state.hold.has_work();
        state.idle || !idle
    }

    /// Fixes a merged batch, on disk too. Gives what is to be sent: the merged batch, or each as it was when the disk does not take that.
    pub(super) async fn merge(self: &Arc<Self>, group: Group) -> Vec<(u64, Wire)> {
        let Group { first, others, wire, .. } = group;
        if others.is_empty() {
            return vec![(first, wire)];
        }
        let Some(store) = &self.store else {
            self.merged(first, &others, &wire);
            return vec![(first, wire)];
        };
        let apart = self.state().hold.wires(std::iter::once(first).chain(others.iter().copied()));
        let (sender, waiting) = oneshot::channel();
        let (shared, bytes, merged) = (Arc::clone(self), wire.join(), wire.clone());
        // Entered on the thread that wrote it: whoever ends everything meanwhile waits for that one only.
        let done = Box::new(move |result: Result<(), String>| {
            if result.is_ok() {
                shared.merged(first, &others, &merged);
            }
            drop(sender.send(result));
        });
        store.merge(apart.clone(), bytes, done);
        if matches!(waiting.await, Ok(Ok(()))) { vec![(first, wire)] } else { apart }
    }

    fn merged(&self, first: u64, others: &[u64], wire: &Wire) {
        self.count(Counter::Merged, others.len() as u64);
        self.state().hold.merge(first, others, wire.bytes.clone());
    }

    /// The end of a batch: makes room, clears the spool, tells.
    pub(super) fn settle(&self, ticket: u64, fate: &Fate, batch: Bytes) {
        let released = self.release(ticket);
        if let Some(store) = self.store.as_ref().filter(|_| *fate != Fate::NotAttempted) {
            let tickets: Vec<_> = released.iter().map(|released| released.ticket).collect();
            store.settled(&tickets, fate, &batch);
        }
        let counter = match fate {
            Fate::Accepted => Counter::Accepted,
            Fate::Rejected(_) => Counter::Rejected,
            Fate::GaveUp(_) => Counter::GaveUp,
            Fate::NotAttempted => Counter::NotAttempted,
        };
        if let Fate::Rejected(why) | Fate::GaveUp(why) = fate {
            warn_refused(ticket, why);
        }
        self.count(counter, released.len() as u64);
        for released in released {
            self.observe(Histogram::SettleTime, released.since.elapsed().as_secs_f64());
            self.tell(&Settled { ticket: released.ticket, fate: fate.clone(), batch: batch.clone() });
        }
    }

    fn release(&self, ticket: u64) -> Vec<Released> {
        let (released, load) = {
            let mut state = self.state();
            (state.hold.settle(ticket), state.hold.load())
        };
        self.batches.add_permits(released.iter().filter(|released| released.room > 0).count());
        self.bytes.add_permits(released.iter().map(|released| released.room as usize).sum());
        self.gauges(load);
        self.settled.notify_waiters();
        self.work.notify_one();
        released
    }

    fn tell(&self, settled: &Settled) {
        let Some(callback) = &self.settings.callback else { return };
        if catch_unwind(AssertUnwindSafe(|| callback(settled))).is_err() {
            self.count(Counter::CallbackPanics, 1);
            tracing::error!(ticket = settled.ticket.number(), "the uploader's callback panicked");
        }
    }

    /// Takes nothing in any more. The first reason stays.
    pub(super) fn close(&self, why: &str) {
        self.state().closed.get_or_insert_with(|| why.to_owned());
        self.batches.close();
        self.bytes.close();
        self.work.notify_one();
    }

    /// Nothing can be delivered any more.
    pub(super) fn fail(&self, why: &str) {
        let (first, run) = {
            let mut state = self.state();
            let first = state.failed.is_none();
            state.failed.get_or_insert_with(|| why.to_owned());
            // A failure says more than that somebody wanted it to end.
            state.closed = state.failed.clone();
            (first, state.run.clone())
        };
        if first {
            tracing::error!(reason = why, "the uploader stopped");
        }
        self.close(why);
        run.stop(why);
    }

    /// Ends everything: what is not settled is told of, and kept to be given back. It stays in the spool.
    pub(super) async fn finish(&self) {
        self.close("it has ended");
        if let Some(store) = &self.store {
            let (done, waiting) = oneshot::channel();
            store.sync(Box::new(move |result| drop(done.send(result))));
            if let Ok(Err(why)) = waiting.await {
                self.fail(&why);
            }
        }
        let left = {
            let mut state = self.state();
            if std::mem::replace(&mut state.ended, true) {
                return;
            }
            let left = state.hold.left();
            state.lost = left.iter().map(|left| left.tickets.len() as u64).sum();
            state.left.clone_from(&left);
            left
        };
        for left in left {
            if let Some(first) = left.tickets.first() {
                self.settle(first.number(), &Fate::NotAttempted, left.batch);
            }
        }
        self.settled.notify_waiters();
    }
}

fn warn_refused(ticket: u64, why: &Refusal) {
    // The service's words can quote values, so they go to the callback and not to the log.
    tracing::warn!(
        ticket,
        status = why.status,
        code = why.code,
        attempts = why.attempts,
        "a batch was not delivered"
    );
}

/// Longer times are cut to this, because a clock cannot hold them.
pub(super) const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
