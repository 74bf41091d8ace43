//! The thread that writes the spool: what is asked at the same time goes into one transaction.

use std::error::Error;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use redb::ReadableTableMetadata;
use serde_json::value::RawValue;

use super::file::{BATCHES, File, LETTERS, SpooledLetter};
use super::{Durability, OnFailure};
use crate::uploader::outcome::{Fate, Refusal, Ticket};
use crate::uploader::store::{Done, Store};

/// Changes in one transaction, at most.
const MOST: usize = 1000;

/// What is settled is forgotten on disk at the latest after this time: until then a crash only repeats it, under the same id.
const FORGET_WITHIN: Duration = Duration::from_secs(1);

enum Change {
    Write(u64, Bytes),
    Merge(u64, Vec<u64>, Bytes),
    Forget(Vec<u64>),
    Bury(Vec<u64>, Box<Refusal>, bool, Bytes),
    Sync,
}

struct Asked(Change, Option<Done>);

/// The end that changes are put into. The thread ends when it is dropped and everything is written.
pub(crate) struct Writer {
    asked: Option<Sender<Asked>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(file: File, on_failure: OnFailure) -> Self {
        let (sender, receiver) = channel();
        let failed = on_failure.clone();
        let name = "mparticle-spool".to_owned();
        let started =
            thread::Builder::new().name(name).spawn(move || Work { file, on_failure }.run(&receiver));
        let thread =
            started.map_err(|error| failed(format!("the spool's thread cannot be started: {error}")));
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

    fn merge(&self, first: u64, others: Vec<u64>, batch: Bytes, done: Done) {
        self.ask(Change::Merge(first, others, batch), Some(done));
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

struct Work {
    file: File,
    on_failure: OnFailure,
}

impl Work {
    fn run(self, asked: &Receiver<Asked>) {
        let mut unsynced: Option<Instant> = None;
        let every = match self.file.durability {
            Durability::Every(every) => every.min(FORGET_WITHIN),
            Durability::Immediate => FORGET_WITHIN,
        };
        loop {
            let first = match unsynced {
                None => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(since) => asked.recv_timeout(every.saturating_sub(since.elapsed())),
            };
            let (batch, over) = match first {
                Ok(first) => (std::iter::once(first).chain(asked.try_iter().take(MOST)).collect(), false),
                Err(RecvTimeoutError::Timeout) => (Vec::new(), false),
                Err(RecvTimeoutError::Disconnected) => (Vec::new(), true),
            };
            if over && unsynced.is_none() {
                return;
            }
            let due = over || unsynced.is_some_and(|since| since.elapsed() >= every);
            let sync = due || batch.iter().any(|asked| self.must_sync(&asked.0));
            let result = self.commit(&batch, sync).map_err(|error| error.to_string());
            unsynced = if sync { None } else { unsynced.or_else(|| Some(Instant::now())) };
            if let Err(why) = &result {
                (self.on_failure)(format!("the spool cannot be written: {why}"));
            }
            for Asked(_, done) in batch {
                if let Some(done) = done {
                    done(result.clone());
                }
            }
            if over {
                return;
            }
        }
    }

    fn must_sync(&self, change: &Change) -> bool {
        match change {
            Change::Write(..) => self.file.durability == Durability::Immediate,
            // What is sent must not be sent in another form after a crash.
            Change::Merge(..) | Change::Bury(..) | Change::Sync => true,
            Change::Forget(_) => false,
        }
    }

    fn commit(&self, batch: &[Asked], sync: bool) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut writing = self.file.database.begin_write()?;
        let durability = if sync { redb::Durability::Immediate } else { redb::Durability::None };
        writing.set_durability(durability)?;
        {
            let mut batches = writing.open_table(BATCHES)?;
            let mut letters = writing.open_table(LETTERS)?;
            for Asked(change, _) in batch {
                match change {
                    Change::Write(ticket, bytes) => drop(batches.insert(*ticket, &bytes[..])?),
                    Change::Merge(first, others, bytes) => {
                        batches.insert(*first, &bytes[..])?;
                        for other in others {
                            batches.remove(*other)?;
                        }
                    }
                    Change::Forget(tickets) | Change::Bury(tickets, ..) => {
                        for ticket in tickets {
                            batches.remove(*ticket)?;
                        }
                    }
                    Change::Sync => {}
                }
                if let Change::Bury(tickets, why, uncertain, bytes) = change
                    && let (Some(ticket), Some(letter)) = (tickets.first(), letter(why, *uncertain, bytes))
                {
                    if letters.len()? < self.file.max_dead_letters {
                        letters.insert(*ticket, &letter[..])?;
                    } else {
                        tracing::warn!(ticket, "the spool keeps no more dead letters: take them out");
                    }
                }
            }
        }
        writing.commit()?;
        Ok(())
    }
}

fn letter(why: &Refusal, may_have_arrived: bool, batch: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8(batch.to_vec()).ok()?;
    let letter = SpooledLetter {
        status: why.status,
        code: why.code.clone(),
        message: why.message.clone(),
        attempts: why.attempts,
        may_have_arrived,
        batch: RawValue::from_string(text).ok()?,
    };
    serde_json::to_vec(&letter).ok()
}
