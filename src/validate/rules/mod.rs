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
    mp201_batch_too_large,
    mp202_batch_near_size_limit,
    mp203_empty_event_name,
    mp204_event_name_too_long,
    mp205_screen_name_too_long,
    mp206_too_many_event_attributes,
    mp207_empty_attribute_name,
    mp208_event_attribute_name_too_long,
    mp209_event_attribute_value_too_long,
    mp210_too_many_user_attributes,
    mp211_user_attribute_name_too_long,
    mp212_user_attribute_value_too_long,
    mp213_user_attribute_list_too_long,
    mp214_user_attribute_entry_too_long,
    mp215_action_identifier_too_long,
}

/// The rule with the given code or name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
