//! Errors of the service that could not be traced to one batch: kept so that they are told at the end, whichever run comes to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Characters kept of what the service said.
const WORDS: usize = 1000;
/// Runs of lines kept of one error. What is more is made one run with the last: too many lines rather than too few.
const RUNS: usize = 100;

/// An error within a request that was taken: one of its batches was refused, and it is not known which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untraced {
    /// The batches it can be about: by the name of the input, the first and the last of lines that follow each other.
    pub lines: BTreeMap<String, Vec<(usize, usize)>>,
    /// The service's code, when it gave one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// The service's own words.
    pub message: String,
}

impl Untraced {
    /// An error that is about one of the batches on these lines of these inputs.
    #[must_use]
    pub fn new<'a>(places: impl Iterator<Item = (&'a str, usize)>, code: &str, message: &str) -> Self {
        let mut lines: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        let mut runs = 0;
        for (file, line) in places {
            let of_file = lines.entry(file.to_owned()).or_default();
            match of_file.last_mut() {
                Some((first, last)) if line == *last || line == *last + 1 || runs >= RUNS => {
                    (*first, *last) = (line.min(*first), line.max(*last));
                }
                _ => {
                    of_file.push((line, line));
                    runs += 1;
                }
            }
        }
        Self { lines, code: cut(code), message: cut(message) }
    }

    /// The lines in words: `a.ndjson:1–4, 9; b.ndjson:1`.
    #[must_use]
    pub fn places(&self) -> String {
        let run = |(first, last): &(usize, usize)| {
            if first == last { first.to_string() } else { format!("{first}–{last}") }
        };
        let file = |(name, runs): (&String, &Vec<(usize, usize)>)| {
            format!("{name}:{}", runs.iter().map(run).collect::<Vec<_>>().join(", "))
        };
        self.lines.iter().map(file).collect::<Vec<_>>().join("; ")
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// All such errors of a delivery; so many are kept in full, and more are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UntracedErrors {
    kept: Vec<Untraced>,
    more: u64,
}

impl UntracedErrors {
    /// How many are kept in full.
    pub const KEPT: usize = 100;

    /// Adds one. Whether there was room to keep it in full.
    pub fn add(&mut self, error: Untraced) -> bool {
        let room = self.kept.len() < Self::KEPT;
        if room {
            self.kept.push(error);
        } else {
            self.more += 1;
        }
        room
    }

    /// Adds some that are only counted.
    pub fn add_more(&mut self, more: u64) {
        self.more += more;
    }

    /// Those kept in full, in the order they came.
    #[must_use]
    pub fn kept(&self) -> &[Untraced] {
        &self.kept
    }

    /// Those that are only counted.
    #[must_use]
    pub fn more(&self) -> u64 {
        self.more
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.more == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_follow_each_other_are_one_run() {
        let places = [("a", 1), ("a", 2), ("a", 2), ("a", 9), ("b", 1), ("b", 2)];
        let error = Untraced::new(places.into_iter(), "X", "bad");
        assert_eq!(error.places(), "a:1–2, 9; b:1–2");
        assert_eq!(error.lines["a"], [(1, 2), (9, 9)]);
    }

    #[test]
    fn one_error_is_bounded_and_no_line_is_left_out() {
        let error = Untraced::new((0..10_000).map(|line| ("a", 2 * line)), "", &"é".repeat(5000));
        let runs = &error.lines["a"];
        assert_eq!((runs.len(), runs[0], runs.last()), (RUNS, (0, 0), Some(&(198, 19_998))));
        assert_eq!(error.message.chars().count(), WORDS + 1);
    }

    #[test]
    fn beyond_some_they_are_counted() {
        let mut all = UntracedErrors::default();
        let kept = (0..130).filter(|_| all.add(Untraced::default())).count();
        assert_eq!((kept, all.kept().len(), all.more()), (100, 100, 30));
    }
}
