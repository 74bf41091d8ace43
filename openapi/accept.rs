//! Validator schema → the tables of the accept path: what each member may be, and which hand-written rule looks at it.
//!
//! Whatever this file does not understand becomes a node that takes nothing, so that the accept path is unsure there
//! and leaves the batch to the schema itself. A refresh of the spec can make it slower, never wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::hooks::{REFUSE, hook};
use super::lookup::{Lookup, ends};
use super::{Error, Result};

/// Deeper than any batch; stops at schemas that contain themselves.
const DEEPEST: usize = 16;

const KINDS: [(&str, u8); 7] = [
    ("null", 1),
    ("boolean", 2),
    ("integer", 4),
    ("number", 4 | 8),
    ("string", 16),
    ("array", 32),
    ("object", 64),
];
const NULL: u8 = 1;
const STRING: u8 = 16;
const ARRAY: u8 = 32;
const OBJECT: u8 = 64;

/// Keywords that check nothing.
const SILENT: [&str; 7] = ["$schema", "default", "deprecated", "description", "title", "x-limit", "$defs"];

/// The tables as Rust source.
pub fn tables(schema: &Value) -> Result<String> {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    let definitions = definitions.ok_or_else(|| Error::new("the validator schema has no `$defs`"))?;
    let mut tables = Tables { definitions, statics: BTreeMap::new(), code: String::new() };
    let root = tables.node(schema, &mut Vec::new(), "", false);
    Ok(format!(
        "// Tables of the accept path, from the validator schema.\n{}pub static ROOT: &Node = &{root};\n",
        tables.code
    ))
}

struct Tables<'a> {
    definitions: &'a Map<String, Value>,
    /// Names of the statics by what they hold, so that equal ones are written once.
    statics: BTreeMap<String, String>,
    code: String,
}

