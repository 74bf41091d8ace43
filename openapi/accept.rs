//! Validator schema → the tables of the accept path: what each member may be, and which hand-written rule looks at it.
//!
//! Whatever this file does not understand becomes a node that takes nothing, so that the accept path is unsure there
//! and leaves the batch to the schema itself. A refresh of the spec can make it slower, never wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Error, Result};

/// Where in a batch a rule looks, and the hook that stands in for it. `*` is any step or the start of one; a pattern
/// with `!` is about events of one type. The first that matches counts.
const HOOKS: &[(&str, &str)] = &[
    ("api_key", REFUSE),
    ("api_keys", REFUSE),
    ("environment", "Environment"),
    ("mpid", "Mpid"),
    ("mp_deviceid", "Identity"),
    ("source_request_id", "SourceRequestId"),
    ("timestamp_unixtime_ms", "Time"),
    ("user_identities/customer_id", "CustomerId"),
    ("user_identities/*", "UserIdentity"),
    ("partner_identities/*", "Identity"),
    ("device_info/ios_advertising_id", "OwnAdvertisingId"),
    ("device_info/android_advertising_id", "OwnAdvertisingId"),
    ("device_info/roku_advertising_id", "OwnAdvertisingId"),
    ("device_info/microsoft_advertising_id", "OwnAdvertisingId"),
    ("device_info/fire_advertising_id", "OwnAdvertisingId"),
    ("device_info/*_advertising_id", "AdvertisingId"),
    ("device_info/ios_idfv", "DeviceId"),
    ("device_info/android_uuid", "DeviceId"),
    ("device_info/roku_publisher_id", "DeviceId"),
    ("device_info/microsoft_publisher_id", "DeviceId"),
    ("device_info/amp_id", "DeviceId"),
    ("device_info/att_timestamp_unixtime_ms", "Time"),
    ("user_attributes", "UserAttributes"),
    ("user_attributes/*", "UserAttribute"),
    ("user_attributes/*/*", "UserAttributeEntry"),
    ("deleted_user_attributes", "DeletedAttributes"),
    ("deleted_user_attributes/*", "DeletedName"),
    ("integration_attributes", "IntegrationAttributes"),
    ("consent_state", "Consent"),
    ("consent_state/gdpr", "Law"),
    ("consent_state/ccpa", "Law"),
    ("consent_state/gdpr/*/timestamp_unixtime_ms", "Time"),
    ("consent_state/ccpa/*/timestamp_unixtime_ms", "Time"),
    ("context/location", "Location"),
    ("context/location/latitude", "Latitude"),
    ("context/location/longitude", "Longitude"),
    ("context/location/location_source", "LocationSource"),
    ("context/location/country_code", "Country"),
    ("events", "Events"),
    ("commerce_event!events/*/data", "CommerceData"),
    ("events/*/data", "EventData"),
    ("events/*/data/timestamp_unixtime_ms", "EventTime"),
    ("events/*/data/session_start_unixtime_ms", "Time"),
    ("events/*/data/event_start_unixtime_ms", "Time"),
    ("events/*/data/source_message_id", "SourceMessageId"),
    ("events/*/data/location", "Location"),
    ("events/*/data/location/latitude", "Latitude"),
    ("events/*/data/location/longitude", "Longitude"),
    ("events/*/data/location/location_source", "LocationSource"),
    ("events/*/data/location/country_code", "Country"),
    ("events/*/data/custom_attributes", "EventAttributes"),
    ("events/*/data/custom_attributes/*", "EventAttribute"),
    ("custom_event!events/*/data/event_name", "CustomName"),
    ("screen_view!events/*/data/screen_name", "ScreenName"),
    ("events/*/data/event_name", "OtherName"),
    ("events/*/data/screen_name", "OtherName"),
    ("custom_event!events/*/data/custom_event_type", "CustomEventType"),
    ("application_state_transition!events/*/data/application_transition_type", "Transition"),
    ("application_state_transition!events/*/data/is_first_run", "TransitionFlag"),
    ("application_state_transition!events/*/data/is_upgrade", "TransitionFlag"),
    ("commerce_event!events/*/data/currency_code", "Currency"),
    ("events/*/data/product_action", "ProductAction"),
    ("events/*/data/product_action/action", "ProductActionKind"),
    ("events/*/data/product_action/products", "ProductActionProducts"),
    ("events/*/data/product_action/products/*/added_to_cart_time_ms", "Time"),
    ("events/*/data/promotion_action", "Action"),
    ("events/*/data/product_impressions", "Action"),
    ("events/*/data/action_identifier", "ActionIdentifier"),
];

/// Members that are never accepted.
const REFUSE: &str = "";

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
        let union =
            self.intern("Union", format!("Union {{ tag: {tag:?}, content: {content:?}, cases: &[{list}] }}"));
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

fn hook(path: &[String], event: &str) -> &'static str {
    let matches = |pattern: &str| {
        let (kind, steps) = pattern.split_once('!').unwrap_or((event, pattern));
        let steps: Vec<&str> = steps.split('/').collect();
        let fits = |(step, wanted): (&String, &&str)| match wanted.strip_prefix('*') {
            Some(end) => step.ends_with(end),
            None => step == wanted,
        };
        kind == event && steps.len() == path.len() && path.iter().zip(&steps).all(fits)
    };
    HOOKS.iter().find(|(pattern, _)| matches(pattern)).map_or("None", |(_, hook)| hook)
}

/// A hash table over the names of one object: slot → first member, member → next one in the same slot.
struct Lookup {
    multiplier: u64,
    shift: u32,
    slots: Vec<u8>,
    next: Vec<u8>,
}

/// No member.
const END: u8 = 255;

impl Lookup {
    /// Tries multipliers until no two names share a slot, or takes the best of many.
    fn of(names: &[&str]) -> Self {
        let shift = 64 - (names.len().max(1) * 4).next_power_of_two().trailing_zeros();
        let mut best: Option<(usize, u64)> = None;
        let mut seed = 0_u64;
        for _ in 0..4000 {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let multiplier = (seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1;
            let chained =
                Self::build(names, multiplier, shift).next.iter().filter(|next| **next != END).count();
            if best.is_none_or(|(least, _)| chained < least) {
                best = Some((chained, multiplier));
            }
            if chained == 0 {
                break;
            }
        }
        Self::build(names, best.map_or(1, |(_, multiplier)| multiplier), shift)
    }

    fn build(names: &[&str], multiplier: u64, shift: u32) -> Self {
        let mut slots = vec![END; 1 << (64 - shift)];
        let mut next = Vec::new();
        for (index, name) in (0_u8..).zip(names) {
            let slot = slots.get_mut(slot(name.as_bytes(), multiplier, shift));
            next.push(slot.map_or(END, |slot| std::mem::replace(slot, index)));
        }
        Self { multiplier, shift, slots, next }
    }
}

/// The first and last eight bytes as little-endian words; a name shorter than that has no last ones.
fn ends(name: &[u8]) -> (u64, u64) {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    let last = name.len().checked_sub(8).and_then(|start| name.get(start..)).map_or(0, word);
    (word(name.get(..8).unwrap_or(name)), last)
}

/// The same as `Object::find` of the accept path, which reads the words from the document.
fn slot(name: &[u8], multiplier: u64, shift: u32) -> usize {
    let (first, last) = ends(name);
    let mixed = first ^ last.rotate_left(23) ^ name.len() as u64;
    usize::try_from(mixed.wrapping_mul(multiplier) >> shift).unwrap_or_default()
}
