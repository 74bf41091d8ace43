//! Describes a value of the user without giving it away: event data is personal data.

use serde_json::Value;

/// `text of 12 characters` instead of the text; with `show_values` the value itself, shortened.
#[must_use]
pub fn describe(value: &Value, show_values: bool) -> String {
    const SHOWN: usize = 120;
    if show_values {
        let text = value.to_string();
        return match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        };
    }
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(text) if text.is_empty() => "empty text".to_owned(),
        Value::String(text) => format!("text of {}", count(text.chars().count(), "character")),
        Value::Array(items) => format!("a list of {}", count(items.len(), "entry")),
        Value::Object(members) => format!("an object of {}", count(members.len(), "member")),
    }
}

fn count(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}
