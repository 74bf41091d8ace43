//! The catalogue: every rule, one a file. To add a rule, write its file and add its line to the list below.

use super::rule::Rule;

/// Every rule, by code.
pub static ALL: &[&Rule] = &[];

/// The rule with the given code or name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