impl Tables<'_> {
    fn intern(&mut self, kind: &str, value: String) -> String {
        if let Some(name) = self.statics.get(&value) {
            return name.clone();
        }
        let name = format!("{}{}", kind.to_uppercase(), self.statics.len());
        let _ = writeln!(self.code, "static {name}: {kind} = {value};");
        self.statics.insert(value, name.clone());
        name
    }

    /// The name of the static that says what may stand at `path`.
    fn node(&mut self, schema: &Value, path: &mut Vec<String>, event: &str, read_only: bool) -> String {
        let made = self.parts(schema, path, event, read_only).unwrap_or_else(|| Parts::refused(path, event));
        let Parts { kinds, text, shape, hook } = made;
        let kinds = if hook == REFUSE { 0 } else { kinds };
        let hook = if hook == REFUSE { "None" } else { hook };
        self.intern(
            "Node",
            format!("Node {{ kinds: {kinds}, text: {text}, shape: {shape}, hook: Hook::{hook} }}"),
        )
    }

    /// None where the schema says something that is not understood here.
    fn parts(
        &mut self,
        schema: &Value,
        path: &mut Vec<String>,
        event: &str,
        read_only: bool,
    ) -> Option<Parts> {
        if path.len() > DEEPEST {
            return None;
        }
        let resolved = resolve(self.definitions, schema, 0)?;
        let mut parts = Parts { hook: hook(path, event), ..Parts::of(&resolved)? };
        if read_only || resolved.get("readOnly") == Some(&json!(true)) {
            parts.kinds &= NULL;
        }
        match (parts.kinds & OBJECT != 0, parts.kinds & ARRAY != 0) {
            (true, false) => parts.shape = self.object(&resolved, path, event)?,
            (false, true) => {
                let items = resolved.get("items")?;
                let item = self.child(items, "*", path, event, false);
                parts.shape = format!("Shape::List(&{item})");
            }
            (true, true) => return None,
            (false, false) => {}
        }
        Some(parts)
    }

    fn child(
        &mut self,
        schema: &Value,
        step: &str,
        path: &mut Vec<String>,
        event: &str,
        read_only: bool,
    ) -> String {
        path.push(step.to_owned());
        let name = self.node(schema, path, event, read_only);
        path.pop();
        name
    }

    fn object(&mut self, schema: &Map<String, Value>, path: &mut Vec<String>, event: &str) -> Option<String> {
        let names =
            schema.get("propertyNames").map_or(Some(Map::new()), |names| checks(names.as_object()?))?;
        if !names.is_empty() {
            return None;
        }
        match (schema.get("properties"), schema.get("additionalProperties")?) {
            (Some(Value::Object(members)), Value::Bool(false)) => {
                let required = texts(schema.get("required"))?;
                if schema.contains_key("allOf") {
                    return self.union(schema, members, &required, path);
                }
                let object = self.members(members, &required, path, event)?;
                Some(format!("Shape::Object(&{object})"))
            }
            (None, values @ Value::Object(_)) if !schema.contains_key("required") => {
                let value = self.child(values, "*", path, event, false);
                Some(format!("Shape::Map(&{value})"))
            }
            _ => None,
        }
    }

    fn members(
        &mut self,
        members: &Map<String, Value>,
        required: &[&str],
        path: &mut Vec<String>,
        event: &str,
    ) -> Option<String> {
        if members.len() > 64 || !required.iter().all(|name| members.contains_key(*name)) {
            return None;
        }
        let names: Vec<&str> = members.keys().map(String::as_str).collect();
        let lookup = Lookup::of(&names);
        let mut list = String::new();
        let mut bits = 0_u64;
        for (index, (name, schema)) in members.iter().enumerate() {
            let node = self.child(schema, name, path, event, true_at(schema, "readOnly"));
            if required.contains(&name.as_str()) {
                bits |= 1 << index;
            }
            let next = lookup.next.get(index)?;
            let (first, last) = ends(name.as_bytes());
            let middle = if name.len() > 16 { ends(name.as_bytes().get(8..16)?).0 } else { 0 };
            let _ = write!(
                list,
                "Member {{ name: {name:?}, first: {first}, last: {last}, middle: {middle}, node: &{node}, \
                 next: {next} }}, "
            );
        }
        let Lookup { multiplier, shift, slots, .. } = lookup;
        Some(self.intern(
            "Object",
            format!(
                "Object {{ members: &[{list}], required: {bits}, multiplier: {multiplier}, shift: {shift}, \
                 slots: &{slots:?} }}"
            ),
        ))
    }

    /// An object whose one member says what the other is: `event_type` and `data`.
    fn union(
        &mut self,
        schema: &Map<String, Value>,
        members: &Map<String, Value>,
        required: &[&str],
        path: &mut Vec<String>,
    ) -> Option<String> {
        let (tag, _) = members.iter().find(|(_, schema)| schema.get("enum").is_some())?;
        let (content, _) = members.iter().find(|(_, schema)| **schema == json!(true))?;
        if members.len() != 2 || !required.contains(&tag.as_str()) || !required.contains(&content.as_str()) {
            return None;
        }
        let values = texts(members.get(tag)?.get("enum"))?;
        let cases = schema.get("allOf")?.as_array()?;
        let mut list = String::new();
        for value in values {
            let condition =
                json!({ "properties": { tag.as_str(): { "const": value } }, "required": [tag.as_str()] });
            let mut matching = cases.iter().filter(|case| case.get("if") == Some(&condition));
            let (case, None) = (matching.next()?, matching.next()) else { return None };
            let then = case.get("then")?.as_object()?;
            let data = then.get("properties")?.as_object()?;
            if then.len() != 1 || data.len() != 1 || case.as_object()?.len() != 2 {
                return None;
            }
            let node = self.child(data.get(content)?, content, path, value, false);
            let _ = write!(list, "({value:?}, &{node}), ");
        }
        let all_used = cases.len() == texts(members.get(tag)?.get("enum"))?.len();
        let quoted = format!("\"{tag}\"");
        let finder = format!("LazyLock::new(|| Finder::new({quoted:?}))");
        let union = self.intern(
            "Union",
            format!("Union {{ tag: {tag:?}, finder: {finder}, content: {content:?}, cases: &[{list}] }}"),
        );
        all_used.then(|| format!("Shape::Union(&{union})"))
    }
}

struct Parts {
    kinds: u8,
    text: String,
    shape: String,
    hook: &'static str,
}

