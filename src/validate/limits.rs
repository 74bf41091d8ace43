//! The service's limits: defaults from the spec, each of them configurable.

mod default {
    #![allow(missing_docs)]
    include!(concat!(env!("OUT_DIR"), "/limits.rs"));
}

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident = $constant:ident,)*) => {
        /// What a workspace may send. A customer can have other limits than the documented ones, so each can be changed.
        ///
        /// ```
        /// use mparticle_events::validate::Limits;
        ///
        /// let mut limits = Limits::default();
        /// assert_eq!(limits.event_name_chars, 256);
        /// limits.event_attributes = 200;
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Limits {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: default::$constant,)* }
            }
        }

        impl Limits {
            /// Names of all limits, as in a configuration file.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field),)*];

            /// Changes a limit by name; false when there is no such limit.
            pub fn set(&mut self, name: &str, value: u64) -> bool {
                match name {
                    $(stringify!($field) => self.$field = value,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

limits! {
    /// Batches in one bulk request.
    batches_per_request = BATCHES_PER_REQUEST,
    /// Bytes of one batch in the smaller reading of KB: more is a warning.
    batch_bytes = BATCH_BYTES,
    /// Bytes of one batch in the larger reading of KB: more is an error.
    batch_bytes_hard = BATCH_BYTES_HARD,
    /// Bytes of one request in the smaller reading of KB: the sender packs below it.
    request_bytes = REQUEST_BYTES,
    /// Bytes of one request in the larger reading of KB.
    request_bytes_hard = REQUEST_BYTES_HARD,
    /// Batches a second for an account.
    batches_per_second = BATCHES_PER_SECOND,
    /// Characters of an event or screen name.
    event_name_chars = EVENT_NAME_CHARS,
    /// Attributes of one event.
    event_attributes = EVENT_ATTRIBUTES,
    /// Characters of the name of an event attribute.
    event_attribute_name_chars = EVENT_ATTRIBUTE_NAME_CHARS,
    /// Characters of the value of an event attribute.
    event_attribute_value_chars = EVENT_ATTRIBUTE_VALUE_CHARS,
    /// User attributes in one batch.
    user_attributes = USER_ATTRIBUTES,
    /// Characters of the name of a user attribute.
    user_attribute_name_chars = USER_ATTRIBUTE_NAME_CHARS,
    /// Characters of the value of a user attribute.
    user_attribute_value_chars = USER_ATTRIBUTE_VALUE_CHARS,
    /// Entries of a user attribute that is a list.
    user_attribute_list_entries = USER_ATTRIBUTE_LIST_ENTRIES,
    /// Characters of one entry of such a list.
    user_attribute_list_entry_chars = USER_ATTRIBUTE_LIST_ENTRY_CHARS,
    /// Distinct event and screen names in a workspace.
    unique_event_names = UNIQUE_EVENT_NAMES,
    /// Average events of a user in 24 hours.
    events_per_user_day = EVENTS_PER_USER_DAY,
    /// Characters of `action_identifier` in a push message.
    action_identifier_chars = ACTION_IDENTIFIER_CHARS,
    /// Youngest age, in hours, that the historical path takes.
    historical_min_age_hours = HISTORICAL_MIN_AGE_HOURS,
    /// Oldest age, in days, that the live paths should get.
    live_max_age_days = LIVE_MAX_AGE_DAYS,
}
