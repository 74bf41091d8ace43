//! Corrected spec with limits → the JSON Schema that batches are checked against, and the limits as Rust constants.
//!
//! OpenAPI 3.0 and JSON Schema differ where it matters here: `nullable` becomes `null` in `type`, `allOf` of objects
//! becomes one closed object, a union told apart by a tag becomes `if`/`then` (whose errors name the fault inside the
//! branch instead of "matches no branch").

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Error, Result};

const REF: &str = "#/components/schemas/";

/// Schema keywords that can be a limit; the other half of an `x-limit`.
const LIMIT_KEYWORDS: [&str; 3] = ["maxLength", "maxItems", "maxProperties"];

/// Keywords that mean the same in both dialects.
const SHARED: [&str; 19] = [
    "anyOf",
    "default",
    "deprecated",
    "description",
    "enum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "readOnly",
    "required",
    "title",
    "uniqueItems",
    "x-limit",
];

/// The schema of one batch, draft 2020-12, with every schema of the document under `$defs`.
pub fn validator(limited: &Value) -> Result<Value> {
    let schemas = Schemas::of(limited)?;
    let mut definitions = Map::new();
    for name in schemas.0.keys() {
        // A definition carries no `type`: the place that refers to it says whether null is allowed as well.
        let mut definition = convert(&schemas, schemas.get(name)?)?;
        // A union has no such place: it is only ever referred to as it is.
        if let Value::Object(map) = &mut definition
            && schemas.flat(schemas.get(name)?)?.contains_key("properties")
        {
            map.remove("type");
        }
        definitions.insert(name.clone(), definition);
    }
    Ok(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mParticle Events API batch",
        "type": "object",
        "$ref": "#/$defs/Batch",
        "$defs": definitions,
    }))
}

/// `pub const NAME: u64 = default;` for every limit.
pub fn limit_constants(limited: &Value) -> Result<String> {
    let mut limits = BTreeMap::new();
    collect_limits(limited, &mut limits)?;
    let free = limited.pointer("/components/x-limits").and_then(Value::as_object);
    for (name, value) in free.into_iter().flatten() {
        add_limit(&mut limits, name, value)?;
    }
    let mut code = String::from("// Defaults of the service's limits, from openapi/limits.overlay.yaml.\n");
    for (name, value) in limits {
        writeln!(code, "pub const {}: u64 = {value};", name.to_uppercase())
            .map_err(|e| Error::new(e.to_string()))?;
    }
    Ok(code)
}

fn collect_limits(node: &Value, limits: &mut BTreeMap<String, u64>) -> Result<()> {
    match node {
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("x-limit") {
                let value = LIMIT_KEYWORDS.iter().find_map(|keyword| map.get(*keyword));
                add_limit(limits, name, value.unwrap_or(&Value::Null))?;
            }
            map.values().try_for_each(|child| collect_limits(child, limits))
        }
        Value::Array(items) => items.iter().try_for_each(|item| collect_limits(item, limits)),
        _ => Ok(()),
    }
}

fn add_limit(limits: &mut BTreeMap<String, u64>, name: &str, value: &Value) -> Result<()> {
    let value =
        value.as_u64().ok_or_else(|| Error::new(format!("limit `{name}` has no number beside it")))?;
    match limits.insert(name.to_owned(), value) {
        Some(other) if other != value => {
            Err(Error::new(format!("limit `{name}` is given as {other} and as {value}; give it one value")))
        }
        _ => Ok(()),
    }
}

/// The document's schemas by name.
pub struct Schemas<'a>(pub &'a Map<String, Value>);

impl<'a> Schemas<'a> {
    pub fn of(document: &'a Value) -> Result<Self> {
        document
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .map(Self)
            .ok_or_else(|| Error::new("the document has no `components.schemas`"))
    }

    pub fn get(&self, name: &str) -> Result<&'a Value> {
        self.0
            .get(name)
            .ok_or_else(|| Error::new(format!("the document refers to a schema `{name}` it does not have")))
    }

    /// The object with `allOf` merged into it, references followed: later members win, required lists add up.
    pub fn flat(&self, schema: &Value) -> Result<Map<String, Value>> {
        let mut merged = Map::new();
        if let Some(target) = reference(schema) {
            return self.flat(self.get(target)?);
        }
        let own = schema.as_object().cloned().unwrap_or_default();
        for member in own.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            merge_object(&mut merged, self.flat(member)?);
        }
        merge_object(&mut merged, own.into_iter().filter(|(key, _)| key != "allOf").collect());
        Ok(merged)
    }
}

/// The name of the schema that a `$ref` points to.
pub fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix(REF))
}

