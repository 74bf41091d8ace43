//! Findings for programs: one JSON object a line.

use std::io;

use serde::Serialize;

use super::Source;
use crate::validate::{Finding, Severity};

/// Writes findings as JSON, one a line.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct JsonLines;

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    pointer: &'a str,
    severity: Severity,
    code: &'a str,
    name: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    url: String,
}

impl JsonLines {
    /// The renderer.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// Writes one finding as one line. A batch without locations is reported on its first line.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write(&self, out: &mut dyn io::Write, source: &Source<'_>, finding: &Finding) -> io::Result<()> {
        let (line, column) = source.place(finding);
        let line = Line {
            file: source.name,
            line,
            column,
            pointer: &finding.pointer,
            severity: finding.severity,
            code: finding.code,
            name: finding.name,
            message: &finding.message,
            found: finding.found.as_deref(),
            allowed: finding.allowed.as_deref(),
            help: finding.help.as_deref(),
            url: finding.url(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }
}
