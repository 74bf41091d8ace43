//! The spool's file: what is in it, and how it is opened.

use std::error::Error;
use std::fs::OpenOptions;
use std::path::Path;

use bytes::Bytes;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::writer::Writer;
use super::{Durability, OnFailure, Spool};
use crate::disk::sync_name;
use crate::uploader::error::StartError;

/// Batches by ticket, as they are sent. The name carries the version of the format.
pub(super) const BATCHES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("batches.v1");
/// Dead letters by ticket, as JSON.
pub(super) const LETTERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("dead_letters.v1");

/// What is cached of the file, in bytes: little, since batches are held in memory anyway.
const CACHE: usize = 4 << 20;

/// A batch that the service does not have, as the spool keeps it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct SpooledLetter {
    /// The status of the last answer.
    pub status: Option<u16>,
    /// The service's code.
    pub code: Option<String>,
    /// The service's own words, or what went wrong.
    pub message: String,
    /// How often it was posted.
    pub attempts: u32,
    /// All attempts were spent without a clear answer: it may have arrived.
    pub may_have_arrived: bool,
    /// The batch as it was sent.
    pub batch: Box<RawValue>,
}

/// An open spool.
pub(crate) struct File {
    pub(super) database: Database,
    pub(super) durability: Durability,
    pub(super) max_dead_letters: u64,
}

/// An open spool and what an earlier process left in it.
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) batches: Vec<(u64, Bytes)>,
    /// The first ticket that is not in use.
    pub(crate) next: u64,
}

impl File {
    /// Starts the thread that writes.
    pub(crate) fn serve(self, on_failure: OnFailure) -> Writer {
        Writer::start(self, on_failure)
    }
}

pub(crate) fn open(spool: &Spool) -> Result<Opened, StartError> {
    let path = &spool.path;
    let database = database(path)?;
    let (batches, next) = read(&database).map_err(|error| unusable(path, error))?;
    let file = File { database, durability: spool.durability, max_dead_letters: spool.max_dead_letters };
    Ok(Opened { file, batches, next })
}

pub(super) fn take_dead_letters(spool: &Spool) -> Result<Vec<SpooledLetter>, StartError> {
    let database = database(&spool.path)?;
    letters(&database).map_err(|error| unusable(&spool.path, error))
}

fn database(path: &Path) -> Result<Database, StartError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| StartError {
        message: format!("the spool {} cannot be opened: {error}", path.display()),
        in_use: false,
        source: Some(error.into()),
    })?;
    let is_new = file.metadata().is_ok_and(|data| data.len() == 0);
    let database =
        Database::builder().set_cache_size(CACHE).create_file(file).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StartError {
                message: format!(
                    "the spool {} is in use by another process or uploader; give each its own file",
                    path.display()
                ),
                in_use: true,
                source: Some(error.into()),
            },
            error => unusable(path, error.into()),
        })?;
    if is_new {
        sync_name(path).map_err(|error| unusable(path, error.into()))?;
    }
    Ok(database)
}

fn unusable(path: &Path, error: Box<dyn Error + Send + Sync>) -> StartError {
    StartError {
        message: format!(
            "the spool {} cannot be used: {error}; if it is damaged or no spool, move it away and start with a new one",
            path.display()
        ),
        in_use: false,
        source: Some(error),
    }
}

/// What was left, and the first free ticket.
type Left = (Vec<(u64, Bytes)>, u64);

fn read(database: &Database) -> Result<Left, Box<dyn Error + Send + Sync>> {
    tables(database)?;
    let reading = database.begin_read()?;
    let mut batches = Vec::new();
    for entry in reading.open_table(BATCHES)?.iter()? {
        let (ticket, batch) = entry?;
        batches.push((ticket.value(), Bytes::copy_from_slice(batch.value())));
    }
    let letter = reading.open_table(LETTERS)?.last()?.map(|(ticket, _)| ticket.value() + 1);
    let batch = batches.last().map(|(ticket, _)| ticket + 1);
    Ok((batches, batch.max(letter).unwrap_or(0)))
}

/// Makes both tables, so that reading finds them.
fn tables(database: &Database) -> Result<(), Box<dyn Error + Send + Sync>> {
    let writing: WriteTransaction = database.begin_write()?;
    writing.open_table(BATCHES)?;
    writing.open_table(LETTERS)?;
    writing.commit()?;
    Ok(())
}

fn letters(database: &Database) -> Result<Vec<SpooledLetter>, Box<dyn Error + Send + Sync>> {
    let writing = database.begin_write()?;
    let mut letters = Vec::new();
    {
        let mut table = writing.open_table(LETTERS)?;
        for entry in table.iter()? {
            letters.push(serde_json::from_slice(entry?.1.value())?);
        }
        table.retain(|_, _| false)?;
    }
    writing.commit()?;
    Ok(letters)
}