fn merge_object(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (key.as_str(), into.get_mut(&key), value) {
            ("properties", Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            ("required", Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (_, _, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn convert(schemas: &Schemas<'_>, schema: &Value) -> Result<Value> {
    if let Some(target) = reference(schema) {
        return convert_reference(schemas, schema, target);
    }
    let flat = schemas.flat(schema)?;
    if let Some(Value::Array(branches)) = flat.get("oneOf") {
        return match tagged(schemas, branches)? {
            Some(union) => Ok(with_text(union, &flat)),
            None => merge_scalars(schemas, branches, &flat),
        };
    }
    let mut out = Map::new();
    for keyword in SHARED {
        if let Some(value) = flat.get(keyword) {
            out.insert(keyword.to_owned(), value.clone());
        }
    }
    convert_children(schemas, &flat, &mut out)?;
    set_type(&flat, &mut out);
    Ok(Value::Object(out))
}

/// `$ref` with its siblings; an object's type is said here, beside the reference.
fn convert_reference(schemas: &Schemas<'_>, schema: &Value, target: &str) -> Result<Value> {
    let resolved = schemas.flat(schemas.get(target)?)?;
    let mut out = Map::new();
    out.insert("$ref".to_owned(), json!(format!("#/$defs/{target}")));
    for keyword in ["description", "readOnly", "maxLength", "x-limit"] {
        if let Some(value) = schema.get(keyword) {
            out.insert(keyword.to_owned(), value.clone());
        }
    }
    if resolved.contains_key("properties") {
        out.insert(
            "type".to_owned(),
            if is_nullable(schema) { json!(["object", "null"]) } else { json!("object") },
        );
    } else if is_nullable(schema) && !is_nullable(&Value::Object(resolved)) {
        return Ok(json!({ "anyOf": [out, { "type": "null" }] }));
    }
    Ok(Value::Object(out))
}

fn is_nullable(schema: &Value) -> bool {
    schema.get("nullable") == Some(&Value::Bool(true))
}

fn convert_children(
    schemas: &Schemas<'_>,
    flat: &Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Result<()> {
    if let Some(Value::Object(properties)) = flat.get("properties") {
        let mut converted = Map::new();
        for (name, property) in properties {
            converted.insert(name.clone(), convert(schemas, property)?);
        }
        out.insert("properties".to_owned(), Value::Object(converted));
        // The service ignores members it does not know; the sender should hear of them, whatever upstream left open.
        out.insert("additionalProperties".to_owned(), json!(false));
    }
    for keyword in ["additionalProperties", "items", "propertyNames"] {
        match flat.get(keyword) {
            Some(child @ Value::Object(_)) => {
                out.insert(keyword.to_owned(), convert(schemas, child)?);
            }
            Some(closed @ Value::Bool(false)) => {
                out.insert(keyword.to_owned(), closed.clone());
            }
            _ => {}
        }
    }
    Ok(())
}

fn set_type(flat: &Map<String, Value>, out: &mut Map<String, Value>) {
    let Some(Value::String(kind)) = flat.get("type") else { return };
    let mut kinds = vec![json!(kind)];
    let has_format = ["format", "anyOf", "pattern"].iter().any(|keyword| flat.contains_key(*keyword));
    if let Some(Value::Array(more)) = flat.get("x-accepts")
        && !has_format
    {
        kinds.extend(more.iter().cloned());
    }
    if flat.get("nullable") == Some(&Value::Bool(true)) {
        kinds.push(json!("null"));
        if let Some(Value::Array(values)) = out.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    // Integer widths are for code generators; `int64` is no format of JSON Schema.
    if kind == "integer" || kind == "number" {
        out.remove("format");
    }
    let kinds = match kinds.as_slice() {
        [only] => only.clone(),
        _ => Value::Array(kinds),
    };
    out.insert("type".to_owned(), kinds);
}

fn with_text(mut schema: Value, flat: &Map<String, Value>) -> Value {
    if let (Value::Object(map), Some(text)) = (&mut schema, flat.get("description")) {
        map.insert("description".to_owned(), text.clone());
    }
    schema
}

/// A union whose branches each fix one property to one value.
fn tagged(schemas: &Schemas<'_>, branches: &[Value]) -> Result<Option<Value>> {
    let Some(tag) = branches.first().and_then(tag_of).map(|(name, _)| name) else { return Ok(None) };
    let mut values = Vec::new();
    let mut properties = Map::new();
    let mut required = json!([tag]);
    let mut cases = Vec::new();
    for branch in branches {
        let Some((name, value)) = tag_of(branch) else { return Ok(None) };
        if name != tag {
            return Ok(None);
        }
        let converted = convert(schemas, branch)?;
        let mut then = Map::new();
        for (property, schema) in converted.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            if *property != tag {
                properties.insert(property.clone(), Value::Bool(true));
                then.insert(property.clone(), schema.clone());
            }
        }
        if let Some(list) = converted.get("required") {
            required = list.clone();
        }
        let condition =
            json!({ "properties": { tag.as_str(): { "const": value } }, "required": [tag.as_str()] });
        cases.push(json!({ "if": condition, "then": { "properties": then } }));
        values.push(value);
    }
    properties.insert(tag, json!({ "type": "string", "enum": values }));
    Ok(Some(json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
        "allOf": cases,
    })))
}

fn tag_of(branch: &Value) -> Option<(String, Value)> {
    let properties = branch.get("properties")?.as_object()?;
    properties.iter().find_map(|(name, schema)| match schema.get("enum")?.as_array()?.as_slice() {
        [only] => Some((name.clone(), only.clone())),
        _ => None,
    })
}

/// A union of plain types becomes a list of types; the keywords of its branches apply only to their own type anyway.
fn merge_scalars(schemas: &Schemas<'_>, branches: &[Value], flat: &Map<String, Value>) -> Result<Value> {
    let mut kinds = Vec::new();
    let mut out = Map::new();
    for branch in branches {
        let Value::Object(converted) = convert(schemas, branch)? else { continue };
        for (keyword, value) in converted {
            if keyword == "type" {
                kinds.push(value);
            } else {
                out.insert(keyword, value);
            }
        }
    }
    if flat.get("nullable") == Some(&Value::Bool(true)) {
        kinds.push(json!("null"));
    }
    out.insert("type".to_owned(), Value::Array(kinds));
    Ok(with_text(Value::Object(out), flat))
}
