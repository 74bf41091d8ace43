//! What the spool's thread does: what is asked at the same time goes into one transaction, and what the disk does not take is made up for
//! when it does again.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use redb::{Database, ReadableTableMetadata};
use serde_json::value::RawValue;

use super::file::{BATCHES, File, LETTERS, SpooledLetter, Trouble, database};
use super::{Durability, Health, OnHealth, Spool};
use crate::uploader::outcome::Refusal;
use crate::uploader::store::Done;
use crate::uploader::wire::Wire;

/// Changes in one transaction, at most.
const MOST: usize = 1000;

/// What is settled is forgotten on disk at the latest after this time: until then a crash only repeats it, under the same id.
const FORGET_WITHIN: Duration = Duration::from_secs(1);

/// A disk that took nothing is not asked again before this time has passed.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub(super) enum Change {
    Write(u64, Bytes),
    Merge(Vec<(u64, Wire)>, Bytes),
    Forget(Vec<u64>),
    Bury(Vec<u64>, Box<Refusal>, bool, Bytes),
    Sync,
}

/// A change, and who waits for it.
pub(super) struct Asked(pub(super) Change, pub(super) Option<Done>);

pub(super) struct Work {
    spool: Spool,
    on_health: OnHealth,
    /// None after a failure: then the file has to be opened again.
    database: Option<Database>,
    /// In the file, but not synced: lost when it is opened again. Since when there are some.
    unsynced: Vec<Change>,
    since: Option<Instant>,
    /// What comes before anything else: it was promised, or there is nobody to refuse it to.
    owed: Vec<Asked>,
    failing: Option<Failing>,
}

/// The disk takes nothing.
struct Failing {
    why: String,
    tried: Instant,
}

impl Work {
    pub(super) fn new(file: File, on_health: OnHealth) -> Self {
        let File { spool, database } = file;
        let database = Some(database);
        Self {
            spool,
            on_health,
            database,
            unsynced: Vec::new(),
            since: None,
            owed: Vec::new(),
            failing: None,
        }
    }

    /// Serves until nobody can ask any more.
    pub(super) fn run(mut self, asked: &Receiver<Asked>) {
        loop {
            let first = match self.patience() {
                None => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(patience) => asked.recv_timeout(patience),
            };
            let (batch, over) = match first {
                Ok(first) => (std::iter::once(first).chain(asked.try_iter().take(MOST)).collect(), false),
                Err(RecvTimeoutError::Timeout) => (Vec::new(), false),
                Err(RecvTimeoutError::Disconnected) => (Vec::new(), true),
            };
            self.serve(batch, over);
            if over {
                break;
            }
        }
        if !self.owed.is_empty() {
            let changes = self.owed.len();
            tracing::warn!(
                changes,
                "the spool could not be written to the end: what it still has is sent again, under the same ids"
            );
        }
    }

    /// How long nothing has to be done by itself.
    fn patience(&self) -> Option<Duration> {
        match (&self.failing, self.since) {
            (Some(failing), _) if !self.owed.is_empty() => {
                Some(AGAIN_AFTER.saturating_sub(failing.tried.elapsed()))
            }
            (None, Some(since)) => Some(self.every().saturating_sub(since.elapsed())),
            _ => None,
        }
    }

    fn every(&self) -> Duration {
        match self.spool.durability {
            Durability::Every(every) => every.min(FORGET_WITHIN),
            Durability::Immediate => FORGET_WITHIN,
        }
    }

    fn serve(&mut self, batch: Vec<Asked>, over: bool) {
        let resting = |failing: &Failing| failing.tried.elapsed() < AGAIN_AFTER;
        if (self.failing.as_ref().is_some_and(resting) && !over) || !self.make_up() {
            return self.refuse(batch, false);
        }
        let due = over || self.since.is_some_and(|since| since.elapsed() >= self.every());
        let sync = (due && self.since.is_some()) || batch.iter().any(|asked| self.must_sync(&asked.0));
        if batch.is_empty() && !sync {
            return;
        }
        if let Err(trouble) = self.commit(&batch, sync) {
            self.fail(&trouble);
            self.refuse(batch, true);
            return;
        }
        for Asked(change, done) in batch {
            if !sync {
                self.unsynced.push(change);
            }
            if let Some(done) = done {
                done(Ok(()));
            }
        }
        if sync {
            self.unsynced.clear();
            self.since = None;
        } else {
            self.since = self.since.or_else(|| Some(Instant::now()));
        }
    }

