//! `cargo xtask agree`: our verdicts beside those of the published JSON Schema, and who answers for every difference.
//!
//! The schema is a second witness, and not always right. Where it objects and we do not, a warning of ours says the
//! same in milder words, or a correction of the OpenAPI document lifted what it insists on. Where we object and it
//! does not, a rule says why. What neither explains is unattributed, and fails.

mod corrections;
mod objections;
mod tally;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use mparticle_events::clock::FixedClock;
use mparticle_events::validate::rule::Example;
use mparticle_events::validate::{Finding, Severity, Validator};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::pipeline::Sources;
use crate::{Outcome, openapi_folder};
use corrections::Corrections;
use objections::Objection;
use tally::{Answer, Tally};

/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The published JSON Schema of one batch. The elements of an array are checked one by one, which is all that the
    /// published schema of a bulk request asks for.
    #[arg(long, value_name = "FILE")]
    pub schema: PathBuf,
    /// A folder of payloads, each a `.json` file with a batch or an array of batches; its folders are searched too.
    #[arg(long, value_name = "FOLDER")]
    pub corpus: PathBuf,
    /// The folder with the document and the corrections [default: openapi/ of this repository].
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// A line for every difference.
    #[arg(long)]
    pub verbose: bool,
}

/// Compares the verdicts.
///
/// # Errors
///
/// When a file cannot be read, the schema is none, or there is nothing to compare.
pub fn run(args: &Args) -> Result<Outcome> {
    let schema = read(&args.schema)?;
    let schema: Value =
        serde_json::from_slice(&schema).with_context(|| format!("{} is not JSON", args.schema.display()))?;
    let schema = objections::compile(&schema)
        .with_context(|| format!("{} is not a usable JSON Schema", args.schema.display()))?;
    let mut cases = Vec::new();
    collect(&args.corpus, &mut cases)?;
    if cases.is_empty() {
        bail!("{} has no .json files", args.corpus.display());
    }
    cases.sort();
    let mut comparison = Comparison {
        schema,
        // A fixed time, so that no payload gets old between two runs.
        ours: Validator::builder().clock(Arc::new(FixedClock(Example::NOW_MS))).build(),
        corrections: Corrections::of(&Sources::read(&args.dir.clone().unwrap_or_else(openapi_folder))?)?,
        tally: Tally::new(args.verbose),
    };
    for case in &cases {
        let name = case.strip_prefix(&args.corpus).unwrap_or(case).with_extension("");
        comparison.case(&name.display().to_string(), &read(case)?);
    }
    Ok(comparison.tally.outcome(cases.len()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn collect(folder: &Path, cases: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.is_dir() {
            collect(&path, cases)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            cases.push(path);
        }
    }
    Ok(())
}

struct Comparison {
    schema: jsonschema::Validator,
    ours: Validator,
    corrections: Corrections,
    tally: Tally,
}

impl Comparison {
    fn case(&mut self, name: &str, bytes: &[u8]) {
        match serde_json::from_slice::<Vec<&RawValue>>(bytes) {
            Ok(batches) => {
                for (index, batch) in batches.iter().enumerate() {
                    self.batch(&format!("{name}[{index}]"), batch.get().as_bytes());
                }
            }
            Err(_) => self.batch(name, bytes),
        }
    }

    fn batch(&mut self, name: &str, bytes: &[u8]) {
        let report = self.ours.check_bytes(bytes);
        let document: Option<Value> = serde_json::from_slice(bytes).ok();
        let objections = match &document {
            Some(document) => objections::of(&self.schema, document),
            None => vec![Objection::no_json()],
        };
        self.tally.batch(!objections.is_empty(), report.has_errors());
        let findings = report.findings();
        for objection in &objections {
            let answer = self.answer(objection, findings, document.as_ref());
            self.tally.objection(name, objection, answer);
        }
        for error in report.errors() {
            if !objections.iter().any(|objection| objection.is_that_of(error)) {
                self.tally.ours_alone(name, error);
            }
        }
    }

    fn answer(&mut self, objection: &Objection, findings: &[Finding], document: Option<&Value>) -> Answer {
        let mut same = findings.iter().filter(|finding| objection.is_that_of(finding));
        // An error beside a warning about the same place is what counts.
        if let Some(finding) = same.clone().find(|it| it.severity == Severity::Error).or_else(|| same.next())
        {
            return match finding.severity {
                Severity::Error => Answer::Agreed(finding.code),
                Severity::Warning => Answer::Warned(finding.code),
            };
        }
        let lifted = document.and_then(|document| self.corrections.that_lifted(objection, document));
        lifted.map_or(Answer::None, Answer::Lifted)
    }
}
