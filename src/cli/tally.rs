//! Counts what was found, so that a summary can say it in a few lines.

use std::collections::BTreeMap;

use super::output::{Paint, Streams, count, grouped};
use crate::validate::{Finding, Report, Severity, rules};

/// Batches by verdict, findings by rule.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Batches read.
    pub batches: u64,
    /// Batches with nothing to say about.
    pub clean: u64,
    /// Batches with warnings only.
    pub warned: u64,
    /// Batches with at least one error.
    pub faulty: u64,
    /// Findings, errors first, then by code.
    codes: BTreeMap<(Order, &'static str), u64>,
    /// What is counted as a batch, where that is something else.
    unit: Option<&'static str>,
    /// Inputs that end in the middle, or parts of them that cannot be read.
    pub unreadable: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Error,
    Warning,
}

impl Tally {
    /// A tally that calls what it counts by this name.
    #[must_use]
    pub fn of(unit: &'static str) -> Self {
        Self { unit: Some(unit), ..Self::default() }
    }

    /// Counts one batch.
    pub fn add(&mut self, report: &Report) {
        self.batches += 1;
        if report.is_clean() {
            self.clean += 1;
            return;
        }
        if report.has_errors() {
            self.faulty += 1;
        } else {
            self.warned += 1;
        }
        for finding in report.findings() {
            *self.codes.entry((order(finding), finding.code)).or_default() += 1;
        }
    }

    /// Whether there is an error anywhere.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.faulty > 0 || self.unreadable > 0
    }

    /// All findings.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.codes.values().sum()
    }

    /// How often each rule found something: severity, code, number.
    pub fn by_code(&self) -> impl Iterator<Item = (Severity, &'static str, u64)> {
        self.codes.iter().map(|((order, code), number)| {
            let severity = if *order == Order::Error { Severity::Error } else { Severity::Warning };
            (severity, *code, *number)
        })
    }

    /// One line a rule.
    pub fn write_codes(&self, streams: &mut Streams<'_>) {
        let paint = Paint(streams.err_color);
        for (severity, code, number) in self.by_code() {
            let name = rules::find(code).map_or("", |rule| rule.name);
            // Padded before it is coloured: escapes have no width.
            let word = format!("{:7}", severity.to_string());
            let word = match severity {
                Severity::Error => paint.error(word),
                Severity::Warning => paint.warning(word),
            };
            streams.say(format_args!("  {:>9}  {word}  {code}  {name}", grouped(number)));
        }
    }

    /// `300 batches: 280 clean, 9 with warnings, 11 with errors`.
    #[must_use]
    pub fn headline(&self) -> String {
        format!(
            "{}: {} clean, {} with warnings, {} with errors",
            count(self.batches, self.unit.unwrap_or("batch")),
            grouped(self.clean),
            grouped(self.warned),
            grouped(self.faulty)
        )
    }
}

fn order(finding: &Finding) -> Order {
    match finding.severity {
        Severity::Error => Order::Error,
        Severity::Warning => Order::Warning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_batch_is_counted_once() {
        let mut tally = Tally::default();
        tally.add(&Report::default());
        tally.add(&Report::default());
        assert_eq!(tally.headline(), "2 batches: 2 clean, 0 with warnings, 0 with errors");
        assert!(!tally.has_errors());
        assert_eq!(tally.findings(), 0);
    }
}
