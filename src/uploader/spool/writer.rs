//! The thread that writes the spool, and the end that changes are put into.

use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use bytes::Bytes;

use super::file::File;
use super::work::{Asked, Change, Work};
use super::{Health, OnHealth};
use crate::uploader::outcome::{Fate, Ticket};
use crate::uploader::store::{Done, Store};
use crate::uploader::wire::Wire;

/// The end that changes are put into. The thread ends when it is dropped and everything is written.
pub(crate) struct Writer {
    asked: Option<Sender<Asked>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(file: File, on_health: OnHealth) -> Self {
        let (sender, receiver) = channel();
        let told = on_health.clone();
        let name = "mparticle-spool".to_owned();
        let started =
            thread::Builder::new().name(name).spawn(move || Work::new(file, on_health).run(&receiver));
        let broken = |error| Health::Broken(format!("the spool's thread cannot be started: {error}"));
        let thread = started.map_err(|error: std::io::Error| told(broken(error)));
        Self { asked: Some(sender), thread: thread.ok() }
    }

    fn ask(&self, change: Change, done: Option<Done>) {
        let Some(asked) = &self.asked else { return };
        if let Err(unsent) = asked.send(Asked(change, done))
            && let Some(done) = unsent.0.1
        {
            done(Err("the spool is closed".to_owned()));
        }
    }
}

impl Drop for Writer {
    /// Waits until everything is written and the file is free for the next one.
    fn drop(&mut self) {
        self.asked = None;
        // The last to hold an uploader can be this very thread.
        if let Some(thread) = self.thread.take().filter(|other| other.thread().id() != thread::current().id())
        {
            let _ = thread.join();
        }
    }
}

impl Store for Writer {
    fn write(&self, ticket: u64, batch: Bytes, done: Done) {
        self.ask(Change::Write(ticket, batch), Some(done));
    }

    fn merge(&self, apart: Vec<(u64, Wire)>, batch: Bytes, done: Done) {
        self.ask(Change::Merge(apart, batch), Some(done));
    }

    fn settled(&self, tickets: &[Ticket], fate: &Fate, batch: &Bytes) {
        let tickets = tickets.iter().map(|ticket| ticket.number()).collect();
        let change = match fate {
            Fate::Rejected(why) => Change::Bury(tickets, Box::new(why.clone()), false, batch.clone()),
            Fate::GaveUp(why) => Change::Bury(tickets, Box::new(why.clone()), true, batch.clone()),
            _ => Change::Forget(tickets),
        };
        self.ask(change, None);
    }

    fn sync(&self, done: Done) {
        self.ask(Change::Sync, Some(done));
    }
}
