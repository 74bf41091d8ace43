//! Reads the bytes of one batch, and finds what is wrong with them as a JSON document.
//!
//! One pass builds the value and notices repeated keys, which `serde_json::Value` alone would swallow.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::Location;
use super::collector::Collector;
use super::locate;
use super::pointer::Pointer;
use super::rules::{
    mp001_malformed_json as mp001, mp002_invalid_unicode as mp002, mp003_byte_order_mark as mp003,
    mp004_empty_document as mp004, mp005_duplicate_key as mp005, mp006_not_a_batch as mp006,
    mp007_text_after_batch as mp007, mp008_nesting_too_deep as mp008,
};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The batch as a value; none when the bytes are no JSON object, which is a finding then.
pub(super) fn read(bytes: &[u8], findings: &mut Collector<'_>) -> Option<Value> {
    let value = read_any(bytes, findings)?;
    if value.is_object() {
        return Some(value);
    }
    mp006::report(&value, &mut findings.of(&mp006::RULE));
    None
}

/// Any JSON value; none when the bytes are no JSON, which is a finding then.
pub(super) fn read_any(bytes: &[u8], findings: &mut Collector<'_>) -> Option<Value> {
    let body = match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => {
            mp003::report(&mut findings.of(&mp003::RULE));
            findings.locate_last(locate::at(bytes, 0));
            rest
        }
        None => bytes,
    };
    let skipped = bytes.len() - body.len();
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            mp002::report(&mut findings.of(&mp002::RULE));
            findings.locate_last(locate::at(bytes, skipped + error.valid_up_to()));
            return None;
        }
    };
    let blank = |c: char| c.is_ascii_whitespace() || c == '\0';
    if text.trim_matches(blank).is_empty() {
        mp004::report(&mut findings.of(&mp004::RULE));
        return None;
    }
    let mut repeated = Vec::new();
    let value = match parse(text, &mut repeated) {
        Ok(value) => value,
        Err(error) => {
            report_syntax(&error, findings);
            findings.locate_last(place(&error, text, bytes));
            return None;
        }
    };
    let mut seen = BTreeSet::new();
    for pointer in repeated {
        if seen.insert(pointer.to_string()) {
            mp005::report(pointer, &mut findings.of(&mp005::RULE));
        }
    }
    Some(value)
}

/// The value, and the places of keys that were repeated in one object.
fn parse(text: &str, repeated: &mut Vec<Pointer<'static>>) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Node { path: Path::Root, repeated }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

fn report_syntax(error: &serde_json::Error, findings: &mut Collector<'_>) {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    match what {
        "recursion limit exceeded" => mp008::report(&mut findings.of(&mp008::RULE)),
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            mp002::report_surrogate(&mut findings.of(&mp002::RULE));
        }
        "trailing characters" => mp007::report(&mut findings.of(&mp007::RULE)),
        _ => mp001::report(what, error.is_eof(), &mut findings.of(&mp001::RULE)),
    }
}

/// The error's place; its own column counts bytes, a finding's counts characters.
fn place(error: &serde_json::Error, text: &str, bytes: &[u8]) -> Location {
    let line: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset =
        if error.is_eof() { text.len() } else { (line + error.column().saturating_sub(1)).min(text.len()) };
    locate::at(bytes, offset + (bytes.len() - text.len()))
}

/// The steps to a value, linked on the stack.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn pointer(&self) -> Pointer<'static> {
        match self {
            Self::Root => Pointer::root(),
            Self::Key(parent, name) => parent.pointer().key((*name).to_owned()),
            Self::Index(parent, index) => parent.pointer().index(*index),
        }
    }
}

struct Node<'a> {
    path: Path<'a>,
    repeated: &'a mut Vec<Pointer<'static>>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Node {
            path: Path::Index(&self.path, items.len()),
            repeated: &mut *self.repeated,
        })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let path = Path::Key(&self.path, &key);
            let value = access.next_value_seed(Node { path, repeated: &mut *self.repeated })?;
            match members.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(value);
                }
                Entry::Occupied(mut taken) => {
                    self.repeated.push(self.path.pointer().key(taken.key().clone()));
                    taken.insert(value);
                }
            }
        }
        Ok(Value::Object(members))
    }
}

/// A typed batch that has no JSON form, such as a price that is not a number.
pub(super) fn report_unserializable(error: &serde_json::Error, findings: &mut Collector<'_>) {
    mp001::report_unserializable(error, &mut findings.of(&mp001::RULE));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn builds_what_serde_json_builds(text in r#"[\[\]{}:,"a-c0-9.eE+\- ntrufalse]{0,60}"#) {
            let expected = serde_json::from_str::<Value>(&text).ok();
            prop_assert_eq!(parse(&text, &mut Vec::new()).ok(), expected);
        }
    }

    #[test]
    fn every_repetition_is_noticed_with_its_path() {
        let mut repeated = Vec::new();
        let value = parse(r#"{"a":[{"b":1,"b":2,"b":3}],"c~/d":0,"c~/d":1}"#, &mut repeated).unwrap();
        let pointers: Vec<_> = repeated.iter().map(ToString::to_string).collect();
        assert_eq!(pointers, ["/a/0/b", "/a/0/b", "/c~0~1d"]);
        assert_eq!(value.pointer("/a/0/b"), Some(&Value::from(3)));
    }
}
