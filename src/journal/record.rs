//! The lines of a journal: eight hexadecimal digits of a CRC-32, a space, a JSON object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::content::Checkpoint;
use super::spans::{Settled, Unit};
use super::untraced::Untraced;
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
    /// Taken by the service whole or merged with others, by the name of the path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accepted: BTreeMap<String, u64>,
    /// Taken in pieces, all of which are settled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_pieces: u64,
    /// The pieces that were taken, also of batches that are not settled yet or were rejected; by the name of the path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accepted_pieces: BTreeMap<String, u64>,
    /// Not taken, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<Reason, u64>,
}

impl Counts {
    /// All accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.values().sum::<u64>() + self.in_pieces
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

    /// Those taken whole or merged, by path.
    pub fn by_endpoint(&self) -> impl Iterator<Item = (Endpoint, u64)> + '_ {
        by_endpoint(&self.accepted)
    }

    /// Pieces that were taken, by path.
    pub fn pieces_by_endpoint(&self) -> impl Iterator<Item = (Endpoint, u64)> + '_ {
        by_endpoint(&self.accepted_pieces)
    }

    /// Adds those of another.
    pub fn add(&mut self, other: &Self) {
        let pairs =
            [(&mut self.accepted, &other.accepted), (&mut self.accepted_pieces, &other.accepted_pieces)];
        for (all, more) in pairs {
            for (name, number) in more {
                *all.entry(name.clone()).or_default() += number;
            }
        }
        self.in_pieces += other.in_pieces;
        for (reason, number) in &other.rejected {
            *self.rejected.entry(*reason).or_default() += number;
        }
    }
}

fn by_endpoint(counts: &BTreeMap<String, u64>) -> impl Iterator<Item = (Endpoint, u64)> + '_ {
    counts.iter().filter_map(|(name, number)| Some((name.parse().ok()?, *number)))
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde wants it
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Units that are settled, and what that makes of batches.
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
    /// Offsets of batches of which one of these pieces was rejected, by the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spoiled_by: BTreeMap<Reason, Vec<u64>>,
    /// The same without the reason, as it was written before that was kept.
    #[serde(default, skip_serializing)]
    pub spoiled: Vec<u64>,
    /// Bytes of the file of dead letters, with the letters for these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letters: Option<u64>,
}

impl Done {
    /// These units, and the batches of which nothing is left to settle with them.
    #[must_use]
    pub fn of(counts: Counts, units: &[Unit]) -> Self {
        Self { counts, ..Self::default() }.with(&Settled::of(units))
    }

    /// With pieces among the units that were rejected, by the place of their batch.
    #[must_use]
    pub fn spoiling(mut self, rejected: impl IntoIterator<Item = (u64, Reason)>) -> Self {
        for (offset, reason) in rejected {
            self.spoiled_by.entry(reason).or_default().push(offset);
        }
        self
    }

    /// Batches of which a piece was rejected, and why.
    pub fn all_spoiled(&self) -> impl Iterator<Item = (u64, Reason)> + '_ {
        let by_reason =
            self.spoiled_by.iter().flat_map(|(reason, all)| all.iter().map(|one| (*one, *reason)));
        by_reason.chain(self.spoiled.iter().map(|offset| (*offset, Reason::Refused)))
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
    /// Where an input ended while batches were merged: no batch from here on may join one before it, or what was sent at the
    /// end of the input would be sent again as another batch when the input has grown.
    Cut(u64),
    /// An error of the service that could not be traced to one batch; written before its batches are entered as taken.
    Untraced(Untraced),
    /// So many more of these, without their words.
    MoreUntraced(u64),
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
