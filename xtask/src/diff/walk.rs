//! Walks two trees side by side and collects every difference.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::change::{Change, Kind};
use super::classify::{Difference, class};
use super::tree::below;
use crate::place::Place;
use crate::shape::{label, ref_name, shape};

/// A keyword that is missing on one side counts as empty, so that its members are reported one by one.
const EMPTY_IF_MISSING: [&str; 11] = [
    "allOf",
    "content",
    "headers",
    "parameters",
    "properties",
    "required",
    "responses",
    "schemas",
    "securitySchemes",
    "servers",
    "tags",
];

/// One step into the document.
#[derive(Clone, Debug)]
pub struct Step {
    pub key: String,
    pub place: Place,
}

/// Every difference between two trees.
pub fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let mut walk = Walk { path: Vec::new(), must: None, changes: Vec::new() };
    walk.pair(old, new, Place::Keywords);
    walk.changes
}

struct Walk {
    path: Vec<Step>,
    /// Is the property that we are directly inside of required? Not known outside of properties.
    must: Option<bool>,
    changes: Vec<Change>,
}

impl Walk {
    fn pair(&mut self, old: &Value, new: &Value, place: Place) {
        match (old, new) {
            _ if old == new => {}
            (Value::Object(old), Value::Object(new)) if place != Place::Raw => self.objects(old, new, place),
            _ => self.report(Kind::Changed, Some(old), Some(new), false),
        }
    }

    fn objects(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, place: Place) {
        let empty = Value::Object(Map::new());
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let (before, after) = (old.get(key), new.get(key));
            let deep = place == Place::Keywords && EMPTY_IF_MISSING.contains(&key.as_str());
            self.path.push(Step { key: key.clone(), place });
            match (before, after) {
                _ if place == Place::Keywords && key == "properties" => {
                    self.properties(old, new);
                }
                _ if place == Place::Keywords && key == "required" && !is_flag(before.or(after)) => {
                    self.required(old, new);
                }
                (Some(before), Some(after)) => self.inside(before, after, below(place, key), key, place),
                (None, Some(Value::Object(map))) if deep && !map.is_empty() => {
                    self.pair(&empty, after.unwrap_or(&empty), below(place, key));
                }
                (Some(Value::Object(map)), None) if deep && !map.is_empty() => {
                    self.pair(before.unwrap_or(&empty), &empty, below(place, key));
                }
                (None, after) => self.report(Kind::Added, None, after, false),
                (before, None) => self.report(Kind::Removed, before, None, false),
            }
            self.path.pop();
        }
    }

    fn inside(&mut self, before: &Value, after: &Value, place: Place, key: &str, of: Place) {
        let must = self.must;
        if of == Place::Keywords && ["items", "additionalProperties"].contains(&key) {
            self.must = None;
        }
        self.pair(before, after, place);
        self.must = must;
    }

    fn properties(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        let (before, after) = (child(old, "properties"), child(new, "properties"));
        let names: BTreeSet<&String> = before.into_iter().chain(after).flat_map(Map::keys).collect();
        for name in names {
            self.path.push(Step { key: name.clone(), place: Place::Names });
            let outer = self.must;
            self.must = Some(is_required(new, name));
            match (before.and_then(|map| map.get(name)), after.and_then(|map| map.get(name))) {
                (Some(before), Some(after)) => self.pair(before, after, Place::Keywords),
                (before @ Some(_), None) => {
                    self.report(Kind::Removed, before, None, is_required(old, name));
                }
                (None, after) => self.report(Kind::Added, None, after, is_required(new, name)),
            }
            self.must = outer;
            self.path.pop();
        }
    }

    /// Names that come or go together with their property are told with it.
    fn required(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        let names: BTreeSet<&String> =
            [old, new].into_iter().filter_map(|map| child(map, "required")).flat_map(Map::keys).collect();
        for name in names {
            let moved = has_property(old, name) != has_property(new, name);
            let kind = match (is_required(old, name), is_required(new, name)) {
                (false, true) => Kind::Added,
                (true, false) => Kind::Removed,
                _ => continue,
            };
            if !moved {
                self.path.push(Step { key: name.clone(), place: Place::Names });
                self.report(kind, None, None, false);
                self.path.pop();
            }
        }
    }

    fn report(&mut self, kind: Kind, old: Option<&Value>, new: Option<&Value>, required: bool) {
        let place = locate(&self.path);
        let difference = Difference { path: &self.path, kind, old, new, must: self.must, required };
        let short = |value: Option<&Value>| {
            let text = match value? {
                // A member of a set: its name is all there is to it.
                Value::Bool(true) if ["enum value", "base"].contains(&place.aspect.as_str()) => {
                    self.path.last().map(|step| step.key.clone()).unwrap_or_default()
                }
                Value::Object(_) if kind != Kind::Changed && !is_schema(&place.aspect) => String::new(),
                value => in_short(&place.aspect, value),
            };
            Some(if required { format!("{text}, required") } else { text }).filter(|text| !text.is_empty())
        };
        self.changes.push(Change {
            class: class(&difference),
            change: kind,
            before: short(old),
            after: short(new),
            subject: place.subject,
            property: place.property,
            aspect: place.aspect.clone(),
        });
    }
}

