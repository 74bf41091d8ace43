//! What a JSON Schema objects to in a batch, taken apart to single places, and which findings of ours are about the same.

use std::collections::BTreeSet;

use anyhow::Result;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use mparticle_events::validate::{Finding, rules};
use serde_json::Value;

/// Rules about what should not be there at all; nothing inside is looked at once one of them found something.
const WHOLE: [&str; 3] = ["MP119", "MP120", "MP122"];

/// One thing a schema dislikes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Objection {
    /// Where: the value, or the member that is missing or should not be there. A JSON pointer.
    pub place: String,
    /// The keyword of the schema, such as `required`.
    pub keyword: String,
    /// Where in the schema.
    pub schema_path: String,
    /// Name of the member, where one is missing.
    missing: Option<String>,
}

/// A schema, ready to be asked.
pub fn compile(schema: &Value) -> Result<jsonschema::Validator> {
    // Without formats the published schema takes every address for both IPv4 and IPv6, and rejects it for that.
    Ok(jsonschema::options().should_validate_formats(true).build(schema)?)
}

/// All objections to the document, each once, in the order of their places.
pub fn of(schema: &jsonschema::Validator, document: &Value) -> Vec<Objection> {
    let mut found = BTreeSet::new();
    for error in schema.iter_errors(document) {
        take_apart(&error, &mut found);
    }
    found.into_iter().collect()
}

fn take_apart(error: &ValidationError<'_>, found: &mut BTreeSet<Objection>) {
    let at = error.instance_path().as_str();
    let objection = |place: String, missing: Option<String>| Objection {
        place,
        keyword: error.kind().keyword().to_owned(),
        schema_path: error.schema_path().as_str().to_owned(),
        missing,
    };
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            found.insert(objection(member(at, name), Some(name.to_owned())));
        }
        Kind::AdditionalProperties { unexpected } => {
            found.extend(unexpected.iter().map(|name| objection(member(at, name), None)));
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => match meant(at, context) {
            Meant::Branch(errors) => errors.iter().for_each(|error| take_apart(error, found)),
            Meant::Tag(place) => drop(found.insert(objection(place, None))),
            Meant::Union => drop(found.insert(objection(at.to_owned(), None))),
        },
        _ => drop(found.insert(objection(at.to_owned(), None))),
    }
}

fn member(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// What a value that fits no branch of a union was meant to be.
enum Meant<'a> {
    /// The one branch whose tag it has.
    Branch(&'a [ValidationError<'static>]),
    /// Its tag is that of no branch.
    Tag(String),
    /// The branches have no tags.
    Union,
}

fn meant<'a>(at: &str, context: &'a [Vec<ValidationError<'static>>]) -> Meant<'a> {
    let tag = |errors: &[ValidationError<'static>]| {
        errors.iter().find_map(|error| {
            let place = error.instance_path().as_str();
            let inner = place.strip_prefix(at)?.strip_prefix('/')?;
            let is_tag = matches!(error.kind(), Kind::Enum { .. } | Kind::Constant { .. });
            (is_tag && !inner.contains('/')).then(|| place.to_owned())
        })
    };
    let tags: Vec<Option<String>> = context.iter().map(|errors| tag(errors)).collect();
    let mut without = tags.iter().zip(context).filter(|(tag, _)| tag.is_none()).map(|(_, errors)| errors);
    match (without.next(), without.next(), tags.first()) {
        (Some(errors), None, _) if tags.len() > 1 => Meant::Branch(errors),
        (None, _, Some(Some(tag))) if tags.iter().all(|other| other.as_ref() == Some(tag)) => {
            Meant::Tag(tag.clone())
        }
        _ => Meant::Union,
    }
}

impl Objection {
    /// The bytes are no JSON, so that no schema can be asked.
    pub fn no_json() -> Self {
        let (place, schema_path) = (String::new(), String::new());
        Self { place, keyword: "JSON".to_owned(), schema_path, missing: None }
    }

    /// Whether the finding is about the same fault.
    pub fn is_that_of(&self, finding: &Finding) -> bool {
        let family = rules::find(finding.code).map_or("", |rule| rule.family());
        let can_be = match family {
            "document" | "shape" | "meaning" => true,
            "limits" => self.keyword.starts_with("max") || self.keyword.starts_with("min"),
            _ => false,
        };
        can_be
            && (self.is_at(finding) || WHOLE.contains(&finding.code) && is_in(&self.place, &finding.pointer))
    }

    fn is_at(&self, finding: &Finding) -> bool {
        match &self.missing {
            // It is found at the object, as the member has no place.
            Some(name) => {
                let holder = self.place.rsplit_once('/').map_or("", |(holder, _)| holder);
                finding.pointer == holder && finding.message.contains(&format!("`{name}`"))
                    || finding.pointer == self.place
            }
            None if ["anyOf", "oneOf", "JSON"].contains(&self.keyword.as_str()) => {
                is_in(&finding.pointer, &self.place)
            }
            None => finding.pointer == self.place,
        }
    }
}

/// Whether the pointer is the outer one, or leads to something inside it.
fn is_in(pointer: &str, outer: &str) -> bool {
    pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(schema: &Value, document: &Value) -> Vec<(String, String)> {
        let schema = compile(schema).unwrap();
        of(&schema, document).into_iter().map(|it| (it.place, it.keyword)).collect()
    }

    #[test]
    fn a_union_with_tags_is_taken_apart_in_the_branch_that_is_meant() {
        let branch = |tag: &str| json!({"properties": {"kind": {"enum": [tag]}, "n": {"type": "integer"}}, "required": ["kind", "n"]});
        let schema = json!({"properties": {"it": {"oneOf": [branch("a"), branch("b")]}}});
        let at = |document: Value| places(&schema, &document);
        assert_eq!(at(json!({"it": {"kind": "b", "n": "1"}})), [("/it/n".into(), "type".into())]);
        assert_eq!(at(json!({"it": {"kind": "b"}})), [("/it/n".into(), "required".into())]);
        assert_eq!(at(json!({"it": {"kind": "c", "n": 1}})), [("/it/kind".into(), "oneOf".into())]);
        assert_eq!(at(json!({"it": {"kind": "a", "n": 1}})), []);
    }

    #[test]
    fn a_union_without_tags_is_one_objection() {
        let schema = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]});
        assert_eq!(places(&schema, &json!([1])), [(String::new(), "anyOf".into())]);
    }

    #[test]
    fn every_unexpected_member_is_an_objection_of_its_own() {
        let schema = json!({"properties": {"a": {}}, "additionalProperties": false});
        let expected = [("/b~1c", "additionalProperties"), ("/d", "additionalProperties")];
        let expected = expected.map(|(place, keyword)| (place.to_owned(), keyword.to_owned()));
        assert_eq!(places(&schema, &json!({"a": 1, "d": 2, "b/c": 3})), expected);
    }
}
