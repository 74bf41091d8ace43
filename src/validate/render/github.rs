//! Findings as annotations of a GitHub workflow: commands in its log, shown beside the lines that they are about.

use std::io;

use super::Source;
use super::excerpt::printable;
use super::sentence::sentence;
use crate::validate::{Finding, Severity};

/// Writes findings as GitHub workflow commands, one a line.
///
/// GitHub shows no more than 10 errors and 10 warnings of a step beside the code; the others are only in its log.
///
/// ```
/// use mparticle_events::validate::Validator;
/// use mparticle_events::validate::render::{Github, Source};
///
/// let text = br#"{"environment":"production","mpid":1,"evnts":[]}"#;
/// let report = Validator::new().check_bytes(text);
/// let source = Source { name: "batches.ndjson", first_line: 7, first_column: 1, text };
/// let mut out = Vec::new();
/// for finding in report.findings().iter().filter(|finding| finding.code == "MP110") {
///     Github::new().write(&mut out, &source, finding)?;
/// }
/// assert_eq!(
///     String::from_utf8_lossy(&out),
///     "::warning file=batches.ndjson,line=7,col=38,title=MP110 unknown-member::\
///      the service does not know this member and ignores it; help: did you mean `events`? (/evnts)\n"
/// );
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Github;

impl Github {
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
        let place =
            if finding.pointer.is_empty() { String::new() } else { format!(" ({})", finding.pointer) };
        let (line, column) = source.place(finding);
        let column = column.map(|column| format!(",col={column}")).unwrap_or_default();
        writeln!(
            out,
            "::{} file={},line={line}{column},title={}::{}",
            command(finding.severity),
            property(source.name),
            property(&format!("{} {}", finding.code, finding.name)),
            data(&printable(&format!("{}{place}", sentence(finding)))),
        )
    }

    /// Writes a fault of the input that is no finding about a batch, such as a file that is cut off.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write_unreadable(
        &self,
        out: &mut dyn io::Write,
        name: &str,
        line: usize,
        message: &str,
    ) -> io::Result<()> {
        let (file, message) = (property(name), data(&printable(message)));
        writeln!(out, "::error file={file},line={line},title=unreadable::{message}")
    }
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Text after the `::`: a line's end would end the command, and `%` begins an escape.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property: `,` and `:` would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(property("a,b: 5%"), "a%2Cb%3A 5%25");
    }

    #[test]
    fn a_file_cannot_smuggle_in_another_command() {
        let mut out = Vec::new();
        Github::new().write_unreadable(&mut out, "x\n::error::y", 3, "cut off\n::warning::z").unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("::error file=x%0A%3A%3Aerror%3A%3Ay,line=3,title=unreadable::cut off"));
    }
}
