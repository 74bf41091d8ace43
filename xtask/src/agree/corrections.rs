//! Which correction lifted what the published schema insists on: the one without which our own schema would object too.
//!
//! Nothing is looked up in a table. The pipeline runs once more for every action, with that action left out; where the
//! schema that comes out of it objects to the place in question and ours does not, the action is what lifted it. When
//! several are, as with an action that others build on, it is the one whose absence changes least in this batch.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use anyhow::Result;
use roas_overlay::apply::Apply as _;
use serde_json::Value;

use super::objections::{self, Objection};
use crate::pipeline::overlay::Layer;
use crate::pipeline::{self, Sources, schema};

/// All actions, and the schemas that come out without them, made when they are asked for.
pub struct Corrections {
    published: Value,
    layers: Vec<Layer>,
    whole: jsonschema::Validator,
    actions: Vec<Action>,
}

struct Action {
    layer: usize,
    index: usize,
    /// None when the other actions are of no use without this one.
    without: OnceCell<Option<jsonschema::Validator>>,
}

impl Corrections {
    /// The corrections and limits of the repository. Texts lift nothing.
    pub fn of(sources: &Sources) -> Result<Self> {
        let published = pipeline::parse_openapi(pipeline::SPEC, &sources.spec)?;
        let layers = vec![
            Layer::parse(pipeline::CORRECTIONS, &sources.corrections)?,
            Layer::parse(pipeline::LIMITS, &sources.limits)?,
        ];
        let whole = compile(&published, &layers, None)?;
        let mut actions = Vec::new();
        for (layer, overlay) in layers.iter().enumerate() {
            let all = 0..overlay.overlay.actions.len();
            actions.extend(all.map(|index| Action { layer, index, without: OnceCell::new() }));
        }
        Ok(Self { published, layers, whole, actions })
    }

    /// The action that lifted what the objection insists on, in words.
    pub fn that_lifted(&self, objection: &Objection, document: &Value) -> Option<String> {
        let usual = places(&self.whole, document);
        if usual.contains(&objection.place) {
            return None;
        }
        let mut best: Option<(usize, &Action)> = None;
        for action in &self.actions {
            let Some(without) = action.without.get_or_init(|| self.without(action)) else { continue };
            let places = places(without, document);
            let changed = places.difference(&usual).count();
            if places.contains(&objection.place) && best.is_none_or(|(least, _)| changed <= least) {
                best = Some((changed, action));
            }
        }
        best.map(|(_, action)| self.describe(action))
    }

    fn without(&self, action: &Action) -> Option<jsonschema::Validator> {
        compile(&self.published, &self.layers, Some((action.layer, action.index))).ok()
    }

    fn describe(&self, action: &Action) -> String {
        let (number, Some(layer)) = (action.index + 1, self.layers.get(action.layer)) else {
            return String::new();
        };
        let text = layer.overlay.actions.get(action.index).and_then(|action| action.description.clone());
        format!("{} action {number}: {}", layer.name, text.unwrap_or_default())
    }
}

fn places(schema: &jsonschema::Validator, document: &Value) -> BTreeSet<String> {
    objections::of(schema, document).into_iter().map(|objection| objection.place).collect()
}

/// The validator schema, made with all actions but one.
fn compile(
    published: &Value,
    layers: &[Layer],
    without: Option<(usize, usize)>,
) -> Result<jsonschema::Validator> {
    let mut document = published.clone();
    for (number, layer) in layers.iter().enumerate() {
        let mut overlay = layer.overlay.clone();
        if let Some((_, index)) = without.filter(|(layer, _)| *layer == number) {
            overlay.actions.remove(index);
        }
        overlay.apply(&mut document, Default::default()).map_err(|error| {
            pipeline::Error::new(error.kind.to_string()).at(&error.target).at(&layer.name)
        })?;
    }
    objections::compile(&schema::validator(&document)?)
}
