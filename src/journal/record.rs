//! The lines of a journal: eight hexadecimal digits of a CRC-32, a space, a JSON object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::content::Checkpoint;
use super::spans::{Settled, Unit};
use crate::Endpoint;
use crate::deliver::Reason;

/// The version of the format; a journal of another one is not read.
pub const VERSION: u32 = 1;

/// What a delivery depends on: with the same of all this, ids and bytes come out the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`VERSION`].
    pub version: u32,
    /// The version of the tool.
    pub tool: String,
    /// When the delivery began, in Unix milliseconds.
    pub started: i64,
    /// The time that ages are measured from, in Unix milliseconds.
    pub as_of: i64,
    /// The inputs in their order.
    pub inputs: Vec<InputFacts>,
    /// What else the requests depend on, by name.
    pub options: BTreeMap<String, String>,
    /// Bytes of the file of dead letters before this delivery.
    pub letters_from: u64,
}

/// What is known of an input from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFacts {
    /// Its name as it was given.
    pub name: String,
    /// Bytes, when it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Batches by what came of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Taken by the service, by the name of the path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accepted: BTreeMap<String, u64>,
    /// Not taken, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<Reason, u64>,
}

impl Counts {
    /// All accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.values().sum()
    }

    /// All rejected.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Both.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.accepted() + self.rejected()
    }

    /// By path.
    pub fn by_endpoint(&self) -> impl Iterator<Item = (Endpoint, u64)> + '_ {
        self.accepted.iter().filter_map(|(name, number)| Some((name.parse().ok()?, *number)))
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (name, number) in &other.accepted {
            *self.accepted.entry(name.clone()).or_default() += number;
        }
        for (reason, number) in &other.rejected {
            *self.rejected.entry(*reason).or_default() += number;
        }
    }
}

/// Units that are settled, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// How many, and what came of them.
    #[serde(flatten)]
    pub counts: Counts,
    /// Start and end of spans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<(u64, u64)>,
    /// Offset and number of pieces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<(u64, u32)>,
    /// Bytes of the file of dead letters, with the letters for these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letters: Option<u64>,
}

impl Done {
    /// Units that the service took.
    #[must_use]
    pub fn accepted(endpoint: Endpoint, units: &[Unit]) -> Self {
        let accepted = [(endpoint.name().to_owned(), number(units.len()))].into();
        Self { counts: Counts { accepted, ..Counts::default() }, ..Self::default() }.with(&Settled::of(units))
    }

    /// Units whose dead letters end at byte `letters` of their file.
    #[must_use]
    pub fn rejected(units: &[(Unit, Reason)], letters: Option<u64>) -> Self {
        let mut rejected = BTreeMap::new();
        for (_, reason) in units {
            *rejected.entry(*reason).or_default() += 1;
        }
        let units: Vec<Unit> = units.iter().map(|(unit, _)| Unit { follows: false, ..*unit }).collect();
        let counts = Counts { rejected, ..Counts::default() };
        Self { counts, letters, ..Self::default() }.with(&Settled::of(&units))
    }

    pub(super) fn with(mut self, settled: &Settled) -> Self {
        self.spans = settled.spans().collect();
        self.pieces = settled.pieces().collect();
        self
    }

    /// The end of the last span.
    pub(super) fn reach(&self) -> u64 {
        let spans = self.spans.iter().map(|(_, end)| *end).max().unwrap_or_default();
        let pieces = self.pieces.iter().map(|(offset, _)| offset.saturating_add(1)).max().unwrap_or_default();
        spans.max(pieces)
    }
}

fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The end of a delivery that is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When, in Unix milliseconds.
    pub at: i64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The first.
    Header(Box<Header>),
    /// What the input was up to here.
    Checkpoint(Checkpoint),
    /// Units that need not be sent.
    Done(Done),
    /// Nothing is left to do, until the input grows.
    End(End),
}

impl Record {
    /// The line, with its end.
    pub(super) fn to_line(&self) -> std::io::Result<Vec<u8>> {
        let json = serde_json::to_vec(self)?;
        let mut line = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
        line.extend_from_slice(&json);
        line.push(b'\n');
        Ok(line)
    }

    /// The JSON of a line that is whole.
    pub(super) fn checked(line: &[u8]) -> Option<&[u8]> {
        let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(8)?;
        let json = json.strip_prefix(b" ")?;
        (sum == format!("{:08x}", crc32fast::hash(json)).as_bytes()).then_some(json)
    }
}
