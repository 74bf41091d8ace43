//! Findings for people, in the manner of a compiler.

use std::io;

use super::Source;
use crate::validate::Finding;

/// Writes findings for people.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Human {
    /// Colour by terminal escapes.
    pub color: bool,
    /// Quote the line of the input; without it, only the name of the member is shown.
    pub show_values: bool,
}

impl Human {
    /// Without colour and values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With colour, or without.
    #[must_use]
    pub fn color(self, color: bool) -> Self {
        Self { color, ..self }
    }

    /// With values of the input, or without.
    #[must_use]
    pub fn show_values(self, show_values: bool) -> Self {
        Self { show_values, ..self }
    }

    /// Writes one finding, with an empty line after it.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write(&self, out: &mut dyn io::Write, source: &Source<'_>, finding: &Finding) -> io::Result<()> {
        writeln!(out, "{} {}", source.name, finding.message)
    }
}
