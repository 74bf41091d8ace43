//! Applies OpenAPI Overlay documents one action at a time, and says which actions no longer do anything.

use roas_overlay::apply::Apply;
use roas_overlay::v1_0::{Action, Overlay};
use serde_json::Value;

use super::{Error, Result, parse_yaml};

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
        for (index, action) in self.overlay.actions.iter().enumerate() {
            let why = match self.apply_one(action, document)? {
                Effect::NoMatch => "matches nothing",
                Effect::NoChange => "changes nothing",
                Effect::Changed => continue,
            };
            stale.push(Stale {
                layer: self.name.clone(),
                number: index + 1,
                target: action.target.clone(),
                why,
            });
        }
        Ok(stale)
    }

    fn apply_one(&self, action: &Action, document: &mut Value) -> Result<Effect> {
        let single = Overlay { actions: vec![action.clone()], ..self.overlay.clone() };
        let before = document.clone();
        let report = single
            .apply(document, Default::default())
            .map_err(|e| Error::new(format!("{}: {}", self.name, e.kind)).at(&action.target))?;
        Ok(match report.actions.first() {
            Some(outcome) if outcome.matched > 0 && *document != before => Effect::Changed,
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
