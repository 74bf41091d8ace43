//! The corrected spec in short: operations, types and their fields. What a reviewer reads after a spec change.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::pipeline::{Result, schema::Schemas, schema::reference};
use crate::shape::{label, labels, ref_name, shape};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The outline: one line an operation, a field, an enum; `allOf` merged; sorted by name.
///
/// # Errors
///
/// When the document has no schemas or refers to one that it does not have.
pub fn outline(document: &Value) -> Result<String> {
    let schemas = Schemas::of(document)?;
    let mut out = String::new();
    for server in document.get("servers").and_then(Value::as_array).into_iter().flatten() {
        line(&mut out, 0, &format!("server {}", server.get("url").map(label).unwrap_or_default()));
    }
    for (path, item) in sorted(document.get("paths")) {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                out.push('\n');
                write_operation(&mut out, method, path, operation);
            }
        }
    }
    for (name, schema) in sorted(document.pointer("/components/schemas")) {
        out.push('\n');
        write_schema(&mut out, &schemas, name, schema)?;
    }
    Ok(out)
}

fn write_operation(out: &mut String, method: &str, path: &str, operation: &Value) {
    let id = operation.get("operationId").map_or_else(|| "(no operationId)".to_owned(), label);
    line(out, 0, &format!("{} {path} {id}", method.to_uppercase()));
    if let Some(body) = operation.get("requestBody") {
        line(out, 1, &format!("body: {}{}", content(body), flag(body, "required", " required")));
    }
    for (status, response) in sorted(operation.get("responses")) {
        let headers: Vec<&str> = sorted(response.get("headers")).into_iter().map(|(name, _)| name).collect();
        let headers = if headers.is_empty() { String::new() } else { format!(" + {}", headers.join(", ")) };
        line(out, 1, &format!("{status}: {}{headers}", content(response)));
    }
}

fn content(holder: &Value) -> String {
    let kinds: Vec<String> = sorted(holder.get("content"))
        .into_iter()
        .map(|(media, body)| match (media, body.get("schema").map_or("any".to_owned(), shape)) {
            ("application/json", shape) => shape,
            (media, shape) => format!("{shape} as {media}"),
        })
        .collect();
    if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") }
}

fn write_schema(out: &mut String, schemas: &Schemas<'_>, name: &str, schema: &Value) -> Result<()> {
    let flat = schemas.flat(schema)?;
    let marks = format!("{}{}", marks(schema), closed(&flat));
    if let Some(branches) = flat.get("oneOf").and_then(Value::as_array)
        && let Some(rows) = branches.iter().map(tagged).collect::<Option<Vec<_>>>()
    {
        line(out, 0, &format!("union {name}{marks}"));
        rows.iter().for_each(|row| line(out, 1, row));
        return Ok(());
    }
    if flat.contains_key("properties") {
        line(out, 0, &format!("struct {name}{marks}"));
        return write_fields(out, schemas, &flat, 1);
    }
    if let Some(values) = flat.get("enum") {
        line(out, 0, &format!("enum {name}{marks} = {}", labels(values).join(" | ")));
        return Ok(());
    }
    line(out, 0, &format!("type {name}{marks} = {}", shape(&Value::Object(flat))));
    Ok(())
}

fn write_fields(
    out: &mut String,
    schemas: &Schemas<'_>,
    flat: &Map<String, Value>,
    depth: usize,
) -> Result<()> {
    let required = flat.get("required").map(labels).unwrap_or_default();
    for (name, schema) in sorted(flat.get("properties")) {
        let must = if required.iter().any(|other| other == name) { " required" } else { "" };
        write_field(out, schemas, &format!("{name}: "), must, schema, depth)?;
    }
    Ok(())
}

/// One field; the fields of an object written in place follow, indented.
fn write_field(
    out: &mut String,
    schemas: &Schemas<'_>,
    before: &str,
    must: &str,
    schema: &Value,
    depth: usize,
) -> Result<()> {
    let fallback = schema.get("default").map(|value| format!(" = {}", label(value))).unwrap_or_default();
    let nested = if reference(schema).is_some() { None } else { Some(schemas.flat(schema)?) };
    let nested = nested.filter(|flat| flat.contains_key("properties"));
    let closed = nested.as_ref().map(closed).unwrap_or_default();
    let title = match (&nested, schema.get("title")) {
        (Some(_), Some(title)) => format!(" {}", label(title)),
        _ => String::new(),
    };
    line(out, depth, &format!("{before}{}{title}{fallback}{must}{}{closed}", shape(schema), marks(schema)));
    if let Some(flat) = nested {
        write_fields(out, schemas, &flat, depth + 1)?;
    }
    match schema.get("items") {
        Some(items) if items.get("properties").is_some() => {
            write_field(out, schemas, "[]: ", "", items, depth + 1)
        }
        _ => Ok(()),
    }
}

/// `session_start: SessionStartEventData` for a branch that fixes one property to one value.
fn tagged(branch: &Value) -> Option<String> {
    let properties = branch.get("properties")?.as_object()?;
    let tag = properties.values().find_map(|schema| match schema.get("enum")?.as_array()?.as_slice() {
        [only] => Some(label(only)),
        _ => None,
    })?;
    let content = properties.values().find_map(|schema| schema.get("$ref")?.as_str())?;
    Some(format!("{tag}: {}", ref_name(content)))
}

fn marks(schema: &Value) -> String {
    [("nullable", " nullable"), ("readOnly", " readOnly"), ("deprecated", " deprecated")]
        .iter()
        .map(|(keyword, mark)| flag(schema, keyword, mark))
        .collect()
}

fn flag(schema: &Value, keyword: &str, mark: &'static str) -> &'static str {
    if schema.get(keyword) == Some(&Value::Bool(true)) { mark } else { "" }
}

fn closed(flat: &Map<String, Value>) -> &'static str {
    if flat.get("additionalProperties") == Some(&Value::Bool(false)) { " closed" } else { "" }
}

fn sorted(map: Option<&Value>) -> Vec<(&str, &Value)> {
    let mut entries: Vec<(&str, &Value)> = map
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, child)| (key.as_str(), child))
        .collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:indent$}{text}", "", indent = depth * 2);
}
