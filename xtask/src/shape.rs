//! A schema in a few words: `string`, `integer(int64)`, `array<Product>`, `enum(view | click)`.

use serde_json::{Map, Value};

/// The short form of a schema; nested objects are only called `object`.
#[must_use]
pub fn shape(schema: &Value) -> String {
    let Value::Object(map) = schema else {
        return if schema == &Value::Bool(false) { "nothing".to_owned() } else { "any".to_owned() };
    };
    if let Some(Value::String(target)) = map.get("$ref") {
        return ref_name(target).to_owned();
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(branches) = map.get(keyword) {
            return branch_list(branches).into_iter().map(shape).collect::<Vec<_>>().join(" | ");
        }
    }
    if let Some(values) = map.get("enum") {
        return format!("enum({})", labels(values).join(" | "));
    }
    match map.get("type").and_then(Value::as_str) {
        Some("array") => format!("array<{}>", map.get("items").map_or("any".to_owned(), shape)),
        Some("object") | None => object(map),
        Some(kind) => match map.get("format").and_then(Value::as_str) {
            Some(format) => format!("{kind}({format})"),
            None => kind.to_owned(),
        },
    }
}

/// The last part of a reference.
#[must_use]
pub fn ref_name(target: &str) -> &str {
    target.rsplit('/').next().unwrap_or(target)
}

/// The values of a list, or the keys of a set, as text.
#[must_use]
pub fn labels(values: &Value) -> Vec<String> {
    match values {
        Value::Array(items) => items.iter().map(label).collect(),
        Value::Object(map) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// A value as people write it: strings bare, everything else as JSON.
#[must_use]
pub fn label(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn object(map: &Map<String, Value>) -> String {
    match (map.get("additionalProperties"), map.contains_key("properties"), map.get("allOf")) {
        (Some(values @ Value::Object(_)), false, _) => format!("map<{}>", shape(values)),
        (_, false, Some(bases)) => {
            let bases: Vec<String> = match bases {
                Value::Array(items) => items.iter().map(shape).collect(),
                other => labels(other),
            };
            bases.join(" + ")
        }
        (_, false, None) if !map.contains_key("type") => "any".to_owned(),
        _ => "object".to_owned(),
    }
}

fn branch_list(branches: &Value) -> Vec<&Value> {
    match branches {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}
