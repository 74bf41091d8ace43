//! Findings as text: for people, and for programs.

mod excerpt;
mod human;
mod json_lines;

pub use human::Human;
pub use json_lines::JsonLines;

/// Where a batch came from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Name of the file, or what stands in for it.
    pub name: &'a str,
    /// Line of the file that the batch begins on, from 1.
    pub first_line: usize,
    /// The bytes that were checked; empty when there are none to show.
    pub text: &'a [u8],
}

impl Source<'_> {
    /// Line of the file, from the line in the batch.
    fn line(&self, line: usize) -> usize {
        self.first_line.saturating_add(line).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests;
