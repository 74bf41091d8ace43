//! What can be wrong with a journal: which file, what, and how to go on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::why;

/// A journal that cannot be used; `Display` says what is wrong, [`help`](Self::help) what to do about it.
#[derive(Debug)]
pub struct JournalError {
    pub(super) path: PathBuf,
    pub(super) kind: JournalErrorKind,
}

/// The kinds of [`JournalError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalErrorKind {
    /// Another process has it.
    InUse,
    /// It cannot be made, read or written.
    Io(io::Error),
    /// A line in the middle is not what was written.
    Damaged {
        /// The byte the line begins at.
        byte: u64,
    },
    /// It is something else than a journal.
    Foreign,
    /// Written by a version that knows more.
    Newer,
}

impl JournalError {
    pub(super) fn new(path: &Path, kind: JournalErrorKind) -> Self {
        Self { path: path.to_owned(), kind }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &JournalErrorKind {
        &self.kind
    }

    /// How to go on.
    #[must_use]
    pub fn help(&self) -> String {
        match &self.kind {
            JournalErrorKind::InUse => {
                "wait until that one ends, or stop it with Ctrl-C and go on with --resume".to_owned()
            }
            JournalErrorKind::Io(_) => {
                "--state-dir DIR keeps it elsewhere; with --no-journal an interrupted delivery cannot be resumed"
                    .to_owned()
            }
            JournalErrorKind::Damaged { .. } => {
                "what was delivered is not known for sure; --restart sends everything again under the same ids, which \
                 the service counts once"
                    .to_owned()
            }
            JournalErrorKind::Foreign => {
                "move it away, or keep the journal elsewhere with --state-dir DIR".to_owned()
            }
            JournalErrorKind::Newer => "resume with the version that began it, or --restart".to_owned(),
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            JournalErrorKind::InUse => {
                write!(f, "another process is delivering this: it holds the journal {path}")
            }
            JournalErrorKind::Io(error) => write!(f, "the journal {path} cannot be kept: {}", why(error)),
            JournalErrorKind::Damaged { byte } => {
                write!(f, "the journal {path} is damaged: the line at byte {byte} is not what was written")
            }
            JournalErrorKind::Foreign => write!(f, "{path} is no journal of a delivery"),
            JournalErrorKind::Newer => {
                write!(f, "the journal {path} was written by another version of this tool")
            }
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            JournalErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
