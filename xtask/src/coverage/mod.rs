//! `cargo xtask coverage`: every row of the disagreement list has a correction, or a reason for having none.

mod api;
mod demands;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::compare::structure;
use crate::pipeline::schema::{Schemas, reference};
use crate::pipeline::{self, Sources};
use crate::shape::labels;
use crate::{Outcome, openapi_folder};
use table::{API, EVENT_TYPE, Row};

/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The list of disagreements, a Markdown file.
    #[arg(long, value_name = "FILE", default_value = "../shared/DISAGREEMENTS.md")]
    pub rows: PathBuf,
    /// The folder with the document and the corrections [default: openapi/ of this repository].
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}

/// Compares the list with what the corrections do.
///
/// # Errors
///
/// When a file cannot be read, or the list has no rows.
pub fn run(args: &Args) -> Result<Outcome> {
    let text = std::fs::read_to_string(&args.rows)
        .with_context(|| format!("cannot read {}; name the list with `--rows`", args.rows.display()))?;
    let rows = table::rows(&text);
    if rows.is_empty() {
        bail!("{} has no tables of disagreements", args.rows.display());
    }
    let sources = Sources::read(&args.dir.clone().unwrap_or_else(openapi_folder))?;
    let documents = Documents::of(&sources)?;
    let left_alone = LeftAlone::of(&sources)?;
    let mut tally = Tally::default();
    for row in &rows {
        tally.count(row, verdict(&documents, row)?, left_alone.has(row));
    }
    for (section, name) in left_alone.without_row(&rows) {
        tally.problems.push(format!("{section}.{name}: is in x-left-alone, but the list has no such row"));
    }
    Ok(tally.outcome(rows.len()))
}

/// The document before and after.
struct Documents {
    published: Value,
    corrected: Value,
    limited: Value,
}

impl Documents {
    fn of(sources: &Sources) -> Result<Self> {
        let published = pipeline::parse_openapi(pipeline::SPEC, &sources.spec)?;
        let (corrected, _) = pipeline::correct(sources, &published)?;
        let (limited, _) = pipeline::limit(sources, &corrected)?;
        Ok(Self { published, corrected, limited })
    }
}

/// A property with everything that the list speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The property's schema without texts.
    pub schema: Value,
    /// What its reference leads to; null without one.
    pub target: Value,
    /// Is it in the list of required properties?
    pub required: bool,
}

/// The property of a schema, `allOf` merged. Two schemas have another name, or none, in the document.
fn find(document: &Value, schema: &str, property: &str) -> Result<Option<Node>> {
    let schemas = Schemas::of(document)?;
    let holder = match schema {
        "UserIdentities" => document.pointer("/components/schemas/Batch/properties/user_identities"),
        "ConsentPurpose" => {
            ["ConsentPurpose", "GDPRConsentState"].iter().find_map(|name| schemas.0.get(*name))
        }
        name => schemas.0.get(name),
    };
    let Some(holder) = holder else { return Ok(None) };
    let flat = schemas.flat(holder)?;
    let Some(node) = flat.get("properties").and_then(|properties| properties.get(property)) else {
        return Ok(None);
    };
    Ok(Some(Node {
        schema: structure(node),
        target: reference(node).and_then(|name| schemas.0.get(name)).cloned().unwrap_or_default(),
        required: flat.get("required").is_some_and(|names| labels(names).iter().any(|name| name == property)),
    }))
}

/// What the documents say to a row.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Published and believed are the same: nothing to do.
    Agrees,
    /// The corrected document does what the row asks.
    Corrected,
    /// It does not, or not all of it.
    Missing(String),
}

