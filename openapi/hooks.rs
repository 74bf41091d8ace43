//! Which places of a batch the rules written by hand look at, for the tables of the accept path.

/// Where in a batch a rule looks, and the hook that stands in for it. `*` is any step or the start of one; a pattern
/// with `!` is about events of one type. The first that matches counts.
const HOOKS: &[(&str, &str)] = &[
    ("api_key", REFUSE),
    ("api_keys", REFUSE),
    ("environment", "Environment"),
    ("mpid", "Mpid"),
    ("mp_deviceid", "Identity"),
    ("source_request_id", "SourceRequestId"),
    ("timestamp_unixtime_ms", "Time"),
    ("user_identities/customer_id", "CustomerId"),
    ("user_identities/*", "UserIdentity"),
    ("partner_identities/*", "Identity"),
    ("device_info/ios_advertising_id", "OwnAdvertisingId"),
    ("device_info/android_advertising_id", "OwnAdvertisingId"),
    ("device_info/roku_advertising_id", "OwnAdvertisingId"),
    ("device_info/microsoft_advertising_id", "OwnAdvertisingId"),
    ("device_info/fire_advertising_id", "OwnAdvertisingId"),
    ("device_info/*_advertising_id", "AdvertisingId"),
    ("device_info/ios_idfv", "DeviceId"),
    ("device_info/android_uuid", "DeviceId"),
    ("device_info/roku_publisher_id", "DeviceId"),
    ("device_info/microsoft_publisher_id", "DeviceId"),
    ("device_info/amp_id", "DeviceId"),
    ("device_info/att_timestamp_unixtime_ms", "Time"),
    ("user_attributes", "UserAttributes"),
    ("user_attributes/*", "UserAttribute"),
    ("user_attributes/*/*", "UserAttributeEntry"),
    ("deleted_user_attributes", "DeletedAttributes"),
    ("deleted_user_attributes/*", "DeletedName"),
    ("integration_attributes", "IntegrationAttributes"),
    ("consent_state", "Consent"),
    ("consent_state/gdpr", "Law"),
    ("consent_state/ccpa", "Law"),
    ("consent_state/gdpr/*/timestamp_unixtime_ms", "Time"),
    ("consent_state/ccpa/*/timestamp_unixtime_ms", "Time"),
    ("context/location", "Location"),
    ("context/location/latitude", "Latitude"),
    ("context/location/longitude", "Longitude"),
    ("context/location/location_source", "LocationSource"),
    ("context/location/country_code", "Country"),
    ("events", "Events"),
    ("commerce_event!events/*/data", "CommerceData"),
    ("events/*/data", "EventData"),
    ("events/*/data/timestamp_unixtime_ms", "EventTime"),
    ("events/*/data/session_start_unixtime_ms", "Time"),
    ("events/*/data/event_start_unixtime_ms", "Time"),
    ("events/*/data/source_message_id", "SourceMessageId"),
    ("events/*/data/location", "Location"),
    ("events/*/data/location/latitude", "Latitude"),
    ("events/*/data/location/longitude", "Longitude"),
    ("events/*/data/location/location_source", "LocationSource"),
    ("events/*/data/location/country_code", "Country"),
    ("events/*/data/custom_attributes", "EventAttributes"),
    ("events/*/data/custom_attributes/*", "EventAttribute"),
    ("custom_event!events/*/data/event_name", "CustomName"),
    ("screen_view!events/*/data/screen_name", "ScreenName"),
    ("events/*/data/event_name", "OtherName"),
    ("events/*/data/screen_name", "OtherName"),
    ("custom_event!events/*/data/custom_event_type", "CustomEventType"),
    ("application_state_transition!events/*/data/application_transition_type", "Transition"),
    ("application_state_transition!events/*/data/is_first_run", "TransitionFlag"),
    ("application_state_transition!events/*/data/is_upgrade", "TransitionFlag"),
    ("commerce_event!events/*/data/currency_code", "Currency"),
    ("events/*/data/product_action", "ProductAction"),
    ("events/*/data/product_action/action", "ProductActionKind"),
    ("events/*/data/product_action/products", "ProductActionProducts"),
    ("events/*/data/product_action/products/*/added_to_cart_time_ms", "Time"),
    ("events/*/data/promotion_action", "Action"),
    ("events/*/data/product_impressions", "Action"),
    ("events/*/data/action_identifier", "ActionIdentifier"),
];

/// Members that are never accepted.
pub const REFUSE: &str = "";

/// The hook of a place: its path, and the type of the event it is in.
pub fn hook(path: &[String], event: &str) -> &'static str {
    let matches = |pattern: &str| {
        let (kind, steps) = pattern.split_once('!').unwrap_or((event, pattern));
        let steps: Vec<&str> = steps.split('/').collect();
        let fits = |(step, wanted): (&String, &&str)| match wanted.strip_prefix('*') {
            Some(end) => step.ends_with(end),
            None => step == wanted,
        };
        kind == event && steps.len() == path.len() && path.iter().zip(&steps).all(fits)
    };
    HOOKS.iter().find(|(pattern, _)| matches(pattern)).map_or("None", |(_, hook)| hook)
}
