//! A document in which everything that has a name is found by it: lists that are sets become maps, `allOf` of inline
//! objects is merged into the schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::place::Place;
use crate::shape::{label, ref_name};

/// Keywords that hold a set here, as a map by label.
pub const SETS: [&str; 9] =
    ["allOf", "anyOf", "enum", "oneOf", "parameters", "required", "security", "servers", "tags"];

/// The document as a tree of names.
pub fn tree(document: &Value) -> Value {
    keywords(document)
}

/// What the keys are below a keyword of the tree.
pub fn below(place: Place, key: &str) -> Place {
    if place == Place::Keywords && SETS.contains(&key) { Place::Names } else { place.below(key) }
}

fn node(value: &Value, place: Place) -> Value {
    match (place, value) {
        (Place::Keywords, Value::Object(_)) => keywords(value),
        (Place::Names, Value::Object(map)) => {
            map.iter().map(|(key, child)| (key.clone(), keywords(child))).collect::<Map<_, _>>().into()
        }
        (Place::Keywords | Place::Names, Value::Array(items)) => items.iter().map(keywords).collect(),
        _ => value.clone(),
    }
}

fn keywords(value: &Value) -> Value {
    let Value::Object(map) = value else { return node(value, Place::Raw) };
    let mut out = Map::new();
    let mut inline = Vec::new();
    for (key, child) in map {
        let child = match (key.as_str(), child) {
            ("allOf", Value::Array(members)) => {
                let (bases, own): (Vec<&Value>, Vec<&Value>) =
                    members.iter().partition(|member| member.get("$ref").is_some());
                inline.extend(own.into_iter().map(keywords));
                set(&bases, label_of, |_| Value::Bool(true))
            }
            ("required" | "enum" | "security", Value::Array(items)) => {
                set(&items.iter().collect::<Vec<_>>(), label, |_| Value::Bool(true))
            }
            ("oneOf" | "anyOf" | "servers" | "tags" | "parameters", Value::Array(items)) => {
                set(&items.iter().collect::<Vec<_>>(), label_of, keywords)
            }
            (key, child) => node(child, Place::Keywords.below(key)),
        };
        out.insert(key.clone(), child);
    }
    for member in inline {
        merge(&mut out, member);
    }
    Value::Object(out)
}

fn set(items: &[&Value], name: impl Fn(&Value) -> String, content: impl Fn(&Value) -> Value) -> Value {
    let mut named: BTreeMap<String, Value> = BTreeMap::new();
    for item in items {
        let plain = name(item);
        let mut unique = plain.clone();
        let mut number = 1;
        while named.contains_key(&unique) {
            number += 1;
            unique = format!("{plain}#{number}");
        }
        named.insert(unique, content(item));
    }
    Value::Object(named.into_iter().collect())
}

/// The name of a list's member: its title, target, tag value, address, name or type.
fn label_of(item: &Value) -> String {
    if let Value::String(text) = item {
        return text.clone();
    }
    if let (Some(place), Some(name)) = (item.get("in"), item.get("name")) {
        return format!("{} {}", label(place), label(name));
    }
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    text("$ref")
        .map(ref_name)
        .or_else(|| ["title", "url", "name", "type"].iter().find_map(|key| text(key)))
        .map_or_else(|| json!(item).to_string(), str::to_owned)
}

/// Adds what an inline member of `allOf` says; what the schema says itself comes first.
fn merge(into: &mut Map<String, Value>, member: Value) {
    let Value::Object(member) = member else { return };
    for (key, value) in member {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) if key == "properties" || key == "required" => {
                for (name, value) in new {
                    old.entry(name).or_insert(value);
                }
            }
            (Some(_), _) => {}
            (None, value) => {
                into.insert(key, value);
            }
        }
    }
}