fn verdict(documents: &Documents, row: &Row) -> Result<Verdict> {
    if row.section == API {
        return Ok(match api::is_answered(&row.name, &documents.corrected, &documents.limited) {
            Some(true) => Verdict::Corrected,
            Some(false) => Verdict::Missing("is not corrected".to_owned()),
            None => Verdict::Missing("has no correction".to_owned()),
        });
    }
    if row.section == EVENT_TYPE {
        let wanted = row.believed.starts_with("send");
        return Ok(match (wanted, api::can_be_sent(&row.name, &documents.corrected)) {
            (true, false) => Verdict::Missing("cannot be sent".to_owned()),
            (false, true) => Verdict::Missing("can be sent".to_owned()),
            _ => Verdict::Corrected,
        });
    }
    if agrees(row) {
        return Ok(Verdict::Agrees);
    }
    if row.section == "ApiErrorResponse" && api::accepted_has_errors(&documents.corrected) {
        return Ok(Verdict::Corrected);
    }
    let published = find(&documents.published, &row.section, &row.name)?;
    let corrected = find(&documents.limited, &row.section, &row.name)?;
    if published == corrected {
        return Ok(Verdict::Missing("is not corrected".to_owned()));
    }
    let unmet = demands::unmet(row, published.as_ref(), corrected.as_ref());
    Ok(if unmet.is_empty() { Verdict::Corrected } else { Verdict::Missing(unmet.join(", ")) })
}

/// Does the list itself say that nothing is to be done, because both columns mean the same?
fn agrees(row: &Row) -> bool {
    if !row.overlay.starts_with("none") {
        return false;
    }
    let plain = |text: &str| text.replace("string enum[", "").replace(']', "");
    let believed = plain(row.believed.split(" (").next().unwrap_or_default());
    match plain(&row.published).strip_suffix('…') {
        // The list cuts long cells off.
        Some(start) => believed.starts_with(start) && !believed.contains(';'),
        None => believed == plain(&row.published),
    }
}

/// The rows that no action answers, by schema, with the reason for each.
struct LeftAlone(BTreeMap<String, BTreeSet<String>>);

impl LeftAlone {
    fn of(sources: &Sources) -> Result<Self> {
        let overlay = pipeline::parse_yaml(pipeline::CORRECTIONS, &sources.corrections)?;
        let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let sections = overlay.get("x-left-alone").and_then(Value::as_object);
        for (section, names) in sections.into_iter().flatten() {
            for (name, why) in names.as_object().into_iter().flatten() {
                if why.as_str().is_none_or(|why| why.trim().is_empty()) {
                    bail!("{}: x-left-alone does not say why of {section}.{name}", pipeline::CORRECTIONS);
                }
                rows.entry(section.clone()).or_default().insert(name.clone());
            }
        }
        Ok(Self(rows))
    }

    fn has(&self, row: &Row) -> bool {
        self.0.get(&row.section).is_some_and(|names| names.contains(&row.name))
    }

    fn without_row(&self, rows: &[Row]) -> Vec<(&str, &str)> {
        let known: BTreeSet<(&str, &str)> =
            rows.iter().map(|row| (row.section.as_str(), row.name.as_str())).collect();
        self.0
            .iter()
            .flat_map(|(section, names)| names.iter().map(move |name| (section.as_str(), name.as_str())))
            .filter(|entry| !known.contains(entry))
            .collect()
    }
}

#[derive(Debug, Default)]
struct Tally {
    agree: usize,
    corrected: usize,
    left_alone: usize,
    problems: Vec<String>,
}

impl Tally {
    fn count(&mut self, row: &Row, verdict: Verdict, left_alone: bool) {
        let problem = match (verdict, left_alone) {
            (Verdict::Missing(_), true) => return self.left_alone += 1,
            (Verdict::Corrected, false) => return self.corrected += 1,
            (Verdict::Agrees, false) => return self.agree += 1,
            (Verdict::Corrected, true) => "is in x-left-alone, but a correction answers it".to_owned(),
            (Verdict::Agrees, true) => "is in x-left-alone, but there is nothing to correct".to_owned(),
            (Verdict::Missing(what), false) => format!(
                "{what}, and x-left-alone does not say why (believed: {}; overlay: {})",
                row.believed, row.overlay
            ),
        };
        self.problems.push(format!("{}.{}: {problem}", row.section, row.name));
    }

    fn outcome(&self, rows: usize) -> Outcome {
        let mut text: String = self.problems.iter().map(|problem| format!("{problem}\n")).collect();
        let _ = writeln!(
            text,
            "{rows} rows: {} corrected, {} agree, {} left alone with a reason, {} problems",
            self.corrected,
            self.agree,
            self.left_alone,
            self.problems.len(),
        );
        if !self.problems.is_empty() {
            let _ = writeln!(
                text,
                "add an action or a line in x-left-alone of openapi/{}",
                pipeline::CORRECTIONS
            );
        }
        Outcome { text, ok: self.problems.is_empty() }
    }
}
