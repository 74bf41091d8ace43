//! Findings as text: for people, for programs, for code scanning and workflows, as a table.

mod catalogue;
mod excerpt;
mod github;
mod human;
mod json_lines;
mod sarif;
mod sentence;
mod summary;

pub use catalogue::catalogue;
#[cfg(feature = "cli")]
pub(crate) use excerpt::printable;
pub use github::Github;
pub use human::Human;
pub use json_lines::JsonLines;
pub use sarif::Sarif;
pub use summary::Summary;

use super::{Finding, Location};

/// Where a batch came from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Name of the file, or what stands in for it.
    pub name: &'a str,
    /// Line of the file that the batch begins on, from 1.
    pub first_line: usize,
    /// Column of the file that the batch begins at, in characters from 1; 0 is taken for 1.
    pub first_column: usize,
    /// The bytes that were checked; empty when there are none to show.
    pub text: &'a [u8],
}

impl Source<'_> {
    /// Line of the file, from the line in the batch.
    fn line(&self, line: usize) -> usize {
        self.first_line.saturating_add(line).saturating_sub(1)
    }

    /// Line and column of the file, from the place in the batch. Only the first line of a batch can begin within one
    /// of the file.
    pub(crate) fn place(&self, finding: &Finding) -> (usize, Option<usize>) {
        let Some(Location { line, column, .. }) = finding.location else { return (self.line(1), None) };
        let before = if line == 1 { self.first_column.saturating_sub(1) } else { 0 };
        (self.line(line), Some(column.saturating_add(before)))
    }
}

#[cfg(test)]
mod tests;
