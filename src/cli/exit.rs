//! How a run ends: the exit codes, and what stops one.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// How a run that could run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to object to: 0.
    Clean,
    /// Errors in the input, or batches that were refused: 1.
    Findings,
    /// Some of it could not be done, and the messages for that are out already: 2.
    Incomplete,
    /// Stopped by Ctrl-C: 130.
    Interrupted,
}

impl Exit {
    /// The number for the shell.
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Incomplete => 2,
            Self::Interrupted => 130,
        }
    }

    /// The worse of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.code() > self.code() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What stopped a run before its end.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read standard output has gone (`| head`): nothing to say to anybody. 141, as the shell has it.
    BrokenPipe,
    /// Could not run: 2.
    Stopped {
        /// What is wrong, in one sentence.
        what: String,
        /// What to do about it.
        help: Option<String>,
    },
}

impl Failure {
    /// A failure without advice.
    pub fn new(what: impl Into<String>) -> Self {
        Self::Stopped { what: what.into(), help: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(self, advice: impl Into<String>) -> Self {
        match self {
            Self::Stopped { what, .. } => Self::Stopped { what, help: Some(advice.into()) },
            Self::BrokenPipe => Self::BrokenPipe,
        }
    }

    /// Writing to standard output failed.
    pub fn stdout(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            io::ErrorKind::StorageFull => {
                Self::new("standard output is on a full disk; what was written there is not complete")
            }
            _ => Self::new(format!("cannot write to standard output: {error}")),
        }
    }

    /// The number for the shell.
    pub const fn code(&self) -> u8 {
        match self {
            Self::BrokenPipe => 141,
            Self::Stopped { .. } => 2,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenPipe => f.write_str("the reader of standard output has gone"),
            Self::Stopped { what, .. } => f.write_str(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_end_wins() {
        assert_eq!(Exit::Clean.and(Exit::Findings), Exit::Findings);
        assert_eq!(Exit::Incomplete.and(Exit::Findings), Exit::Incomplete);
        assert_eq!(Exit::Findings.and(Exit::Interrupted), Exit::Interrupted);
    }

    #[test]
    fn a_reader_that_has_gone_is_no_fault_and_a_full_disk_is() {
        let gone = Failure::stdout(io::ErrorKind::BrokenPipe.into());
        assert_eq!(gone.code(), 141);
        let full = Failure::stdout(io::ErrorKind::StorageFull.into());
        assert_eq!(full.code(), 2);
        assert!(full.to_string().contains("full disk"));
    }
}
