//! `SOURCE.toml`: where the published document comes from and which revision the one in the repository equals.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::pipeline;

/// The record as text; only values are replaced, comments stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record(String);

impl Record {
    /// Reads the record from the `openapi/` folder.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(pipeline::SOURCE);
        std::fs::read_to_string(&path).map(Self).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The value of `key = "value"`.
    ///
    /// # Errors
    ///
    /// When the record has no such line.
    pub fn get(&self, key: &str) -> Result<&str> {
        self.0
            .lines()
            .find_map(|line| value_of(line, key))
            .with_context(|| format!("{} has no line `{key} = \"…\"`", pipeline::SOURCE))
    }

    /// The same record with another value for a key that it has.
    ///
    /// # Errors
    ///
    /// When the record has no such line.
    pub fn with(&self, key: &str, value: &str) -> Result<Self> {
        self.get(key)?;
        let lines = self.0.lines().map(|line| match value_of(line, key) {
            Some(_) => format!("{key} = \"{value}\"\n"),
            None => format!("{line}\n"),
        });
        Ok(Self(lines.collect()))
    }

    /// The text to write.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim().strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_change_and_comments_stay() {
        let record = Record("# why\nurl = \"a\"\nrevision = \"b\"\n".to_owned());
        let changed = record.with("revision", "2030-01-02").unwrap();
        assert_eq!(changed.text(), "# why\nurl = \"a\"\nrevision = \"2030-01-02\"\n");
        assert_eq!(changed.get("url").unwrap(), "a");
    }

    #[test]
    fn a_missing_key_is_an_error_that_names_it() {
        let error = Record(String::new()).with("revision", "x").unwrap_err();
        assert!(error.to_string().contains("revision"), "{error}");
    }
}
