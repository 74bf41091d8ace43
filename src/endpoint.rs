//! The three paths of the API.

use std::fmt;
use std::str::FromStr;

/// A path that batches can be posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `POST /events`: one batch, live data.
    Events,
    /// `POST /bulkevents`: a list of batches, live data.
    Bulk,
    /// `POST /bulkevents/historical`: a list of batches, data at least 72 hours old.
    Historical,
}

impl Endpoint {
    /// All paths, in the order the documentation lists them.
    pub const ALL: [Self; 3] = [Self::Events, Self::Bulk, Self::Historical];

    /// The path below the base address, with its leading slash.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Events => "/events",
            Self::Bulk => "/bulkevents",
            Self::Historical => "/bulkevents/historical",
        }
    }

    /// Whether a request body is a list of batches rather than one batch.
    #[must_use]
    pub const fn is_bulk(self) -> bool {
        !matches!(self, Self::Events)
    }

    /// Whether the path takes old data only.
    #[must_use]
    pub const fn is_historical(self) -> bool {
        matches!(self, Self::Historical)
    }

    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Bulk => "bulk",
            Self::Historical => "historical",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name).ok_or(UnknownEndpoint)
    }
}

/// A name that is none of `events`, `bulk`, `historical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownEndpoint;

impl fmt::Display for UnknownEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an endpoint; use events, bulk or historical")
    }
}

impl std::error::Error for UnknownEndpoint {}
