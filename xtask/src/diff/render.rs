//! The report for people.

use std::fmt;

use super::change::{Change, Class, Kind, Report};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut subject = "";
        for change in &self.changes {
            if change.subject != subject {
                writeln!(f, "{}", change.subject)?;
                subject = &change.subject;
            }
            writeln!(f, "  {:<9} {change}", change.class.name())?;
        }
        if self.changes.is_empty() {
            return writeln!(f, "no changes");
        }
        let plural = if self.changes.len() == 1 { "change" } else { "changes" };
        writeln!(
            f,
            "{} {plural}: {} breaking, {} additive, {} text only; suggested version bump: {}",
            self.changes.len(),
            self.count(Class::Breaking),
            self.count(Class::Additive),
            self.count(Class::Text),
            self.bump().name(),
        )
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.before.as_deref().unwrap_or_default();
        let after = self.after.as_deref().unwrap_or_default();
        if !self.property.is_empty() {
            write!(f, "{}: ", self.property)?;
        }
        // Texts are long, and the documents are at hand.
        let is_text = self.class == Class::Text;
        match (self.change, self.aspect.as_str()) {
            (Kind::Added, "required") => write!(f, "now required"),
            (Kind::Removed, "required") => write!(f, "no longer required"),
            (Kind::Renamed, aspect) => write!(f, "{aspect} renamed from {before}"),
            (Kind::Changed, aspect) if !is_text => write!(f, "{aspect} changed: {before} → {after}"),
            (kind, aspect) => {
                write!(f, "{aspect} {}", kind.name())?;
                match [before, after].iter().find(|text| !text.is_empty() && !is_text) {
                    Some(value) => write!(f, ": {value}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Class {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Additive => "additive",
            Self::Text => "text only",
        }
    }
}

impl Kind {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Renamed => "renamed",
            Self::Removed => "removed",
            Self::Added => "added",
            Self::Changed => "changed",
        }
    }
}

impl super::Bump {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}
