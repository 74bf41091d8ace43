//! Applies OpenAPI Overlay documents one action at a time, and says which actions no longer do anything.

use roas_overlay::apply::Apply;
use roas_overlay::v1_0::Overlay;
use serde_json::Value;

use super::{DESCRIPTIONS, Error, Result, parse_yaml};

/// One overlay document, parsed.
#[derive(Debug)]
pub struct Layer {
    pub name: String,
    pub overlay: Overlay,
}

/// An action that matches nothing or changes nothing: upstream repaired what it was for, or it never did anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    pub layer: String,
    /// Position of the action in its document, from 1.
    pub number: usize,
    pub target: String,
    pub why: &'static str,
}

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: action {} on `{}` {}", self.layer, self.number, self.target, self.why)
    }
}

impl Layer {
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let overlay: Overlay = serde_json::from_value(parse_yaml(name, text)?)
            .map_err(|e| Error::new(format!("{name} is not an OpenAPI Overlay 1.0 document: {e}")))?;
        Ok(Self { name: name.to_owned(), overlay })
    }

    /// Applies every action in order and returns the stale ones.
    pub fn apply(&self, document: &mut Value) -> Result<Vec<Stale>> {
        let mut stale = Vec::new();
        let (overlay, info) = (self.overlay.overlay.clone(), self.overlay.info.clone());
        let mut single = Overlay { overlay, info, ..Overlay::default() };
        for (index, action) in self.overlay.actions.iter().enumerate() {
            let mut report = |target: &str, why| {
                let (layer, target) = (self.name.clone(), target.to_owned());
                stale.push(Stale { layer, number: index + 1, target, why });
            };
            let before = document.clone();
            single.actions = vec![action.clone()];
            match self.apply_one(&single, document, &before)? {
                Effect::NoMatch => report(&action.target, "matches nothing"),
                Effect::NoChange => report(&action.target, "changes nothing"),
                Effect::Changed if self.name == DESCRIPTIONS => {
                    for place in take_out_made_up(document, &before) {
                        report(&place, "describes what is not there");
                    }
                }
                Effect::Changed => {}
            }
        }
        Ok(stale)
    }

    /// Applies an overlay of one action to the document, which is still as `before`.
    fn apply_one(&self, single: &Overlay, document: &mut Value, before: &Value) -> Result<Effect> {
        let report = single
            .apply(document, Default::default())
            .map_err(|e| Error::new(format!("{}: {}", self.name, e.kind)).at(&e.target))?;
        Ok(match report.actions.first() {
            Some(outcome) if outcome.matched > 0 && document != before => Effect::Changed,
            Some(outcome) if outcome.matched > 0 => Effect::NoChange,
            _ => Effect::NoMatch,
        })
    }
}

enum Effect {
    Changed,
    NoMatch,
    NoChange,
}

/// Removes what exists only because it was described, and says where: a property that upstream removed, or a typo.
fn take_out_made_up(document: &mut Value, before: &Value) -> Vec<String> {
    fn walk(node: &mut Value, before: &Value, place: &str, found: &mut Vec<String>) {
        match (node, before) {
            (Value::Object(map), Value::Object(old)) => map.retain(|key, child| {
                let place = format!("{place}/{key}");
                match old.get(key) {
                    Some(before) => walk(child, before, &place, found),
                    None if child.is_object() => {
                        found.push(place);
                        return false;
                    }
                    None => {}
                }
                true
            }),
            (Value::Array(items), Value::Array(old)) => {
                for (index, (item, before)) in items.iter_mut().zip(old).enumerate() {
                    walk(item, before, &format!("{place}/{index}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(document, before, "", &mut found);
    found
}
