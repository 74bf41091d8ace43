//! From the held batches to requests: collects for a window, merges by user, packs.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::select;
use tokio::time::{Instant, sleep_until};

use super::merge::Collector;
use super::outcome::{Fate, Refusal};
use super::shared::{LONGEST, Shared};
use super::wire::Wire;
use crate::deliver::{Feed, Stop};
use crate::input::RawBatch;
use crate::pack::{Packer, Request};

/// Batches taken at a time, so that the lock is not held for long.
const BITE: usize = 64;

/// Why packing ended early: the run is over.
struct Over;

pub(super) struct Batching<'a> {
    shared: &'a Arc<Shared>,
    feed: Feed,
    stop: &'a Stop,
    collector: Collector,
    packer: Packer,
    /// When the window of the oldest batch that was not sent closes, and its ticket.
    window: Option<(Instant, u64)>,
}

impl<'a> Batching<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, feed: Feed, stop: &'a Stop) -> Self {
        let settings = &shared.settings;
        Self {
            shared,
            feed,
            stop,
            collector: settings.collector(),
            packer: Packer::new(settings.endpoint, settings.limits()),
            window: None,
        }
    }

    /// Until nothing will come any more, or the run is over.
    pub(super) async fn run(mut self) {
        while !self.stop.is_stopped() {
            let full = self.collect();
            let (hurry, nothing_left) = self.shared.pressing(self.window.map_or(u64::MAX, |window| window.1));
            let due = self.window.is_some_and(|window| hurry || Instant::now() >= window.0);
            let sent = if full || due { self.send(!full).await } else { Ok(()) };
            if sent.is_err() || (nothing_left && self.window.is_none()) {
                return;
            }
            if !full && !due {
                self.wait().await;
            }
        }
    }

    /// Takes what is there; true when it fills a request.
    fn collect(&mut self) -> bool {
        let settings = &self.shared.settings;
        loop {
            let (batches, bytes) = self.collector.size();
            if batches >= settings.request_batches() || bytes >= settings.request_bytes() {
                return true;
            }
            let taken = self.shared.take(BITE);
            let Some(first) = taken.first() else { return false };
            let closes = Instant::now() + settings.window.min(LONGEST);
            self.window.get_or_insert((closes, first.ticket));
            taken.into_iter().for_each(|taken| self.collector.add(taken));
        }
    }

    /// Packs what was collected; full requests go, and with `all` the last one too.
    async fn send(&mut self, all: bool) -> Result<(), Over> {
        let collector = std::mem::replace(&mut self.collector, self.shared.settings.collector());
        for group in collector.into_groups() {
            for (ticket, wire) in self.shared.merge(group).await {
                if let Some(full) = self.pack(ticket, &wire) {
                    self.hand_over(full).await?;
                }
            }
        }
        if all && let Some(last) = self.packer.finish() {
            self.hand_over(last).await?;
        }
        if self.packer.waiting() == 0 {
            self.window = None;
        }
        Ok(())
    }

    fn pack(&mut self, ticket: u64, wire: &Wire) -> Option<Request> {
        let raw = RawBatch { bytes: wire.join(), index: ticket, ..RawBatch::default() };
        match self.packer.push(raw) {
            Ok(full) => full,
            Err(large) => {
                // Not reached for what came in by a handle, which looks at the size.
                let why = Refusal { status: None, code: None, message: large.to_string(), attempts: 0 };
                let batch = large.batch.bytes;
                self.shared.settle(ticket, &Fate::Rejected(why), batch);
                None
            }
        }
    }

    async fn hand_over(&mut self, request: Request) -> Result<(), Over> {
        {
            let mut state = self.shared.state();
            request.parts().iter().for_each(|part| state.hold.hand_over(part.index));
        }
        self.feed.push(request).await.map_err(|_| Over)
    }

    async fn wait(&self) {
        if !self.shared.set_idle(self.window.is_none()) {
            return;
        }
        let closes = async {
            match self.window {
                Some((closes, _)) => sleep_until(closes).await,
                None => std::future::pending().await,
            }
        };
        let (work, stopped) = (pin!(self.shared.work.notified()), pin!(self.stop.stopped()));
        select(select(work, stopped), pin!(closes)).await;
    }
}
