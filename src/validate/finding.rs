//! One finding, as data; rendering it is somebody else's job.

use std::fmt;

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The service accepts it, but truncates or ignores something, or it is probably not what was meant.
    Warning,
    /// The service rejects or drops it, or loses data.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place in the bytes of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// Bytes from the start of the document.
    pub offset: usize,
    /// Line in the document, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One fault in one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule's code, such as `MP204`; never reused for another rule.
    pub code: &'static str,
    /// The rule's name, such as `event-name-too-long`.
    pub name: &'static str,
    /// How bad it is, after the caller's overrides.
    pub severity: Severity,
    /// What is wrong, in one sentence without the place.
    pub message: String,
    /// Where in the batch, as a JSON pointer (RFC 6901); empty for the batch as a whole.
    pub pointer: String,
    /// Where in the bytes that were checked; absent for typed batches.
    pub location: Option<Location>,
    /// What was found, masked unless the caller asked for values.
    pub found: Option<String>,
    /// What would be right.
    pub allowed: Option<String>,
    /// How to mend it.
    pub help: Option<String>,
}

impl Finding {
    /// Where the rule behind the finding is explained for people.
    #[must_use]
    pub fn url(&self) -> String {
        address(self.code, self.name)
    }
}

/// The place of a rule on a page of all rules.
pub(super) fn anchor(code: &str, name: &str) -> String {
    format!("{}-{name}", code.to_ascii_lowercase())
}

/// The documentation address of a rule.
pub(super) fn address(code: &str, name: &str) -> String {
    format!("https://docs.rs/mparticle-events/latest/mparticle_events/validate/rules/#{}", anchor(code, name))
}
