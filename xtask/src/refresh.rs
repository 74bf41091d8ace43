//! `cargo xtask refresh`: takes over what upstream publishes, or compares ours with it.
//!
//! Nothing is written before everything has been checked; then both files are written beside their places and renamed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::compare::{structure, structure_sha256};
use crate::pipeline::{self, Layer, Output, Sources, Stale};
use crate::source::Record;
use crate::{Outcome, diff, fetch, openapi_folder};

/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Address or file to take the document from [default: `url` in openapi/SOURCE.toml].
    #[arg(long, value_name = "URL|FILE")]
    pub from: Option<String>,
    /// Change nothing; fail when the structures differ or a correction is stale.
    #[arg(long)]
    pub check: bool,
    /// Date to record for the revision [default: today].
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with = "check")]
    pub date: Option<jiff::civil::Date>,
    /// The folder to work on [default: openapi/ of this repository].
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}

/// Compares or takes over.
///
/// # Errors
///
/// When the document cannot be had, is not OpenAPI 3.0.x or does not generate; nothing has been written then.
pub fn run(args: &Args) -> Result<Outcome> {
    let folder = args.dir.clone().unwrap_or_else(openapi_folder);
    let record = Record::read(&folder)?;
    let from = match &args.from {
        Some(from) => from.clone(),
        None => record.get("url")?.to_owned(),
    };
    let sources = Sources::read(&folder)?;
    let ours = pipeline::parse_openapi(pipeline::SPEC, &sources.spec)?;
    let text = fetch::document(&from)?;
    let theirs = pipeline::parse_openapi(&from, &text)?;
    let sources = Sources { spec: text, ..sources };
    let output = generate(&sources)
        .with_context(|| format!("{from} cannot be used; every file in {} is as it was", folder.display()))?;
    if args.check {
        return check(
            &Comparison { from: &from, ours: &ours, theirs: &theirs, record: &record },
            &sources,
            &output,
        );
    }
    let date =
        args.date.unwrap_or_else(|| jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date());
    let record =
        record.with("revision", &date.to_string())?.with("structure_sha256", &structure_sha256(&theirs))?;
    replace(&folder, &[(pipeline::SPEC, &sources.spec), (pipeline::SOURCE, record.text())])?;
    let mut out = format!("{} now has the document of {from}\n\n", folder.join(pipeline::SPEC).display());
    out.push_str(&structural_changes(&ours, &theirs));
    out.push_str(&stale_text(&output.stale, &sources)?);
    out.push_str(NEXT);
    Ok(Outcome { text: out, ok: true })
}

const NEXT: &str = "
next: `cargo xtask snapshots` and read the outline's diff, `cargo test --workspace --all-features`, CHANGELOG.md
";

/// What changed, with the texts only counted: there can be hundreds, and they are for `diff`.
fn structural_changes(ours: &Value, theirs: &Value) -> String {
    let all = diff::between(ours, theirs).changes.len();
    let structural = diff::between(&structure(ours), &structure(theirs));
    let texts = all.saturating_sub(structural.changes.len());
    match texts {
        0 => structural.to_string(),
        texts => format!("{structural}besides {texts} changed descriptions, summaries and examples\n"),
    }
}

/// Runs the pipeline with progenitor's panics turned into errors and kept off the screen.
fn generate(sources: &Sources) -> Result<Output> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let output = pipeline::run(sources);
    std::panic::set_hook(hook);
    Ok(output?)
}

struct Comparison<'a> {
    from: &'a str,
    ours: &'a Value,
    theirs: &'a Value,
    record: &'a Record,
}

fn check(it: &Comparison<'_>, sources: &Sources, output: &Output) -> Result<Outcome> {
    let mut problems = String::new();
    let (ours, theirs) = (structure(it.ours), structure(it.theirs));
    if ours != theirs {
        let _ = writeln!(problems, "{} differs from {}:\n", pipeline::SPEC, it.from);
        let _ = write!(problems, "{}", diff::between(&ours, &theirs));
        problems.push_str("\nto take it over: `cargo xtask refresh`, with the same `--from` if any\n");
    }
    let (recorded, actual) = (it.record.get("structure_sha256")?, structure_sha256(it.ours));
    if recorded != actual {
        let _ = writeln!(
            problems,
            "{} says structure_sha256 = \"{recorded}\", but {} has \"{actual}\": was it edited by hand?",
            pipeline::SOURCE,
            pipeline::SPEC,
        );
    }
    problems.push_str(&stale_text(&output.stale, sources)?);
    if problems.is_empty() {
        let text = format!("in step: {} has the structure of {}\n", pipeline::SPEC, it.from);
        return Ok(Outcome { text, ok: true });
    }
    Ok(Outcome { text: problems, ok: false })
}

/// The stale actions by name, with what they were for; nothing when there are none.
fn stale_text(stale: &[Stale], sources: &Sources) -> Result<String> {
    if stale.is_empty() {
        return Ok(String::new());
    }
    let mut out = String::from("\nstale corrections, to be removed or adapted:\n");
    for action in stale {
        let _ = writeln!(out, "  {action}");
        if let Some(purpose) = purpose(action, sources)? {
            let _ = writeln!(out, "    it was for: {purpose}");
        }
    }
    Ok(out)
}

fn purpose(stale: &Stale, sources: &Sources) -> Result<Option<String>> {
    let text = match stale.layer.as_str() {
        pipeline::CORRECTIONS => &sources.corrections,
        pipeline::DESCRIPTIONS => &sources.descriptions,
        _ => &sources.limits,
    };
    let layer = Layer::parse(&stale.layer, text)?;
    let action = stale.number.checked_sub(1).and_then(|index| layer.overlay.actions.get(index));
    Ok(action.and_then(|action| action.description.clone()))
}

/// Writes all texts beside their places first, and renames only when every one of them is on disk.
fn replace(folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    let mut ready = Vec::new();
    for (name, text) in files {
        let place = folder.join(name);
        let temporary = folder.join(format!(".{name}.new"));
        if let Err(error) = write(&temporary, text) {
            ready.push((temporary, place));
            for (temporary, _) in &ready {
                // Best effort: the error that is reported is the first one.
                let _ = fs::remove_file(temporary);
            }
            bail!("cannot write into {}: {error}; every file is as it was", folder.display());
        }
        ready.push((temporary, place));
    }
    for (temporary, place) in ready {
        fs::rename(&temporary, &place).with_context(|| format!("cannot replace {}", place.display()))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.sync_all()
}