impl Parts {
    fn refused(path: &[String], event: &str) -> Self {
        let (text, shape) = ("Text::Any".to_owned(), "Shape::None".to_owned());
        Self { kinds: 0, text, shape, hook: hook(path, event) }
    }

    fn of(schema: &Map<String, Value>) -> Option<Self> {
        let mut kinds = kinds(schema.get("type"))?;
        let mut text = "Text::Any".to_owned();
        if let Some(Value::Array(values)) = schema.get("enum") {
            kinds &= if values.contains(&Value::Null) { STRING | NULL } else { STRING };
            let names: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
            let names: Vec<&str> = names.into_iter().map(Value::as_str).collect::<Option<_>>()?;
            text = format!("Text::OneOf(&{names:?})");
        }
        match (schema.get("format").and_then(Value::as_str), schema.get("anyOf")) {
            (None, None) => {}
            (Some("uuid"), None) => text = "Text::Uuid".to_owned(),
            (None, Some(ip)) if *ip == json!([{ "format": "ipv4" }, { "format": "ipv6" }]) => {
                text = "Text::Ip".to_owned();
            }
            _ => return None,
        }
        Some(Self { kinds, text, shape: "Shape::None".to_owned(), hook: "None" })
    }
}

/// The keywords that hold at a place, references followed. None where one of them is not known here.
fn resolve(definitions: &Map<String, Value>, schema: &Value, depth: usize) -> Option<Map<String, Value>> {
    const KNOWN: [&str; 13] = [
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "enum",
        "format",
        "items",
        "maximum",
        "properties",
        "propertyNames",
        "readOnly",
        "required",
        "type",
    ];
    let mut own = checks(schema.as_object()?)?;
    if depth > DEEPEST || own.keys().any(|key| !KNOWN.contains(&key.as_str())) || own.contains_key("maximum")
    {
        return None;
    }
    if let Some([inner, null]) = own.get("anyOf").and_then(Value::as_array).map(Vec::as_slice)
        && own.len() == 1
        && *null == json!({ "type": "null" })
    {
        let mut inner = resolve(definitions, inner, depth + 1)?;
        let kinds = kinds(inner.get("type"))? | NULL;
        if inner.contains_key("enum") {
            return None;
        }
        inner.insert("type".to_owned(), listed(kinds));
        return Some(inner);
    }
    let Some(target) = own.remove("$ref") else { return Some(own) };
    let name = target.as_str()?.strip_prefix("#/$defs/")?;
    let mut merged = resolve(definitions, definitions.get(name)?, depth + 1)?;
    for (key, value) in own {
        let value = match (key.as_str(), merged.get("type")) {
            ("type", Some(other)) => listed(kinds(Some(&value))? & kinds(Some(other))?),
            ("type" | "readOnly", _) => value,
            _ => return None,
        };
        merged.insert(key, value);
    }
    Some(merged)
}

/// The keywords of one schema that check something. Limits are checked by rules, as their numbers can be changed.
fn checks(schema: &Map<String, Value>) -> Option<Map<String, Value>> {
    let is_limit = schema.contains_key("x-limit");
    let dropped = |key: &str| {
        SILENT.contains(&key) || is_limit && ["maxLength", "maxItems", "maxProperties"].contains(&key)
    };
    Some(
        schema
            .iter()
            .filter(|(key, _)| !dropped(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn kinds(types: Option<&Value>) -> Option<u8> {
    let bit = |name: &Value| KINDS.iter().find(|(kind, _)| name == kind).map(|(_, bit)| *bit);
    match types? {
        Value::Array(names) => names.iter().try_fold(0, |kinds, name| Some(kinds | bit(name)?)),
        name => bit(name),
    }
}

fn listed(kinds: u8) -> Value {
    let names = KINDS.iter().filter(|(_, bit)| kinds & bit == *bit).map(|(name, _)| json!(name));
    Value::Array(names.collect())
}

fn texts(list: Option<&Value>) -> Option<Vec<&str>> {
    let Some(list) = list else { return Some(Vec::new()) };
    list.as_array()?.iter().map(Value::as_str).collect()
}

fn true_at(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&json!(true))
}
