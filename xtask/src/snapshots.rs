//! `cargo xtask snapshots`: accepts or compares the snapshots of the outline and of everything generated.
//!
//! The snapshots themselves are an ordinary test, so that `cargo test` compares them as well.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::Outcome;

/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Change nothing; fail when the generated output differs from the snapshots.
    #[arg(long)]
    pub check: bool,
}

/// Runs the snapshot test, accepting what it finds unless it should only check.
///
/// # Errors
///
/// When cargo cannot be run.
pub fn run(args: &Args) -> Result<Outcome> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--quiet", "--package", "xtask", "--test", "snapshots"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env("INSTA_UPDATE", if args.check { "no" } else { "always" })
        .env("INSTA_FORCE_PASS", if args.check { "0" } else { "1" })
        .status()
        .context("cannot run cargo")?;
    let text = match (status.success(), args.check) {
        (true, true) => "snapshots are in step with the generated output\n",
        (true, false) => "snapshots written; read `git diff xtask/tests/snapshots`, the outline first\n",
        (false, true) => {
            "snapshots differ from the generated output; accept it with `cargo xtask snapshots`\n"
        }
        (false, false) => "snapshots were not written: the pipeline failed, see above\n",
    };
    Ok(Outcome { text: text.to_owned(), ok: status.success() })
}