fn is_flag(value: Option<&Value>) -> bool {
    value.is_some_and(Value::is_boolean)
}

fn child<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    map.get(key).and_then(Value::as_object)
}

fn is_required(schema: &Map<String, Value>, name: &str) -> bool {
    child(schema, "required").is_some_and(|names| names.contains_key(name))
}

fn has_property(schema: &Map<String, Value>, name: &str) -> bool {
    child(schema, "properties").is_some_and(|names| names.contains_key(name))
}

/// Aspects whose value is a schema.
fn is_schema(aspect: &str) -> bool {
    ["property", "schema", "branch", "items", "additionalProperties"].contains(&aspect)
}

/// A value in a few words: a schema by its shape, a reference by its name.
fn in_short(aspect: &str, value: &Value) -> String {
    match (aspect, value) {
        ("$ref", Value::String(target)) => ref_name(target).to_owned(),
        (aspect, value) if is_schema(aspect) => shape(value),
        (_, value) => label(value),
    }
}

struct Located {
    subject: String,
    property: String,
    aspect: String,
}

/// Where a path leads, in the words of a reader.
fn locate(path: &[Step]) -> Located {
    let keys: Vec<&str> = path.iter().map(|step| step.key.as_str()).collect();
    match keys.as_slice() {
        ["components", "schemas", name, ..] => {
            let (property, aspect) = inside_schema(path.get(3..).unwrap_or_default());
            Located { subject: format!("schema {name}"), property, aspect }
        }
        ["paths", route] => {
            Located { subject: (*route).to_owned(), property: String::new(), aspect: "path".to_owned() }
        }
        ["paths", route, method, rest @ ..] => Located {
            subject: format!("{} {route}", method.to_uppercase()),
            property: String::new(),
            aspect: if rest.is_empty() { "operation".to_owned() } else { rest.join(" ") },
        },
        keys => Located { subject: "document".to_owned(), property: String::new(), aspect: keys.join(" ") },
    }
}

/// Property path and aspect of a path inside a schema.
fn inside_schema(path: &[Step]) -> (String, String) {
    let mut property = String::new();
    let mut aspect = String::from("schema");
    let mut keyword = "";
    for (index, step) in path.iter().enumerate() {
        if step.place == Place::Keywords {
            keyword = &step.key;
            let goes_on = index + 1 < path.len();
            match keyword {
                "items" if goes_on => property.push_str("[]"),
                "additionalProperties" if goes_on => property.push_str("{}"),
                _ => aspect.clone_from(&step.key),
            }
            continue;
        }
        match keyword {
            "properties" | "required" => {
                if !property.is_empty() {
                    property.push('.');
                }
                property.push_str(&step.key);
                aspect = if keyword == "required" { keyword } else { "property" }.to_owned();
            }
            "oneOf" | "anyOf" => {
                property = format!("{property}<{}>", step.key);
                "branch".clone_into(&mut aspect);
            }
            "enum" => "enum value".clone_into(&mut aspect),
            "allOf" => "base".clone_into(&mut aspect),
            other => aspect = format!("{other} {}", step.key),
        }
    }
    (property, aspect)
}
