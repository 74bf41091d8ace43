//! `schemars::JsonSchema` for the hand-written values; the generated types derive it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{AttributeValue, Number, PushMessageBehavior, UserAttributeValue};

macro_rules! json_schema_of {
    ($($name:ident => $schema:tt;)*) => {
        $(impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })*
    };
}

json_schema_of! {
    Number => { "type": "number" };
    AttributeValue => { "type": ["string", "number", "boolean", "null"] };
    UserAttributeValue => {
        "type": ["string", "number", "boolean", "null", "array"],
        "items": { "type": ["string", "number", "boolean", "null"] }
    };
    PushMessageBehavior => { "type": ["integer", "string"] };
}
