//! The catalogue: every rule, one a file. To add a rule, write its file and add its line to the list below.
//!
#![doc = include_str!("../../../docs/rules.md")]

pub(super) mod codes;
pub(super) mod memory;
mod places;
mod prelude;
pub(super) mod times;
mod views;

#[cfg(test)]
mod testing;
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
    mp009_not_a_list,
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
    mp301_nobody_to_attribute_to,
    mp302_environment_missing,
    mp303_mpid_zero,
    mp304_commerce_event_without_action,
    mp305_commerce_event_with_several_actions,
    mp306_purchase_without_products,
    mp307_first_run_outside_initialization,
    mp308_attribution_event_incomplete,
    mp309_unknown_ccpa_purpose,
    mp310_consent_without_purpose,
    mp311_unknown_reserved_attribute,
    mp312_attribute_set_and_deleted,
    mp313_coordinates_out_of_range,
    mp314_coordinates_zero,
    mp315_unknown_location_source,
    mp316_country_code_not_iso,
    mp317_currency_code_not_iso,
    mp318_advertising_id_all_zero,
    mp319_integration_id_not_numeric,
    mp401_historical_batch_without_events,
    mp402_historical_event_without_timestamp,
    mp403_historical_event_too_young,
    mp404_live_event_too_old,
    mp405_batch_straddles_paths,
    mp406_event_timestamp_in_seconds,
    mp407_event_timestamp_too_fine,
    mp408_timestamp_in_wrong_unit,
    mp409_event_in_the_future,
    mp410_event_timestamp_near_1970,
    mp501_repeated_source_request_id,
    mp502_repeated_source_message_id,
    mp503_too_many_event_names,
    mp504_too_many_events_for_user,
    mp505_mixed_environments,
    mp506_attribute_changes_type,
    mp507_too_many_batches,
    mp508_request_too_large,
    mp509_request_near_size_limit,
    mp510_empty_request,
}

/// The rule with the given code or name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
