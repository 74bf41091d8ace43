//! `mparticle.toml`: found in the working directory, named by `--config`, and outdone by the command line.

use std::path::Path;

use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;

use crate::support::{file, good, mparticle};

fn validate(folder: &Path, args: &[&str]) -> Assert {
    let warned = good(1).replace("customer_id", "customerid");
    mparticle().current_dir(folder).arg("validate").args(args).write_stdin(warned).assert()
}

#[test]
fn settings_are_found_named_and_switched_off() {
    let (folder, path) = file("mparticle.toml", "strict = true\n");
    let note = contains("note: settings of the check are taken from mparticle.toml");
    validate(folder.path(), &[]).code(1).stdout(contains("error[MP111]")).stderr(note.clone());
    validate(folder.path(), &["--quiet"]).code(1).stderr("");
    validate(folder.path(), &["--no-config"]).stderr(note.not());
    validate(folder.path(), &["--no-config"]).code(0).stdout(contains("warning[MP111]"));
    let (elsewhere, other) = file("ours.toml", "ignore = [\"MP1\"]\n");
    validate(elsewhere.path(), &["--config", path.to_str().unwrap()]).code(1);
    validate(folder.path(), &["--config", other.to_str().unwrap()]).code(0).stdout("");
}

#[test]
fn the_command_line_wins() {
    let settings = "ignore = [\"MP1\"]\n[severity]\nMP111 = \"off\"\n[limits]\nevent_name_chars = 2\n";
    let (folder, _path) = file("mparticle.toml", settings);
    validate(folder.path(), &[]).code(0).stdout(contains("MP204").and(contains("MP111").not()));
    validate(folder.path(), &["--select", "MP111"]).code(0).stdout(contains("warning[MP111]"));
    validate(folder.path(), &["--limit", "event_name_chars=256"]).code(0).stdout("");
    validate(folder.path(), &["--select", "member-alias", "--severity", "MP111=error"]).code(1);
}

#[test]
fn a_delivery_is_checked_by_the_same_settings() {
    let (folder, _path) = file("mparticle.toml", "[limits]\nevent_name_chars = 2\n");
    mparticle()
        .current_dir(folder.path())
        .args(["send", "--dry-run", "-"])
        .write_stdin(good(1))
        .assert()
        .code(0)
        .stderr(contains("warning[MP204]"));
}

#[test]
fn what_means_nothing_stops_the_run() {
    let (folder, _path) = file("mparticle.toml", "\nignored = []\n");
    validate(folder.path(), &[]).code(2).stderr(
        contains(
            "mparticle.toml:2: there is no setting `ignored`. Did you mean `ignore`? Allowed: strict, route",
        )
        .and(contains("--no-config")),
    );
    validate(folder.path(), &["--config", "nope.toml"]).code(2).stderr(contains("nope.toml: no such file"));
}
