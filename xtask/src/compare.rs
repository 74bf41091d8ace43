//! The structure of an OpenAPI document: what is left without order, descriptions, summaries and examples.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::place::Place;

/// Keywords whose list is a set.
const SETS: [&str; 3] = ["required", "enum", "tags"];

/// The document without texts, with keys sorted, and the lists sorted whose order means nothing.
#[must_use]
pub fn structure(document: &Value) -> Value {
    strip(document, Place::Keywords)
}

/// SHA-256 over the structure as compact JSON, in hexadecimal digits.
#[must_use]
pub fn structure_sha256(document: &Value) -> String {
    let digest = Sha256::digest(structure(document).to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same value with sorted keys, whatever order serde_json was built to keep.
#[must_use]
pub fn sorted(value: &Value) -> Value {
    strip(value, Place::Raw)
}

fn strip(node: &Value, place: Place) -> Value {
    match node {
        Value::Object(map) => {
            // Sorted here and not left to serde_json, whose order depends on a feature that any crate can turn on.
            let sorted: BTreeMap<_, _> = map
                .iter()
                .filter(|(key, _)| !place.is_text(key))
                .map(|(key, child)| {
                    let mut child = strip(child, place.below(key));
                    if place == Place::Keywords
                        && SETS.contains(&key.as_str())
                        && let Value::Array(items) = &mut child
                    {
                        items.sort_by_cached_key(Value::to_string);
                    }
                    (key.clone(), child)
                })
                .collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(|item| strip(item, place.item())).collect(),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_and_order_do_not_count() {
        let one = json!({"info": {"description": "a"}, "components": {"schemas": {"A": {
            "type": "object", "required": ["x", "y"], "example": 1, "properties": {"x": {"enum": ["p", "q"]}}}}}});
        let other = json!({"info": {}, "components": {"schemas": {"A": {
            "properties": {"x": {"summary": "s", "enum": ["q", "p"]}}, "required": ["y", "x"], "type": "object"}}}});
        assert_eq!(structure(&one), structure(&other));
        assert_eq!(structure_sha256(&one), structure_sha256(&other));
    }

    #[test]
    fn a_property_called_description_counts() {
        let with =
            json!({"components": {"schemas": {"A": {"properties": {"description": {"type": "string"}}}}}});
        let without = json!({"components": {"schemas": {"A": {"properties": {}}}}});
        assert_ne!(structure(&with), structure(&without));
    }

    #[test]
    fn a_schema_or_property_called_properties_is_a_name_too() {
        let with = json!({"properties": {"properties": {"description": "text", "type": "object"}}});
        let without = json!({"properties": {"properties": {"type": "object"}}});
        assert_eq!(structure(&with), structure(&without));
    }

    #[test]
    fn types_and_formats_count() {
        for (one, other) in [
            (json!({"type": "string"}), json!({"type": "integer"})),
            (json!({"enum": ["a"]}), json!({"enum": ["a", "b"]})),
            (json!({"default": {"description": "a"}}), json!({"default": {"description": "b"}})),
        ] {
            assert_ne!(structure(&one), structure(&other));
        }
    }
}
