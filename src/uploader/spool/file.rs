//! The spool's file: what is in it, and how it is opened.

use std::error::Error;
use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::writer::Writer;
use super::{OnHealth, Spool};
use crate::disk::{sync_name, why};
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
    pub(super) spool: Spool,
    pub(super) database: Database,
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
    pub(crate) fn serve(self, on_health: OnHealth) -> Writer {
        Writer::start(self, on_health)
    }
}

pub(crate) fn open(spool: &Spool) -> Result<Opened, StartError> {
    let opened = database(&spool.path).and_then(|database| Ok((read(&database)?, database)));
    let ((batches, next), database) = opened.map_err(|trouble| trouble.at_start(&spool.path))?;
    let file = File { spool: spool.clone(), database };
    Ok(Opened { file, batches, next })
}

pub(super) fn take_dead_letters(spool: &Spool) -> Result<Vec<SpooledLetter>, StartError> {
    let letters = database(&spool.path).and_then(|database| letters(&database));
    letters.map_err(|trouble| trouble.at_start(&spool.path))
}

/// Why a spool cannot be used.
pub(super) enum Trouble {
    /// Another process, or another uploader of this one, has it.
    InUse(redb::Error),
    /// The disk does not do what it is asked, such as a full one.
    Disk(Arc<io::Error>),
    /// It is damaged, or something else than a spool.
    Unusable(Box<dyn Error + Send + Sync>),
}

impl Trouble {
    /// Whether it can be over later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Disk(_))
    }

    fn at_start(self, path: &Path) -> StartError {
        let path = path.display();
        let message = match &self {
            Self::InUse(_) => format!("the spool {path} is {self}"),
            Self::Disk(_) => format!("the spool {path} cannot be opened: {self}"),
            Self::Unusable(_) => format!(
                "the spool {path} cannot be used: {self}; if it is damaged or no spool, move it away and start with a new one"
            ),
        };
        let in_use = matches!(self, Self::InUse(_));
        let source: Box<dyn Error + Send + Sync> = match self {
            Self::InUse(error) => error.into(),
            Self::Disk(error) => Box::new(error),
            Self::Unusable(error) => error,
        };
        StartError { message, in_use, source: Some(source) }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(_) => f.write_str("in use by another process or uploader; give each its own file"),
            Self::Disk(error) => f.write_str(&why(error)),
            Self::Unusable(error) => error.fmt(f),
        }
    }
}

impl From<redb::Error> for Trouble {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::InUse(error),
            redb::Error::Io(error) => error.into(),
            redb::Error::PreviousIo => io::Error::other("an earlier write failed").into(),
            error => Self::Unusable(error.into()),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // How redb says that the file is none of its own.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Unusable(error.into()),
            _ => Self::Disk(Arc::new(error)),
        }
    }
}

pub(super) fn database(path: &Path) -> Result<Database, Trouble> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let is_new = file.metadata()?.len() == 0;
    let database = Database::builder().set_cache_size(CACHE).create_file(file).map_err(redb::Error::from)?;
    if is_new {
        sync_name(path)?;
    }
    Ok(database)
}

/// What was left, and the first free ticket.
type Left = (Vec<(u64, Bytes)>, u64);

fn read(database: &Database) -> Result<Left, Trouble> {
    tables(database)?;
    left(database).map_err(Trouble::from)
}

fn left(database: &Database) -> Result<Left, redb::Error> {
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

/// Makes both tables when they are not there, so that reading finds them. A disk that is full keeps nobody from reading what is there.
fn tables(database: &Database) -> Result<(), redb::Error> {
    let reading = database.begin_read()?;
    if reading.list_tables()?.count() >= 2 {
        return Ok(());
    }
    let writing = database.begin_write()?;
    writing.open_table(BATCHES)?;
    writing.open_table(LETTERS)?;
    writing.commit()?;
    Ok(())
}

fn letters(database: &Database) -> Result<Vec<SpooledLetter>, Trouble> {
    let parsed =
        |text: Vec<u8>| serde_json::from_slice(&text).map_err(|error| Trouble::Unusable(error.into()));
    // Nobody else has the file open: what was read is what is taken away.
    let letters = written(database)?.into_iter().map(parsed).collect::<Result<_, _>>()?;
    forget(database)?;
    Ok(letters)
}

fn written(database: &Database) -> Result<Vec<Vec<u8>>, redb::Error> {
    tables(database)?;
    let table = database.begin_read()?.open_table(LETTERS)?;
    let letters = table.iter()?.map(|entry| Ok(entry?.1.value().to_vec()));
    letters.collect()
}

fn forget(database: &Database) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    writing.open_table(LETTERS)?.retain(|_, _| false)?;
    writing.commit()?;
    Ok(())
}
