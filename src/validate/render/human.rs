//! Findings for people, in the manner of a compiler.

use std::io::{self, Write as _};

use super::Source;
use super::excerpt::{self, printable};
use crate::validate::{Finding, Severity};

/// Writes findings for people.
///
/// ```
/// use mparticle_events::validate::Validator;
/// use mparticle_events::validate::render::{Human, Source};
///
/// let text = br#"{"environment":"production","mpid":1,"evnts":[]}"#;
/// let report = Validator::new().check_bytes(text);
/// let source = Source { name: "batches.ndjson", first_line: 7, first_column: 1, text };
/// let mut out = Vec::new();
/// for finding in report.findings().iter().filter(|finding| finding.code == "MP110") {
///     Human::new().write(&mut out, &source, finding)?;
/// }
/// assert_eq!(
///     String::from_utf8_lossy(&out),
///     "\
/// warning[MP110]: the service does not know this member and ignores it
///  --> batches.ndjson:7:38 /evnts
///   |
/// 7 | … \"evnts\": …
///   |   ^^^^^^^
///   = help: did you mean `events`?
///
/// "
/// );
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Human {
    /// Colour by terminal escapes.
    pub color: bool,
    /// Quote the line of the input; without it, only the name of the member is shown.
    pub show_values: bool,
}

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const BLUE: &str = "\x1b[1;34m";
const PLAIN: &str = "\x1b[0m";

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
        // Gathered first, so that a finding is written whole or not at all.
        let mut text = Vec::new();
        self.head(&mut text, source, finding)?;
        let (line, _) = source.place(finding);
        let indent = " ".repeat(digits(line));
        if let Some(excerpt) = self.excerpt(source, finding) {
            self.quote(&mut text, &indent, line, &excerpt, finding.severity)?;
        }
        let details = [("found", &finding.found), ("allowed", &finding.allowed), ("help", &finding.help)];
        for (label, detail) in details {
            if let Some(detail) = detail {
                let equals = self.paint(BLUE, "=");
                writeln!(text, "{indent} {equals} {}: {}", self.paint(BOLD, label), printable(detail))?;
            }
        }
        text.push(b'\n');
        out.write_all(&text)
    }

    fn head(&self, out: &mut Vec<u8>, source: &Source<'_>, finding: &Finding) -> io::Result<()> {
        let label = format!("{}[{}]", finding.severity, finding.code);
        let label = self.paint(tone(finding.severity), &label);
        let message = format!(": {}", printable(&finding.message));
        writeln!(out, "{label}{}", self.paint(BOLD, &message))?;
        let (line, column) = source.place(finding);
        let arrow = self.paint(BLUE, "-->");
        write!(out, "{}{arrow} {}:{line}", " ".repeat(digits(line)), printable(source.name))?;
        if let Some(column) = column {
            write!(out, ":{column}")?;
        }
        if !finding.pointer.is_empty() {
            write!(out, " {}", printable(&excerpt::short_pointer(&finding.pointer)))?;
        }
        out.write_all(b"\n")
    }

    fn quote(
        &self,
        out: &mut Vec<u8>,
        indent: &str,
        line: usize,
        excerpt: &excerpt::Excerpt,
        severity: Severity,
    ) -> io::Result<()> {
        let bar = self.paint(BLUE, "|");
        let marks = self.paint(tone(severity), &"^".repeat(excerpt.marked));
        writeln!(out, "{indent} {bar}")?;
        writeln!(out, "{} {bar} {}", self.paint(BLUE, &line.to_string()), excerpt.text)?;
        writeln!(out, "{indent} {bar} {}{marks}", " ".repeat(excerpt.indent))
    }

    fn excerpt(&self, source: &Source<'_>, finding: &Finding) -> Option<excerpt::Excerpt> {
        let full = if self.show_values { excerpt::full(source.text, finding) } else { None };
        full.or_else(|| excerpt::masked(source.text, finding))
    }

    fn paint(&self, tone: &str, text: &str) -> String {
        if self.color { format!("{tone}{text}{PLAIN}") } else { text.to_owned() }
    }
}

fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
    }
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}