    /// Opens the file again when that is needed, and writes what is owed. Whether nothing is owed any more.
    fn make_up(&mut self) -> bool {
        if self.failing.is_none() {
            return true;
        }
        let owed = without_what_is_settled(std::mem::take(&mut self.owed));
        let written = self.reopen().and_then(|()| self.commit(&owed, true));
        if let Err(trouble) = written {
            self.owed = owed;
            self.fail(&trouble);
            return false;
        }
        for done in owed.into_iter().filter_map(|Asked(_, done)| done) {
            done(Ok(()));
        }
        self.failing = None;
        (self.on_health)(Health::Well);
        tracing::info!("the spool can be written again");
        true
    }

    fn reopen(&mut self) -> Result<(), Trouble> {
        if self.database.is_none() {
            self.database = Some(database(&self.spool.path)?);
        }
        Ok(())
    }

    fn fail(&mut self, trouble: &Trouble) {
        // After a failure it does nothing any more, and what it had not synced is lost.
        self.database = None;
        self.since = None;
        let unsynced = std::mem::take(&mut self.unsynced);
        self.owed.splice(0..0, unsynced.into_iter().map(|change| Asked(change, None)));
        let why = trouble.to_string();
        if !trouble.may_pass() {
            (self.on_health)(Health::Broken(format!("the spool cannot be written: {why}")));
        } else if self.failing.is_none() {
            (self.on_health)(Health::Failing);
            tracing::error!(reason = why, "the spool cannot be written: until it can, batches are refused");
        }
        self.failing = Some(Failing { why, tried: Instant::now() });
    }

    /// Refuses what can be refused, and owes the rest. What was `tried` may be in the file all the same, and has to get out of it.
    fn refuse(&mut self, batch: Vec<Asked>, tried: bool) {
        let why = self.failing.as_ref().map(|failing| failing.why.clone()).unwrap_or_default();
        for Asked(change, done) in batch {
            match change {
                Change::Write(ticket, _) => {
                    self.owed.extend(tried.then(|| Asked(Change::Forget(vec![ticket]), None)));
                    done.into_iter().for_each(|done| done(Err(why.clone())));
                }
                Change::Merge(apart, _) => {
                    let writes = apart.iter().map(|(ticket, wire)| Change::Write(*ticket, wire.join()));
                    let writes = writes.filter(|_| tried).map(|write| Asked(write, None));
                    self.owed.extend(writes);
                    done.into_iter().for_each(|done| done(Err(why.clone())));
                }
                Change::Sync => done.into_iter().for_each(|done| done(Err(why.clone()))),
                change @ (Change::Forget(_) | Change::Bury(..)) => self.owed.push(Asked(change, done)),
            }
        }
    }

    fn must_sync(&self, change: &Change) -> bool {
        match change {
            Change::Write(..) => self.spool.durability == Durability::Immediate,
            // What is sent must not be sent in another form after a crash.
            Change::Merge(..) | Change::Bury(..) | Change::Sync => true,
            Change::Forget(_) => false,
        }
    }

    fn commit(&self, batch: &[Asked], sync: bool) -> Result<(), Trouble> {
        let Some(database) = &self.database else { return Ok(()) };
        write(database, self.spool.max_dead_letters, batch, sync).map_err(Trouble::from)
    }
}

/// A full disk may have room for fewer batches, but not for more: what is forgotten later need not be written first.
fn without_what_is_settled(mut owed: Vec<Asked>) -> Vec<Asked> {
    let settled: HashSet<u64> = owed
        .iter()
        .filter_map(|asked| match &asked.0 {
            Change::Forget(tickets) | Change::Bury(tickets, ..) => Some(tickets.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    owed.retain(|asked| !matches!(&asked.0, Change::Write(ticket, _) if settled.contains(ticket)));
    owed
}

fn write(database: &Database, max_letters: u64, batch: &[Asked], sync: bool) -> Result<(), redb::Error> {
    let mut writing = database.begin_write()?;
    let durability = if sync { redb::Durability::Immediate } else { redb::Durability::None };
    writing.set_durability(durability)?;
    {
        let mut batches = writing.open_table(BATCHES)?;
        let mut letters = writing.open_table(LETTERS)?;
        for Asked(change, _) in batch {
            match change {
                Change::Write(ticket, bytes) => drop(batches.insert(*ticket, &bytes[..])?),
                Change::Merge(apart, bytes) => {
                    for (ticket, _) in apart {
                        batches.remove(*ticket)?;
                    }
                    if let Some((first, _)) = apart.first() {
                        batches.insert(*first, &bytes[..])?;
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
                if letters.len()? < max_letters {
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
