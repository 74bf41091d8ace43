//! Findings as a table: one line a rule, with how often it fired and where first.

use std::collections::BTreeMap;
use std::io;

use super::Source;
use super::excerpt::printable;
use crate::validate::{Finding, Severity};

/// Counts findings by rule; what it keeps does not grow with their number.
///
/// ```
/// use mparticle_events::validate::Validator;
/// use mparticle_events::validate::render::{Source, Summary};
///
/// let text = br#"{"environment":"production","mpid":1,"evnts":[]}"#;
/// let source = Source { name: "batches.ndjson", first_line: 7, first_column: 1, text };
/// let mut summary = Summary::new();
/// for finding in Validator::new().check_bytes(text).findings() {
///     summary.add(&source, finding);
/// }
/// let mut out = Vec::new();
/// summary.write(&mut out)?;
/// assert!(String::from_utf8_lossy(&out).contains("MP110  unknown-member"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// By severity, errors first, and code.
    rows: BTreeMap<(std::cmp::Reverse<Severity>, String), Row>,
}

#[derive(Clone, Debug)]
struct Row {
    count: u64,
    name: &'static str,
    first: String,
}

impl Summary {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one finding.
    pub fn add(&mut self, source: &Source<'_>, finding: &Finding) {
        let place = || {
            let (line, column) = source.place(finding);
            let column = column.map(|column| format!(":{column}")).unwrap_or_default();
            format!("{}:{line}{column} {}", source.name, finding.pointer)
        };
        self.count(finding.severity, finding.code, finding.name, place);
    }

    /// Counts a fault of the input that is no finding about a batch, such as a file that is cut off.
    pub fn add_unreadable(&mut self, name: &str, line: usize) {
        self.count(Severity::Error, "-", "unreadable", || format!("{name}:{line}"));
    }

    fn count(&mut self, severity: Severity, code: &str, name: &'static str, place: impl FnOnce() -> String) {
        let key = (std::cmp::Reverse(severity), code.to_owned());
        let row = self.rows.entry(key).or_insert_with(|| Row { count: 0, name, first: place() });
        row.count += 1;
    }

    /// Writes the table, with a line of headings; nothing when nothing was found.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let width = |lengths: &mut dyn Iterator<Item = usize>, least: usize| lengths.fold(least, usize::max);
        let digits = width(&mut self.rows.values().map(|row| row.count.to_string().len()), "count".len());
        let names = width(&mut self.rows.values().map(|row| row.name.len()), "name".len());
        let heading = format!("{:>digits$}  severity  code   {:names$}  first at", "count", "name");
        writeln!(out, "{heading}")?;
        for ((severity, code), row) in &self.rows {
            let (count, name, first) = (row.count, row.name, printable(&row.first));
            // Padded as text: `Display` of a severity knows no width.
            let severity = severity.0.to_string();
            writeln!(out, "{count:>digits$}  {severity:8}  {code:5}  {name:names$}  {}", first.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_is_nothing_written() {
        let mut out = Vec::new();
        Summary::new().write(&mut out).unwrap();
        assert!(out.is_empty());
    }

    #[test]
    fn the_first_place_stays_and_errors_come_first() {
        let mut summary = Summary::new();
        summary.count(Severity::Warning, "MP001", "b", || "x:1".to_owned());
        summary.count(Severity::Error, "MP900", "a", || "x:2".to_owned());
        summary.count(Severity::Error, "MP900", "a", || "x:3".to_owned());
        let mut out = Vec::new();
        summary.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "count  severity  code   name  first at\n    2  error     MP900  a     x:2\n    1  warning   MP001  b     x:1\n"
        );
    }
}
