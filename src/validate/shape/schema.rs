//! The generated schema, made ready for checking, and the questions that explaining asks of it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// Marks a part of the prepared schema that stands for a rule of its own.
pub(super) const MARK: &str = "x-rule";
/// Mark of members that the service sets.
pub(super) const OUTPUT_ONLY: &str = "output-only";
/// Mark of members that hold a secret.
pub(super) const SECRET: &str = "secret";

/// Members of a batch that no sender should fill in, whatever the schema says of them.
const SECRETS: [&str; 2] = ["api_key", "api_keys"];

pub(super) static COMPILED: LazyLock<Compiled> = LazyLock::new(Compiled::new);

/// The schema and what was made of it, once for the process.
pub(super) struct Compiled {
    schema: Value,
    pub(super) validator: jsonschema::Validator,
    /// Event types that may be sent.
    pub(super) sendable: BTreeSet<String>,
    /// Event types that only the service makes.
    pub(super) made_by_service: BTreeSet<String>,
}

impl Compiled {
    #[expect(clippy::expect_used, reason = "the schema is part of this build, and a test compiles it")]
    fn new() -> Self {
        let mut schema: Value =
            serde_json::from_str(super::schema_json()).expect("the generated schema is JSON");
        let read_only = read_only_definitions(&schema);
        prepare(&mut schema, &read_only);
        if let Some(Value::Object(members)) = schema.pointer_mut("/$defs/Batch/properties") {
            for name in SECRETS {
                // Nothing of the member's own schema is kept: its objections could quote the secret.
                let mut secret = json!({});
                forbid(&mut secret, SECRET);
                members.insert(name.to_owned(), secret);
            }
        }
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .expect("the generated schema is a schema");
        let sendable = texts(&schema, "/$defs/Event/properties/event_type/enum");
        let mut made_by_service = texts(&schema, "/$defs/EventType/enum");
        // Data plans name this one; no schema lists it.
        made_by_service.insert("validation_result".to_owned());
        made_by_service.retain(|kind| !sendable.contains(kind));
        Self { schema, validator, sendable, made_by_service }
    }

    /// The part of the schema at a path as the evaluation took it, following references.
    pub(super) fn at(&self, path: &str) -> &Value {
        let mut node = &self.schema;
        for step in path.split('/').skip(1) {
            let next = match step {
                "$ref" => self.target(node),
                _ => match node {
                    Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
                    _ => node.get(step.replace("~1", "/").replace("~0", "~")),
                },
            };
            node = next.unwrap_or(&Value::Null);
        }
        node
    }

    fn target(&self, node: &Value) -> Option<&Value> {
        self.schema.pointer(node.get("$ref")?.as_str()?.strip_prefix('#')?)
    }

    /// Whether the object whose schema stands at the path requires the member.
    pub(super) fn requires(&self, object_path: &str, name: &str) -> bool {
        let mut path = object_path;
        loop {
            let required = self.at(path).get("required").and_then(Value::as_array);
            if required.is_some_and(|names| names.iter().any(|other| other == name)) {
                return true;
            }
            // A branch of a union says what its members are; the object around it says which are required.
            let Some((outer, last)) = path.rsplit_once('/') else { return false };
            if last != "then" && last != "allOf" && last.parse::<usize>().is_err() {
                return false;
            }
            path = outer;
        }
    }

    /// Whether null is allowed, as far as types say.
    pub(super) fn allows_null(&self, node: &Value) -> bool {
        match kinds(node).as_slice() {
            [] => match (self.target(node), node.get("anyOf").and_then(Value::as_array)) {
                (Some(target), _) => self.allows_null(target),
                (None, Some(branches)) => branches.iter().any(|branch| self.allows_null(branch)),
                _ => false,
            },
            kinds => kinds.contains(&"null"),
        }
    }

    /// What a value should be, in words.
    pub(super) fn expected(&self, node: &Value) -> String {
        if let Some(values) = node.get("enum").and_then(Value::as_array) {
            return listed(values.iter().filter_map(Value::as_str));
        }
        match kinds(node).as_slice() {
            [] => self.target(node).map_or_else(|| "a value".to_owned(), |target| self.expected(target)),
            _ if node.get("format").is_some_and(|format| format == "uuid") => "a UUID".to_owned(),
            _ if node.get("anyOf").is_some() => "an IPv4 or IPv6 address".to_owned(),
            kinds => in_words(kinds),
        }
    }

    /// Whether an event of some kind has the member in its `data`.
    pub(super) fn is_event_member(&self, name: &str) -> bool {
        let definitions = self.schema.get("$defs").and_then(Value::as_object);
        definitions.into_iter().flatten().any(|(definition, schema)| {
            definition.ends_with("EventData")
                && schema.get("properties").is_some_and(|properties| properties.get(name).is_some())
        })
    }
}

/// The types a part of the schema allows.
pub(super) fn kinds(node: &Value) -> Vec<&str> {
    match node.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Names between backquotes, all of them.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn in_words(kinds: &[&str]) -> String {
    let scalars = ["string", "number", "boolean"];
    let mut words = Vec::new();
    let all_scalars = scalars.iter().all(|kind| kinds.contains(kind));
    if all_scalars {
        words.push("text, a number or a boolean");
    }
    for kind in kinds {
        match *kind {
            kind if all_scalars && scalars.contains(&kind) => {}
            "string" => words.push("text"),
            "number" => words.push("a number"),
            "integer" => words.push("a whole number"),
            "boolean" => words.push("true or false"),
            "array" => words.push("a list"),
            "object" => words.push("an object"),
            _ => {}
        }
    }
    words.join(", or ")
}

fn texts(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let values = schema.pointer(pointer).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn read_only_definitions(schema: &Value) -> BTreeSet<String> {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    definitions
        .into_iter()
        .flatten()
        .filter(|(_, definition)| definition.get("readOnly") == Some(&Value::Bool(true)))
        .map(|(name, _)| format!("#/$defs/{name}"))
        .collect()
}

/// Takes out the limits, which rules with configurable numbers check; forbids what only the service sets; bounds
/// integers to 64 bits.
fn prepare(node: &mut Value, read_only: &BTreeSet<String>) {
    match node {
        Value::Object(map) => {
            if map.contains_key("x-limit") {
                ["maxLength", "maxItems", "maxProperties"]
                    .iter()
                    .for_each(|keyword| drop(map.remove(*keyword)));
            }
            bound_integers(map);
            if let Some(Value::Object(properties)) = map.get_mut("properties") {
                for property in properties.values_mut() {
                    let target = property.get("$ref").and_then(Value::as_str);
                    if property.get("readOnly") == Some(&Value::Bool(true))
                        || target.is_some_and(|target| read_only.contains(target))
                    {
                        forbid(property, OUTPUT_ONLY);
                    }
                }
            }
            map.values_mut().for_each(|child| prepare(child, read_only));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| prepare(item, read_only)),
        _ => {}
    }
}

fn bound_integers(map: &mut Map<String, Value>) {
    let is_integer = match map.get("type") {
        Some(Value::String(kind)) => kind == "integer",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
        _ => false,
    };
    if is_integer {
        map.entry("minimum").or_insert(json!(i64::MIN));
        map.entry("maximum").or_insert(json!(i64::MAX));
    }
}

/// Only null passes, and what else is found is told apart from a wrong type by the mark.
fn forbid(property: &mut Value, mark: &str) {
    if let Value::Object(map) = property {
        map.insert("allOf".to_owned(), json!([{ "type": "null", MARK: mark }]));
    }
}
