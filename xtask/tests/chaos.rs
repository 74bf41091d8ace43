//! `cargo xtask chaos` with the real command: a clean run, and commands that cheat.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use xtask::chaos::{self, Args};
use xtask::command;

/// The real command, built once for all tests.
fn mparticle() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| command::build(false).unwrap())
}

fn run(mparticle: &Path, seed: u64) -> xtask::Outcome {
    let mparticle = Some(mparticle.to_owned());
    chaos::run(&Args { runs: 2, seed, only: None, mparticle, verbose: false }).unwrap()
}

/// A script that has the real command do something else than it was told to.
fn cheat(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("cheat");
    fs::write(&path, script.replace("MPARTICLE", &mparticle().display().to_string())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Command::new(&path).args(["send", "--help"]).output().unwrap().status.success());
    path
}

/// Removes what failing runs leave for people to look at.
fn tidy(text: &str) {
    for kept in text.lines().filter_map(|line| line.trim().strip_prefix("kept: ")) {
        fs::remove_dir_all(kept).unwrap();
    }
}

#[test]
fn the_command_loses_and_doubles_nothing() {
    let outcome = run(mparticle(), 4);
    assert!(outcome.ok, "{}", outcome.text);
    assert!(outcome.text.starts_with("2 of 2 runs clean"), "{}", outcome.text);
}

#[test]
fn letters_that_vanish_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    // The command is told another place for its letters.
    let script = "#!/bin/bash\nexec MPARTICLE \"${@/#--dead-letters=*/--dead-letters=/dev/null}\"\n";
    let outcome = run(&cheat(folder.path(), script), 5);
    assert!(!outcome.ok && outcome.text.contains(" differences:"), "{}", outcome.text);
    assert!(outcome.text.contains("repeat: cargo xtask chaos --seed 5 --only 1"), "{}", outcome.text);
    tidy(&outcome.text);
}
