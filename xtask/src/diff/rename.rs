//! Finds schemas that only changed their name, so that the rest of the comparison can look through it.

use serde_json::{Map, Value};

use super::change::{Change, Class, Kind};
use crate::compare::structure;
use crate::place::Place;

const REF: &str = "#/components/schemas/";

/// The old document with the new names, and one change for each.
pub fn follow(old: &Value, new: &Value) -> (Value, Vec<Change>) {
    let mut document = old.clone();
    let mut changes = Vec::new();
    // A rename can make two schemas equal that refer to the renamed one, hence one at a time until none is left.
    while let Some((from, to)) = find(&document, new) {
        rename(&mut document, Place::Keywords, &from, &to);
        if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas")
            && let Some(schema) = schemas.remove(&from)
        {
            schemas.insert(to.clone(), schema);
        }
        changes.push(Change {
            subject: format!("schema {to}"),
            property: String::new(),
            aspect: "schema".to_owned(),
            change: Kind::Renamed,
            class: Class::Breaking,
            before: Some(from),
            after: Some(to),
        });
    }
    (document, changes)
}

/// The first removed schema, by name, that has the structure of an added one.
fn find(old: &Value, new: &Value) -> Option<(String, String)> {
    let (old, new) = (schemas(old)?, schemas(new)?);
    let mut removed: Vec<&String> = old.keys().filter(|name| !new.contains_key(*name)).collect();
    let mut added: Vec<&String> = new.keys().filter(|name| !old.contains_key(*name)).collect();
    removed.sort();
    added.sort();
    removed.into_iter().find_map(|from| {
        let before = anonymous(old.get(from)?, from);
        let to =
            added.iter().find(|to| new.get(**to).is_some_and(|schema| anonymous(schema, to) == before))?;
        Some((from.clone(), (*to).clone()))
    })
}

fn schemas(document: &Value) -> Option<&Map<String, Value>> {
    document.pointer("/components/schemas")?.as_object()
}

/// The structure with references to itself made independent of the name.
fn anonymous(schema: &Value, name: &str) -> Value {
    let mut schema = structure(schema);
    rename(&mut schema, Place::Keywords, name, "");
    schema
}

fn rename(node: &mut Value, place: Place, from: &str, to: &str) {
    match node {
        Value::Object(map) => {
            for (key, child) in map.iter_mut() {
                match child {
                    Value::String(target) if place == Place::Keywords && key == "$ref" => {
                        if target.strip_prefix(REF) == Some(from) {
                            *target = format!("{REF}{to}");
                        }
                    }
                    child => rename(child, place.below(key), from, to),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, place.item(), from, to)),
        _ => {}
    }
}
