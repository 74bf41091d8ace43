//! The sandbox of a run, on a thread of its own, and what it knows at the end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result, bail};
use mparticle_events::clock::FixedClock;
use mparticle_events::sandbox::Sandbox;
use tokio::sync::oneshot;

use super::scenario::Scenario;
use super::truth::{Account, Letter};
use crate::bench::traffic::NOW_MS;

/// A sandbox that lives as long as this.
pub struct Service {
    sandbox: Arc<Sandbox>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Service {
    /// Starts one with the faults of the run.
    ///
    /// # Errors
    ///
    /// When it cannot listen, or does not know a fault.
    pub fn start(scenario: &Scenario, seed: u64) -> Result<Self> {
        let mut builder = Sandbox::builder()
            .credentials("chaos-key", "chaos-secret")
            .clock(Arc::new(FixedClock(NOW_MS)))
            .limits(scenario.limits())
            .max_kept(1_000_000)
            .seed(seed);
        for fault in scenario.parsed_faults()? {
            builder = builder.fault(fault);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (started, start) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                // When nobody waits for it any more, nobody needs it either.
                let _ = started.send(builder.start().await.map(Arc::new));
                let _ = stopped.await;
            });
        });
        let sandbox = start.recv().context("the sandbox did not start")??;
        Ok(Self { sandbox, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it is.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.sandbox.base_url()
    }

    /// From now on nothing goes wrong.
    pub fn clear(&self) {
        self.sandbox.clear_faults();
    }

    /// Batches that came so far, in whatever way they ended.
    #[must_use]
    pub fn arrivals(&self) -> u64 {
        self.sandbox.account_totals().arrivals
    }

    /// What it took and refused.
    ///
    /// # Errors
    ///
    /// When it forgot something, or its own books do not agree.
    pub fn account(&self, letters: &[Letter]) -> Result<Account> {
        let (received, totals) = (self.sandbox.received(), self.sandbox.account_totals());
        let kept = u64::try_from(received.batches.len())?;
        if received.forgotten + totals.forgotten > 0 || kept != totals.taken {
            bail!("the sandbox kept {kept} of {} batches that it took", totals.taken);
        }
        let refused = |id: &str| self.sandbox.account_of(id).iter().any(|entry| entry.refused > 0);
        let ids = letters.iter().filter_map(|letter| letter.id.clone());
        let refused: BTreeSet<String> = ids.filter(|id| refused(id)).collect();
        let taken = received.batches.iter().map(|batch| batch.json()).collect();
        Ok(Account { taken, refused, without_id: totals.without_id })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
