//! What a rule is: one fault, with everything that help, docs and tests need to know about it.

use super::accept::{Facts, Seen};
use super::context::{BatchView, Findings, RequestView};
use super::finding;
use super::{Limits, Route, Severity};

/// One fault the validator knows. A rule is a `static` in a file of its own under `rules/`, listed in [`super::rules::ALL`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// `MP` and three digits; the first digit is the family. Never reused.
    pub code: &'static str,
    /// Kebab-case, named for the fault and not for the remedy: `event-name-too-long`.
    pub name: &'static str,
    /// Severity unless the caller overrides it.
    pub severity: Severity,
    /// The fault in one line, no full stop.
    pub summary: &'static str,
    /// What the service does with such a batch, and why that matters. One paragraph.
    pub why: &'static str,
    /// Which documentation says so, and where sources disagree.
    pub source: &'static str,
    /// Batches that have the fault.
    pub fires: Example,
    /// Nearly the same batches without it.
    pub silent: Example,
    /// How it is found.
    pub check: Check,
}

/// Batches to try a rule on, checked as of [`Example::NOW_MS`].
#[derive(Debug)]
pub struct Example {
    /// The path the batches are meant for.
    pub route: Route,
    /// One or more batches as JSON text; several only for rules across batches and about requests, where they are
    /// the elements of one request.
    pub batches: &'static [&'static str],
    /// Whether the text is the whole body of a bulk request rather than a batch.
    pub is_body: bool,
    /// Limits that are not the default ones, by name, so that an example about a large number can be short.
    pub limits: &'static [(&'static str, u64)],
}

impl Example {
    /// The clock of every example: 2026-01-15 00:00:00 UTC, in milliseconds.
    pub const NOW_MS: i64 = 1_768_435_200_000;

    /// A single batch meant for either path.
    #[must_use]
    pub const fn one(batch: &'static [&'static str; 1]) -> Self {
        Self { route: Route::Either, batches: batch, is_body: false, limits: &[] }
    }

    /// The body of a request to a bulk path.
    #[must_use]
    pub const fn body(body: &'static [&'static str; 1]) -> Self {
        Self { is_body: true, ..Self::one(body) }
    }

    /// Several batches of one file.
    #[must_use]
    pub const fn many(batches: &'static [&'static str]) -> Self {
        Self { route: Route::Either, batches, is_body: false, limits: &[] }
    }

    /// The same batches meant for the given path.
    #[must_use]
    pub const fn on(self, route: Route) -> Self {
        Self { route, ..self }
    }

    /// The same batches where these limits are in force.
    #[must_use]
    pub const fn with(self, limits: &'static [(&'static str, u64)]) -> Self {
        Self { limits, ..self }
    }

    /// All limits to check the batches with.
    #[must_use]
    pub fn to_limits(&self) -> Limits {
        let mut limits = Limits::default();
        for (name, value) in self.limits {
            let known = limits.set(name, *value);
            debug_assert!(known, "no limit {name}");
        }
        limits
    }
}

/// Where in the process a rule is checked.
#[derive(Clone, Copy)]
pub enum Check {
    /// While the bytes are read (`document.rs`).
    Document,
    /// When the schema is evaluated (`shape/`).
    Shape,
    /// On one parsed batch.
    Batch(fn(&BatchView<'_>, &mut Findings<'_>)),
    /// On the body of a bulk request as a whole.
    Request(fn(&RequestView<'_>, &mut Findings<'_>)),
    /// On one batch after another: makes the state for one file or request.
    Across(fn() -> Box<dyn AcrossCheck>),
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Document => "Document",
            Self::Shape => "Shape",
            Self::Batch(_) => "Batch",
            Self::Request(_) => "Request",
            Self::Across(_) => "Across",
        })
    }
}

/// State of a rule that compares batches of one file or request.
pub trait AcrossCheck: Send {
    /// Looks at the next batch.
    fn check(&mut self, batch: &BatchView<'_>, findings: &mut Findings<'_>);

    /// Takes note of the next batch, in which no other rule would find anything, from the facts about it. Leaves the
    /// same behind as [`AcrossCheck::check`] where that would find nothing; where it might, changes nothing and says
    /// so, and is shown the batch itself.
    fn observe(&mut self, facts: &Facts<'_>) -> Seen {
        let _ = facts;
        Seen::Unsure
    }

    /// Whether there was so much to remember that some of it was forgotten, so that not all batches were compared.
    fn forgot(&self) -> bool {
        false
    }
}

impl Rule {
    /// The heading that the rule's code belongs to.
    #[must_use]
    pub fn family(&self) -> &'static str {
        match self.code.as_bytes().get(2) {
            Some(b'0') => "document",
            Some(b'1') => "shape",
            Some(b'2') => "limits",
            Some(b'3') => "meaning",
            Some(b'4') => "time and path",
            Some(b'5') => "across batches",
            _ => "data plans",
        }
    }

    /// The place of the rule on a page of all rules.
    #[must_use]
    pub fn anchor(&self) -> String {
        finding::anchor(self.code, self.name)
    }

    /// Where the rule is explained for people.
    #[must_use]
    pub fn url(&self) -> String {
        finding::address(self.code, self.name)
    }
}
