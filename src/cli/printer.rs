//! Shows findings one after another, up to a number, and says how many it kept back.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::args::CheckArgs;
use super::groups::Groups;
use super::output::count;
use crate::input::{InputError, InputErrorKind};
use crate::validate::render::{Github, Human, JsonLines, Sarif, Source, Summary};
use crate::validate::{Finding, Report};

/// How many findings people are shown in full unless they ask for more.
const SHOWN: u64 = 100;

/// What findings are written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// For people
    #[default]
    Human,
    /// For programs: one JSON object a line
    Json,
    /// For code scanning: a SARIF 2.1.0 log
    Sarif,
    /// For GitHub workflows: annotations beside the lines
    Github,
    /// A table: how often each rule found something, and where first
    Summary,
}

/// Shows findings.
#[derive(Debug)]
pub struct Printer {
    renderer: Renderer,
    left: u64,
    kept_back: u64,
    /// By kind, where people read it.
    groups: Option<Groups>,
}

#[derive(Debug)]
enum Renderer {
    Human(Human),
    Json,
    Sarif(Sarif),
    Github,
    Summary(Summary),
    Nothing,
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
    pub fn new(shape: Shape, check: &CheckArgs, color: bool) -> Self {
        let (renderer, shown) = match shape {
            Shape::Human => {
                (Renderer::Human(Human::new().color(color).show_values(check.show_values)), SHOWN)
            }
            Shape::Json => (Renderer::Json, u64::MAX),
            Shape::Sarif => (Renderer::Sarif(Sarif::new()), u64::MAX),
            Shape::Github => (Renderer::Github, SHOWN),
            Shape::Summary => return Self::unlimited(Renderer::Summary(Summary::new())),
        };
        Self { renderer, left: check.shown(shown), kept_back: 0, groups: None }
    }

    /// Shows people a few findings of a kind, and counts the others by kind: [`finish`](Self::finish) writes how many.
    /// Not when they asked for all.
    #[must_use]
    pub fn by_kind(mut self) -> Self {
        if matches!(self.renderer, Renderer::Human(_)) && self.left < u64::MAX {
            self.groups = Some(Groups::default());
        }
        self
    }

    /// A printer that shows nothing.
    #[must_use]
    pub const fn silent() -> Self {
        Self::unlimited(Renderer::Nothing)
    }

    const fn unlimited(renderer: Renderer) -> Self {
        Self { renderer, left: u64::MAX, kept_back: 0, groups: None }
    }

    /// Whether it counts by rule, so that nobody else has to.
    #[must_use]
    pub const fn counts(&self) -> bool {
        matches!(self.renderer, Renderer::Summary(_))
    }

    /// Shows the findings of one batch.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn show(&mut self, out: &mut dyn Write, source: &Source<'_>, report: &Report) -> io::Result<()> {
        for finding in report.findings() {
            let shown = match &mut self.groups {
                Some(groups) => groups.take(source, finding, self.left > 0),
                None => self.left > 0,
            };
            if self.count(shown) {
                self.renderer.write(out, source, finding)?;
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
        let room = self.left > 0;
        if self.count(room) { self.renderer.write_unreadable(out, name, error) } else { Ok(()) }
    }

    /// Shows something that is no finding of a rule, on a line of its own.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn show_line(&mut self, out: &mut dyn Write, line: &str) -> io::Result<()> {
        let room = self.left > 0;
        let shown = self.count(room) && !matches!(self.renderer, Renderer::Nothing);
        if shown { writeln!(out, "{line}") } else { Ok(()) }
    }

    /// Ends what is written. `complete` says whether everything could be checked.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn finish(&mut self, out: &mut dyn Write, complete: bool) -> io::Result<()> {
        match &mut self.renderer {
            Renderer::Sarif(sarif) => sarif.finish(out, complete),
            Renderer::Summary(summary) => summary.write(out),
            Renderer::Human(human) => {
                let color = human.color;
                self.groups.as_ref().map_or(Ok(()), |groups| groups.write(out, color))
            }
            Renderer::Json | Renderer::Github | Renderer::Nothing => Ok(()),
        }
    }

    /// How many findings were not shown, in words.
    #[must_use]
    pub fn kept_back(&self) -> Option<String> {
        let more = count(self.kept_back, "more finding");
        (self.kept_back > 0).then(|| format!("{more} only counted; --max-findings 0 shows all in full"))
    }

    fn count(&mut self, shown: bool) -> bool {
        self.left = self.left.saturating_sub(u64::from(shown));
        self.kept_back += u64::from(!shown);
        shown
    }
}

impl Renderer {
    fn write(&mut self, out: &mut dyn Write, source: &Source<'_>, finding: &Finding) -> io::Result<()> {
        match self {
            Self::Human(human) => human.write(out, source, finding),
            Self::Json => JsonLines::new().write(out, source, finding),
            Self::Sarif(sarif) => sarif.write(out, source, finding),
            Self::Github => Github::new().write(out, source, finding),
            Self::Summary(summary) => {
                summary.add(source, finding);
                Ok(())
            }
            Self::Nothing => Ok(()),
        }
    }

    fn write_unreadable(&mut self, out: &mut dyn Write, name: &str, error: &InputError) -> io::Result<()> {
        let (line, what, help) = (error.line(), error.what(), error.help());
        let whole = || format!("{what}; help: {help}");
        match self {
            Self::Human(_) => write!(out, "{name}:{line}: error: {what}\n  help: {help}\n\n"),
            Self::Json => {
                let severity = "error";
                let line = Unreadable { file: name, line, severity, code: "unreadable", message: what, help };
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")
            }
            Self::Sarif(sarif) => sarif.write_unreadable(out, name, line, &whole()),
            Self::Github => Github::new().write_unreadable(out, name, line, &whole()),
            Self::Summary(summary) => {
                summary.add_unreadable(name, line);
                Ok(())
            }
            Self::Nothing => Ok(()),
        }
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
