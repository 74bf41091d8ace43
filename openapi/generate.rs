//! Corrected spec → Rust: progenitor's output, split into types and client methods and tidied.

use std::panic::{AssertUnwindSafe, catch_unwind};

use progenitor::{GenerationSettings, Generator, InterfaceStyle, TypeImpl};
use serde_json::{Map, Value, json};
use syn::Item;
use syn::visit_mut::VisitMut;

use super::schema::Schemas;
use super::tidy::Tidy;
use super::{Error, Result};

/// Two Rust modules as source text.
#[derive(Debug)]
pub struct Generated {
    pub types: String,
    pub client: String,
}

/// Hand-written types that stand in for a schema: their wire form is looser than an enum or struct can say.
const REPLACED: [(&str, &str); 3] = [
    ("AttributeValue", "crate::types::AttributeValue"),
    ("PushMessageBehavior", "crate::types::PushMessageBehavior"),
    ("UserAttributeValue", "crate::types::UserAttributeValue"),
];

/// Schema `number` becomes this type: it keeps `10` and `10.0` apart and refuses to write NaN as `null`.
const NUMBER: &str = "crate::types::Number";

/// Generates both modules.
///
/// # Errors
///
/// When the document does not fit the OpenAPI 3.0 model or progenitor refuses it, also where it would panic.
pub fn rust(corrected: &Value) -> Result<Generated> {
    let spec: openapiv3::OpenAPI = serde_json::from_value(for_types(corrected)?)
        .map_err(|e| Error::new(format!("the corrected spec does not fit OpenAPI 3.0: {e}")))?;
    // progenitor asserts on documents it cannot express; a refresh has to report that, not die of it.
    let tokens = catch_unwind(AssertUnwindSafe(|| Generator::new(&settings()).generate_tokens(&spec)))
        .map_err(|panic| {
            Error::new(format!("progenitor gave up on the corrected spec: {}", panic_text(&*panic)))
        })?
        .map_err(|e| Error::new(format!("progenitor cannot generate from the corrected spec: {e}")))?;
    let file: syn::File = syn::parse2(tokens)
        .map_err(|e| Error::new(format!("progenitor generated something that is not Rust: {e}")))?;
    split(file)
}

fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq");
    for (schema, path) in REPLACED {
        settings.with_replacement(schema, path, std::iter::empty::<TypeImpl>());
    }
    let number = schemars::schema::SchemaObject {
        instance_type: Some(schemars::schema::InstanceType::Number.into()),
        ..Default::default()
    };
    settings.with_conversion(number, NUMBER, std::iter::empty::<TypeImpl>());
    settings
}

/// The corrected spec as the generator should see it: nothing here is wrong upstream, we want it otherwise.
///
/// - Objects stay open: a field that the service adds must not break parsing.
/// - No schema defaults: an absent field stays absent instead of being filled in.
/// - Every answer is raw bytes: any of them can come with or without a body, which progenitor cannot express. The
///   hand-written client reads the body and keeps status and headers.
/// - `allOf` is merged here: the generator makes a wrapper of a list of one, and loses texts when members repeat.
fn for_types(corrected: &Value) -> Result<Value> {
    let mut document = flatten(corrected)?;
    loosen(&mut document, false);
    wrap_references(&mut document);
    let raw = json!({
        "description": "Any answer.",
        "content": { "*/*": { "schema": { "type": "string", "format": "binary" } } },
    });
    for path in
        document.pointer_mut("/paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        for operation in path.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(responses) = operation.get_mut("responses") {
                *responses = json!({ "2XX": raw, "default": raw });
            }
        }
    }
    Ok(document)
}

fn flatten(corrected: &Value) -> Result<Value> {
    let mut document = corrected.clone();
    let schemas = Schemas::of(corrected)?;
    for (name, schema) in schemas.0.iter().filter(|(_, schema)| schema.get("allOf").is_some()) {
        if let Some(slot) = document.pointer_mut("/components/schemas").and_then(|slot| slot.get_mut(name)) {
            *slot = Value::Object(schemas.flat(schema)?);
        }
    }
    Ok(document)
}

fn loosen(node: &mut Value, is_property_map: bool) {
    match node {
        Value::Object(map) => {
            if !is_property_map {
                if map.get("additionalProperties") == Some(&json!(false)) {
                    map.remove("additionalProperties");
                }
                if !map.get("default").is_some_and(Value::is_object) {
                    map.remove("default");
                }
            }
            for (key, child) in map.iter_mut() {
                loosen(child, !is_property_map && key == "properties");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| loosen(item, false)),
        _ => {}
    }
}

/// OpenAPI 3.0 ignores what stands beside a `$ref`; inside `allOf` it keeps `nullable` and `description`.
fn wrap_references(node: &mut Value) {
    if let Value::Object(map) = node {
        if map.len() > 1
            && let Some(target @ Value::String(_)) = map.get("$ref").cloned()
        {
            map.remove("$ref");
            map.insert("allOf".to_owned(), json!([{ "$ref": target }]));
        }
        map.values_mut().for_each(wrap_references);
    } else if let Value::Array(items) = node {
        items.iter_mut().for_each(wrap_references);
    }
}

/// Takes the generated file apart: `mod types` on one side, everything that needs an HTTP stack on the other.
fn split(mut file: syn::File) -> Result<Generated> {
    Tidy.visit_file_mut(&mut file);
    let position = file
        .items
        .iter()
        .position(|item| matches!(item, Item::Mod(module) if module.ident == "types"))
        .ok_or_else(|| Error::new("progenitor's output has no `mod types`"))?;
    let Item::Mod(types) = file.items.remove(position) else {
        return Err(Error::new("progenitor's output has no `mod types`"));
    };
    let items = types.content.map(|(_, items)| items).unwrap_or_default();
    let types = syn::File { shebang: None, attrs: Vec::new(), items };
    Ok(Generated { types: prettyplease::unparse(&types), client: prettyplease::unparse(&file) })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "it panicked without a message".to_owned())
}
