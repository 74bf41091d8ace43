//! `cargo xtask diff`: what changed between two OpenAPI documents, and what that means for a release.
//!
//! Both documents are brought into a form in which everything that has a name is found by it (`tree`), renamed
//! schemas are matched (`rename`), and the two trees are walked side by side (`walk`): whatever differs is reported
//! and given a class (`classify`).

mod change;
mod classify;
mod rename;
mod render;
mod tree;
mod walk;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;

pub use change::{Bump, Change, Class, Kind, Report};

use crate::{Outcome, pipeline};

/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The document as it was.
    pub old: PathBuf,
    /// The document as it is now.
    pub new: PathBuf,
    /// Print JSON for programs instead of text for people.
    #[arg(long)]
    pub json: bool,
}

/// Compares two files.
///
/// # Errors
///
/// When a file cannot be read or is not OpenAPI 3.0.x.
pub fn run(args: &Args) -> Result<Outcome> {
    let read = |path: &PathBuf| -> Result<Value> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(pipeline::parse_openapi(&path.display().to_string(), &text)?)
    };
    let report = between(&read(&args.old)?, &read(&args.new)?);
    let text = if args.json { report.json() } else { report.to_string() };
    Ok(Outcome { text, ok: true })
}

/// Everything that differs between two documents, sorted by place.
#[must_use]
pub fn between(old: &Value, new: &Value) -> Report {
    let (old, mut changes) = rename::follow(old, new);
    changes.extend(walk::changes(&tree::tree(&old), &tree::tree(new)));
    changes.sort();
    Report { changes }
}
