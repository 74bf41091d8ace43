//! The catalogue: every rule, one a file. To add a rule, write its file and add its line to the list below.

#[cfg(test)]
mod tests;

use super::rule::Rule;

/// Declares the module of every rule and lists its `RULE`: a new rule is a new file and a new line here.
macro_rules! rules {
    ($($module:ident,)*) => {
        $(pub(super) mod $module;)*

        /// Every rule, by code.
        pub static ALL: &[&Rule] = &[$(&$module::RULE,)*];
    };
}

rules! {
    mp001_malformed_json,
    mp002_invalid_unicode,
    mp003_byte_order_mark,
    mp004_empty_document,
    mp005_duplicate_key,
    mp006_not_a_batch,
    mp007_text_after_batch,
    mp008_nesting_too_deep,
    mp101_required_member_missing,
    mp102_expected_member_missing,
    mp103_wrong_type,
    mp104_number_as_text,
    mp105_text_expected,
    mp106_scalar_mismatch,
    mp107_empty_text,
    mp108_required_member_null,
    mp109_unexpected_null,
    mp110_unknown_member,
    mp111_member_alias,
    mp112_unknown_value,
    mp113_value_case,
    mp114_malformed_uuid,
    mp115_uuid_spelling,
    mp116_malformed_ip,
    mp117_unknown_event_type,
    mp118_event_type_not_sendable,
    mp119_output_only_member,
    mp120_output_identities,
    mp121_output_format,
    mp122_secret_in_body,
    mp123_integer_out_of_range,
    mp124_contested_type,
    // MP2xx to MP5xx: limits, meaning, time and path, across batches
}

/// The rule with the given code or name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
