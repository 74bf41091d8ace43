//! The way from the published document to generated code: load, overlay, generate. Shared by `build.rs` and `xtask`.
//!
//! ```text
//! mparticle.events.oas.yaml ─ corrections ─ descriptions ─▶ corrected spec ─▶ types + client methods (`generate`)
//!                                                               └─ limits ──▶ validator schema + limits (`schema`)
//!                                                                              └─▶ accept tables (`accept`)
//! ```
//!
//! Nothing in here does network or terminal I/O, and the same input gives the same bytes.

// Each of the two users of this file calls a different part of it.
#![allow(dead_code, missing_docs)]

pub mod accept;
pub mod generate;
mod hooks;
mod lookup;
pub mod overlay;
pub mod schema;
mod tidy;

use std::fmt;
use std::path::Path;

use serde_json::Value;

pub use overlay::{Layer, Stale};

/// File names inside `openapi/`.
pub const SPEC: &str = "mparticle.events.oas.yaml";
pub const CORRECTIONS: &str = "corrections.overlay.yaml";
pub const DESCRIPTIONS: &str = "descriptions.overlay.yaml";
pub const LIMITS: &str = "limits.overlay.yaml";
pub const SOURCE: &str = "SOURCE.toml";
/// The pipeline's own code; a change in it regenerates everything.
pub const CODE: [&str; 8] = [
    "pipeline.rs",
    "accept.rs",
    "generate.rs",
    "hooks.rs",
    "lookup.rs",
    "overlay.rs",
    "schema.rs",
    "tidy.rs",
];

/// What stopped the pipeline, in one sentence that names the file.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The same error with the place it happened in front.
    pub fn at(self, place: impl fmt::Display) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

/// The texts that everything is made from.
#[derive(Clone, Debug)]
pub struct Sources {
    pub spec: String,
    pub corrections: String,
    pub descriptions: String,
    pub limits: String,
}

impl Sources {
    /// Reads the four documents from the `openapi/` folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .map_err(|e| Error::new(format!("cannot read {}: {e}", path.display())))
        };
        Ok(Self {
            spec: read(SPEC)?,
            corrections: read(CORRECTIONS)?,
            descriptions: read(DESCRIPTIONS)?,
            limits: read(LIMITS)?,
        })
    }

    /// The documents that turn the published spec into the corrected one, in the order they apply.
    fn layers(&self) -> Result<[Layer; 2]> {
        Ok([Layer::parse(CORRECTIONS, &self.corrections)?, Layer::parse(DESCRIPTIONS, &self.descriptions)?])
    }
}

/// Everything the pipeline makes from one set of sources.
#[derive(Debug)]
pub struct Output {
    /// The published document as parsed, before any correction.
    pub published: Value,
    /// The published document with corrections and descriptions applied.
    pub corrected: Value,
    /// The Rust module of types, formatted.
    pub types: String,
    /// The Rust module of client methods, formatted.
    pub client: String,
    /// The JSON Schema (draft 2020-12) that batches are checked against, limits included.
    pub validator_schema: Value,
    /// Rust tables of the accept path, made from the validator schema.
    pub accept: String,
    /// Rust constants: the default of every limit.
    pub limits: String,
    /// Overlay actions that no longer do anything.
    pub stale: Vec<Stale>,
}

/// Runs the whole pipeline.
///
/// # Errors
///
/// When a document does not parse, is not OpenAPI 3.0.x, an action cannot be applied, or code cannot be generated.
pub fn run(sources: &Sources) -> Result<Output> {
    let published = parse_openapi(SPEC, &sources.spec)?;
    let (corrected, mut stale) = correct(sources, &published)?;
    let (limited, stale_limits) = limit(sources, &corrected)?;
    stale.extend(stale_limits);
    let generated = generate::rust(&corrected)?;
    let validator_schema = schema::validator(&limited)?;
    Ok(Output {
        accept: accept::tables(&validator_schema)?,
        validator_schema,
        limits: schema::limit_constants(&limited)?,
        types: generated.types,
        client: generated.client,
        published,
        corrected,
        stale,
    })
}

/// The corrected spec, and the actions that did nothing to it.
pub fn correct(sources: &Sources, published: &Value) -> Result<(Value, Vec<Stale>)> {
    let mut document = published.clone();
    let mut stale = Vec::new();
    for layer in sources.layers()? {
        stale.extend(layer.apply(&mut document)?);
    }
    Ok((document, stale))
}

/// The corrected spec with the service's limits as schema keywords: for the validator only.
pub fn limit(sources: &Sources, corrected: &Value) -> Result<(Value, Vec<Stale>)> {
    let mut document = corrected.clone();
    let stale = Layer::parse(LIMITS, &sources.limits)?.apply(&mut document)?;
    Ok((document, stale))
}

/// Parses YAML or JSON and insists on an OpenAPI 3.0.x document with paths and schemas.
pub fn parse_openapi(name: &str, text: &str) -> Result<Value> {
    let document = parse_yaml(name, text)?;
    let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("3.0.") {
        let found = match version {
            "" => "no `openapi` version".to_owned(),
            other => format!("`openapi: {other}`"),
        };
        return Err(Error::new(format!("{name} is not an OpenAPI 3.0.x document: it has {found}")));
    }
    for (pointer, what) in [("/paths", "paths"), ("/components/schemas", "components.schemas")] {
        if !document.pointer(pointer).is_some_and(Value::is_object) {
            return Err(Error::new(format!("{name} is not a usable OpenAPI document: it has no `{what}`")));
        }
    }
    Ok(document)
}

/// Parses YAML (and so JSON) into a value with sorted keys.
pub fn parse_yaml(name: &str, text: &str) -> Result<Value> {
    serde_saphyr::from_str(text).map_err(|e| {
        let message = e.to_string();
        let message = message.strip_prefix("error: ").unwrap_or(&message).trim_end();
        Error::new(format!("{name} does not parse as YAML: {message}"))
    })
}
