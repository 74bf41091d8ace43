//! Counts who agrees with whom, and says it in a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mparticle_events::validate::{Finding, rules};

use super::objections::Objection;
use crate::Outcome;

/// What we say to an objection of the published schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// The same, as an error of this rule.
    Agreed(&'static str),
    /// The same, as a warning of this rule.
    Warned(&'static str),
    /// Nothing, because of a correction.
    Lifted(String),
    /// Nothing, and nobody knows why.
    None,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Tally {
    verbose: bool,
    /// By whether the schema objects and whether we do.
    batches: BTreeMap<(bool, bool), u64>,
    answers: BTreeMap<Answer, u64>,
    ours: BTreeMap<&'static str, u64>,
    lines: Vec<String>,
    unattributed: Vec<String>,
}

impl Tally {
    pub fn new(verbose: bool) -> Self {
        Self { verbose, ..Self::default() }
    }

    /// Counts a batch.
    pub fn batch(&mut self, schema_objects: bool, we_object: bool) {
        *self.batches.entry((schema_objects, we_object)).or_default() += 1;
    }

    /// Counts an objection of the schema.
    pub fn objection(&mut self, case: &str, objection: &Objection, answer: Answer) {
        let Objection { place, keyword, schema_path, .. } = objection;
        let what = format!("{case}: {} ({keyword} at {schema_path})", shown(place));
        match &answer {
            Answer::Agreed(_) => {}
            Answer::Warned(code) => self.line(|| format!("{what}: {code} warns")),
            Answer::Lifted(correction) => self.line(|| format!("{what}: {correction}")),
            Answer::None => self.unattributed.push(what),
        }
        *self.answers.entry(answer).or_default() += 1;
    }

    /// Counts an error of ours that the schema says nothing of.
    pub fn ours_alone(&mut self, case: &str, finding: &Finding) {
        let place = shown(&finding.pointer);
        self.line(|| format!("{case}: {place}: {} only: {}", finding.code, finding.message));
        *self.ours.entry(finding.code).or_default() += 1;
    }

    fn line(&mut self, text: impl FnOnce() -> String) {
        if self.verbose {
            self.lines.push(text());
        }
    }

    /// The table.
    pub fn outcome(&self, cases: usize) -> Outcome {
        let mut text = String::new();
        for line in &self.lines {
            let _ = writeln!(text, "{line}");
        }
        if !self.lines.is_empty() {
            text.push('\n');
        }
        let batches: u64 = self.batches.values().sum();
        let _ = writeln!(text, "{cases} payloads, {batches} batches");
        let kinds = [
            ((false, false), "both accept"),
            ((true, true), "both object"),
            ((true, false), "only the schema objects"),
            ((false, true), "only we object"),
        ];
        for (kind, name) in kinds {
            row(&mut text, self.batches.get(&kind).copied().unwrap_or_default(), name);
        }
        let sum = |is: fn(&Answer) -> bool| self.only(is).map(|(_, number)| number).sum::<u64>();
        let all: u64 = self.answers.values().sum();
        let _ = writeln!(text, "\n{all} objections of the schema");
        row(&mut text, sum(|it| matches!(it, Answer::Agreed(_))), "are errors of ours");
        row(&mut text, sum(|it| matches!(it, Answer::Warned(_))), "are warnings of ours, of these rules:");
        self.rows(&mut text, |it| matches!(it, Answer::Warned(_)));
        row(&mut text, sum(|it| matches!(it, Answer::Lifted(_))), "are lifted by a correction:");
        self.rows(&mut text, |it| matches!(it, Answer::Lifted(_)));
        row(&mut text, sum(|it| *it == Answer::None), "are unattributed");
        let _ = writeln!(text, "\n{} errors that only we find", self.ours.values().sum::<u64>());
        for (code, number) in &self.ours {
            row(&mut text, *number, &named(code));
        }
        if !self.unattributed.is_empty() {
            text.push_str("\nunattributed: neither a rule nor a correction says why we do not object\n");
            for what in &self.unattributed {
                let _ = writeln!(text, "  {what}");
            }
            text.push_str("add a rule (CONTRIBUTING.md), or a correction with its reason and its source\n");
        }
        Outcome { text, ok: self.unattributed.is_empty() }
    }

    fn only(&self, is: fn(&Answer) -> bool) -> impl Iterator<Item = (&Answer, u64)> {
        self.answers.iter().filter(move |(answer, _)| is(answer)).map(|(answer, number)| (answer, *number))
    }

    fn rows(&self, text: &mut String, is: fn(&Answer) -> bool) {
        for (answer, number) in self.only(is) {
            let name = match answer {
                Answer::Agreed(code) | Answer::Warned(code) => named(code),
                Answer::Lifted(correction) => correction.clone(),
                Answer::None => String::new(),
            };
            let _ = writeln!(text, "  {:>6} {number:>5}  {name}", "");
        }
    }
}

fn row(text: &mut String, number: u64, name: &str) {
    let _ = writeln!(text, "  {number:>6}  {name}");
}

fn named(code: &str) -> String {
    format!("{code} {}", rules::find(code).map_or("", |rule| rule.name))
}

fn shown(place: &str) -> &str {
    if place.is_empty() { "the batch" } else { place }
}
