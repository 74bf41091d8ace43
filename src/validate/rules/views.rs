//! Views on a batch that several rules share: attributes, places, identities, texts and their lengths.

use super::prelude::*;

/// Length in characters (Unicode scalar values); the service does not say what it counts.
pub(super) fn chars(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

/// Whether the text has more than `limit` characters.
pub(super) fn longer(text: &str, limit: u64) -> bool {
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    bytes > limit && chars(text) > limit
}

/// A count as it is compared with limits.
pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A whole number; a number in a text counts, as it does for the service.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        // A float too large for i64 saturates, which keeps it on the right side of every bound.
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A number that may have a fraction; a number in a text counts.
pub(super) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|float: &f64| float.is_finite()),
        _ => None,
    }
}

/// Whether a value says nothing: null, empty text, empty list or object.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The text at `name` in the object, if it is one.
pub(super) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

/// Every event that has custom attributes, with them.
pub(super) fn event_attributes<'a>(
    batch: &BatchView<'a>,
) -> impl Iterator<Item = (EventView<'a>, &'a Map<String, Value>)> + use<'a> {
    batch.events().filter_map(|event| Some((event, event.object("custom_attributes")?)))
}

/// The custom attribute `name` of an event.
pub(super) fn event_attribute<'a>(event: &EventView<'_>, name: &'a str) -> Pointer<'a> {
    let attributes: Pointer<'a> = event.data_pointer().key("custom_attributes");
    attributes.key(name)
}

/// The attributes of the user.
pub(super) fn user_attributes<'a>(
    batch: &BatchView<'a>,
) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
    batch.object("user_attributes").into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// The attribute `name` of the user.
pub(super) fn user_attribute(name: &str) -> Pointer<'_> {
    Pointer::root().key("user_attributes").key(name)
}

/// The member that holds the name of a custom event or of a screen.
pub(super) fn name_member(event: &EventView<'_>) -> Option<&'static str> {
    let members = [("custom_event", "event_name"), ("screen_view", "screen_name")];
    members.into_iter().find(|(kind, _)| event.is(kind)).map(|(_, member)| member)
}

/// Every place the batch gives: that of its context and those of its events.
pub(super) fn locations<'a>(
    batch: &BatchView<'a>,
) -> impl Iterator<Item = (Pointer<'a>, &'a Map<String, Value>)> + use<'a> {
    let context = batch
        .object("context")
        .and_then(|context| context.get("location"))
        .and_then(Value::as_object)
        .map(|place| (Pointer::root().key("context").key("location"), place));
    let events = batch.events().filter_map(|event| {
        let place = event.object("location")?;
        Some((event.data_pointer().key("location"), place))
    });
    context.into_iter().chain(events)
}

/// Members of `device_info` that tell one device from another.
pub(super) const DEVICE_IDS: &[&str] = &[
    "ios_advertising_id",
    "ios_idfv",
    "android_advertising_id",
    "android_uuid",
    "roku_advertising_id",
    "roku_publisher_id",
    "microsoft_advertising_id",
    "microsoft_publisher_id",
    "fire_advertising_id",
    "amp_id",
];

/// Whether a text is an id of zeros, with or without hyphens: the way devices say "not tracked".
pub(super) fn is_all_zero(value: &Value) -> bool {
    value.as_str().is_some_and(|id| {
        let mut digits = id.chars().filter(|c| *c != '-').peekable();
        digits.peek().is_some() && digits.all(|c| c == '0')
    })
}

/// Event indices as in a sentence: `0, 3 and 5 more`.
pub(super) fn list_indices(indices: &[usize]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = indices.iter().take(SHOWN).map(ToString::to_string).collect();
    match indices.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// An id as text, also when it was sent as a number; nothing when it is blank.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
