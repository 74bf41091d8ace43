//! `cargo xtask docs`: writes `docs/rules.md` from the catalogue of rules, or says that it is out of date.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use mparticle_events::validate::render;

use crate::Outcome;

/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Change nothing; fail when a page differs from what would be written.
    #[arg(long)]
    pub check: bool,
}

/// Writes or compares the page.
///
/// # Errors
///
/// When the page cannot be read or written.
pub fn run(args: &Args) -> Result<Outcome> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules.md"));
    let page = render::catalogue();
    if args.check {
        let current = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let ok = current == page;
        let text = if ok {
            "docs/rules.md is in step\n"
        } else {
            "docs/rules.md is out of date; run `cargo xtask docs`\n"
        };
        return Ok(Outcome { text: text.to_owned(), ok });
    }
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Outcome { text: "wrote docs/rules.md\n".to_owned(), ok: true })
}
