//! What a difference means: for users of the generated types, and for senders of data.

use serde_json::Value;

use super::change::{Class, Kind};
use super::walk::Step;
use crate::place::Place;

/// A difference at the end of a path.
pub struct Difference<'a> {
    pub path: &'a [Step],
    pub kind: Kind,
    pub old: Option<&'a Value>,
    pub new: Option<&'a Value>,
    /// Is the property that the path is directly inside of required now?
    pub must: Option<bool>,
    /// Is the property that came or went required?
    pub required: bool,
}

/// Keywords for people, wherever they stand.
const READING: [&str; 8] =
    ["contact", "description", "example", "examples", "externalDocs", "license", "summary", "termsOfService"];
/// Bounds from above: more is looser. Their counterparts follow.
const UPPER: [&str; 4] = ["maxLength", "maxItems", "maxProperties", "maximum"];
const LOWER: [&str; 4] = ["minLength", "minItems", "minProperties", "minimum"];

/// The class of a difference. What is not known to be harmless is breaking.
pub fn class(difference: &Difference<'_>) -> Class {
    if is_reading(difference.path) {
        return Class::Text;
    }
    let Some(last) = difference.path.last() else { return Class::Breaking };
    match last.place {
        Place::Names => named(difference),
        Place::Keywords => keyword(difference, &last.key),
        Place::Raw => Class::Breaking,
    }
}

fn is_reading(path: &[Step]) -> bool {
    let mut keywords = path.iter().filter(|step| step.place == Place::Keywords);
    let first = keywords.clone().next().map(|step| step.key.as_str());
    matches!(first, Some("info" | "openapi" | "tags"))
        || keywords.any(|step| READING.contains(&step.key.as_str()) || step.key.starts_with("x-"))
        || (first == Some("paths")
            && path.iter().any(|step| step.place == Place::Keywords && step.key == "tags"))
}

/// Something with a name came or went: a schema, property, path, enum value, answer …
fn named(difference: &Difference<'_>) -> Class {
    let of = difference.path.iter().rev().find(|step| step.place == Place::Keywords);
    match (of.map(|step| step.key.as_str()), difference.kind) {
        // Newly required data may be missing; no longer required fields become `Option`.
        (Some("required"), _) => Class::Breaking,
        (Some("properties" | "parameters"), Kind::Added) => {
            let flagged = difference.new.and_then(|value| value.get("required")) == Some(&Value::Bool(true));
            if difference.required || flagged { Class::Breaking } else { Class::Additive }
        }
        // Another way to be let in is an offer; a new demand is not told from it, so it counts as one.
        (Some("security"), _) => Class::Breaking,
        (_, Kind::Added) => Class::Additive,
        _ => Class::Breaking,
    }
}

fn keyword(difference: &Difference<'_>, key: &str) -> Class {
    let (old, new) = (difference.old, difference.new);
    match key {
        // An optional field is an `Option` already, so null is only one more thing that fits.
        "nullable" => match (new == Some(&Value::Bool(true)), difference.must) {
            (true, Some(false)) => Class::Additive,
            (false, _) if old != Some(&Value::Bool(true)) => Class::Text,
            _ => Class::Breaking,
        },
        "additionalProperties" => match (old, new) {
            (Some(Value::Bool(false)), None | Some(Value::Bool(true))) => Class::Additive,
            (None, Some(Value::Bool(true))) | (Some(Value::Bool(true)), None) => Class::Text,
            _ => Class::Breaking,
        },
        "deprecated" => Class::Additive,
        "readOnly" | "writeOnly" if new != Some(&Value::Bool(true)) => Class::Additive,
        "default" | "content" | "headers" | "securitySchemes" | "operation"
            if difference.kind == Kind::Added =>
        {
            Class::Additive
        }
        // The body of a request that need not be sent any more, or has to be now.
        "required" if new != Some(&Value::Bool(true)) => Class::Additive,
        _ if UPPER.contains(&key) => bound(difference, |old, new| new >= old),
        _ if LOWER.contains(&key) => bound(difference, |old, new| new <= old),
        // A further method of a path.
        "get" | "put" | "post" | "delete" | "patch" | "head" | "options" | "trace"
            if difference.kind == Kind::Added =>
        {
            Class::Additive
        }
        _ => Class::Breaking,
    }
}

fn bound(difference: &Difference<'_>, is_looser: impl Fn(f64, f64) -> bool) -> Class {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    match (number(difference.old), number(difference.new)) {
        (Some(_), None) => Class::Additive,
        (Some(old), Some(new)) if is_looser(old, new) => Class::Additive,
        _ => Class::Breaking,
    }
}
