//! Shows findings one after another, up to a number, and says how many it kept back.

use std::io::{self, Write};

use serde::Serialize;

use super::args::{CheckArgs, Output};
use super::output::count;
use crate::input::{InputError, InputErrorKind};
use crate::validate::Report;
use crate::validate::render::{Human, JsonLines, Source};

/// How many findings people are shown in full unless they ask for more.
const SHOWN: u64 = 100;

/// Shows findings.
#[derive(Debug)]
pub struct Printer {
    human: Option<Human>,
    left: u64,
    kept_back: u64,
    silent: bool,
}

/// A part of an input that cannot be read, in the shape of a finding.
#[derive(Serialize)]
struct Unreadable<'a> {
    file: &'a str,
    line: usize,
    severity: &'static str,
    code: &'static str,
    message: String,
    help: &'static str,
}

impl Printer {
    /// A printer for the given settings.
    #[must_use]
    pub fn new(output: Output, check: &CheckArgs, color: bool) -> Self {
        match output {
            Output::Human => Self {
                human: Some(Human::new().color(color).show_values(check.show_values)),
                left: check.shown(SHOWN),
                kept_back: 0,
                silent: false,
            },
            Output::Json => Self { human: None, left: check.shown(u64::MAX), kept_back: 0, silent: false },
        }
    }

    /// A printer that shows nothing.
    #[must_use]
    pub const fn silent() -> Self {
        Self { human: None, left: 0, kept_back: 0, silent: true }
    }

    /// Shows the findings of one batch.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn show(&mut self, out: &mut dyn Write, source: &Source<'_>, report: &Report) -> io::Result<()> {
        for finding in report.findings() {
            if self.take() {
                match self.human {
                    Some(human) => human.write(out, source, finding)?,
                    None => JsonLines::new().write(out, source, finding)?,
                }
            }
        }
        Ok(())
    }

    /// Shows a fault of the input as a whole.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn show_unreadable(&mut self, out: &mut dyn Write, name: &str, error: &InputError) -> io::Result<()> {
        if !self.take() {
            return Ok(());
        }
        if self.human.is_some() {
            return write!(
                out,
                "{name}:{}: error: {}\n  help: {}\n\n",
                error.line(),
                error.what(),
                error.help()
            );
        }
        let line = Unreadable {
            file: name,
            line: error.line(),
            severity: "error",
            code: "unreadable",
            message: error.what(),
            help: error.help(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }

    /// How many findings were not shown, in words.
    #[must_use]
    pub fn kept_back(&self) -> Option<String> {
        let more = count(self.kept_back, "more finding");
        (self.kept_back > 0 && !self.silent)
            .then(|| format!("{more} not shown, only counted; --max-findings 0 shows all"))
    }

    fn take(&mut self) -> bool {
        let shown = self.left > 0;
        self.left = self.left.saturating_sub(1);
        self.kept_back += u64::from(!shown);
        shown
    }
}

/// Whether what is wrong is the content, as with a file that was cut off: other files are worth checking, and the end is 1 and not 2.
#[must_use]
pub fn is_content(error: &InputError) -> bool {
    !matches!(
        error.kind(),
        InputErrorKind::Io(_) | InputErrorKind::Binary { .. } | InputErrorKind::NotJson { .. }
    )
}
