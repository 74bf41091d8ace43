//! One change as data, and all of them as a report.

use serde::Serialize;
use serde_json::{Value, json};

/// What a change means for users of the generated types and for senders of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Code may stop compiling or data that was fine may be refused.
    Breaking,
    /// There is more to use; what was fine stays fine.
    Additive,
    /// Descriptions, summaries, examples, contact data.
    Text,
}

/// What happened to the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Renamed,
    Removed,
    Added,
    Changed,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// `POST /events`, `schema Batch`, or `document`.
    #[serde(rename = "in")]
    pub subject: String,
    /// Path of the property inside the schema, `[]` for items and `{}` for the values of a map; empty for the schema itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub property: String,
    /// The keyword, or `property`, `schema`, `enum value` …
    pub aspect: String,
    /// Added, removed, changed or renamed.
    pub change: Kind,
    /// What it means.
    pub class: Class,
    /// The old value in short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The new value in short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The part of the version to raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Bump {
    None,
    Patch,
    Minor,
    Major,
}

/// All changes between two documents, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The changes.
    pub changes: Vec<Change>,
}

impl Report {
    /// How many changes have this class.
    #[must_use]
    pub fn count(&self, class: Class) -> usize {
        self.changes.iter().filter(|change| change.class == class).count()
    }

    /// The version bump that the gravest change asks for.
    #[must_use]
    pub fn bump(&self) -> Bump {
        match self.changes.iter().map(|change| change.class).min() {
            None => Bump::None,
            Some(Class::Text) => Bump::Patch,
            Some(Class::Additive) => Bump::Minor,
            Some(Class::Breaking) => Bump::Major,
        }
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> String {
        let value: Value = json!({
            "bump": self.bump(),
            "breaking": self.count(Class::Breaking),
            "additive": self.count(Class::Additive),
            "text": self.count(Class::Text),
            "changes": self.changes,
        });
        format!("{value:#}\n")
    }
}
