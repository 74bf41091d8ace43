//! Where the checks that know several rules put what they find.

use super::context::Findings;
use super::rule::Rule;
use super::{Finding, Location};

/// Findings of several rules, in one list.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    show_values: bool,
    list: &'a mut Vec<Finding>,
}

impl<'a> Collector<'a> {
    /// A collector into the list.
    pub(super) fn new(show_values: bool, list: &'a mut Vec<Finding>) -> Self {
        Self { show_values, list }
    }

    /// A collector for one of the rules.
    pub(super) fn of(&mut self, rule: &'static Rule) -> Findings<'_> {
        Findings::new(rule, self.show_values, self.list)
    }

    /// What was found so far.
    pub(super) fn list(&mut self) -> &mut Vec<Finding> {
        self.list
    }

    /// Says where the last finding is, when its pointer cannot.
    pub(super) fn locate_last(&mut self, location: Location) {
        if let Some(finding) = self.list.last_mut() {
            finding.location = Some(location);
        }
    }
}
