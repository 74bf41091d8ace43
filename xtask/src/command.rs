//! Builds the `mparticle` command from this tree.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Builds it, optimised or as for tests; where it is then.
///
/// # Errors
///
/// When it does not build.
pub fn build(release: bool) -> Result<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let profile = if release { "release" } else { "dev" };
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["build", "--quiet", "--profile", profile, "--features", "cli", "--bin", "mparticle"])
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the command does not build");
    }
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(root).join("target"), PathBuf::from);
    Ok(target.join(if release { "release" } else { "debug" }).join("mparticle"))
}
