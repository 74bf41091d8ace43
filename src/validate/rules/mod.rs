//! The catalogue: every rule, one a file. To add a rule, write its file and add its line to the list below.

mod codes;
mod memory;
mod prelude;
mod times;
mod views;

#[cfg(test)]
mod testing;

use super::rule::Rule;

/// Declares the module of every rule and lists its `RULE`: a new rule is a new file and a new line here.
macro_rules! rules {
    ($($module:ident,)*) => {
        $(mod $module;)*

        /// Every rule, by code.
        pub static ALL: &[&Rule] = &[$(&$module::RULE,)*];
    };
}

rules! {
}

/// The rule with the given code or name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
