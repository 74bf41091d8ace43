//! The transcription against the published documents, where those are at hand.

mod common;

use common::{shared, xtask};

#[test]
fn the_transcription_is_in_step_with_the_published_document() {
    let Some(published) = shared("published/mparticle.events.oas.yaml") else { return };
    let run = xtask(&["refresh", "--check", "--from", &published]);
    assert!(run.ok, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.starts_with("in step: "), "{}", run.stdout);
}

#[test]
fn the_revision_before_lacked_exactly_two_device_properties() {
    let Some(old) = shared("published/mparticle.events.oas.2020-05-08.yaml") else { return };
    let Some(new) = shared("published/mparticle.events.oas.yaml") else { return };
    let run = xtask(&["diff", &old, &new]);
    assert!(run.ok, "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @r"
    schema DeviceInformation
      additive  att_authorization_status: property added: enum(authorized | denied | not_determined | restricted)
      additive  att_timestamp_unixtime_ms: property added: number
    2 changes: 0 breaking, 2 additive, 0 text only; suggested version bump: minor
    ");
    let json: serde_json::Value =
        serde_json::from_str(&xtask(&["diff", "--json", &old, &new]).stdout).unwrap();
    assert_eq!(json["bump"], "minor");
    let properties: Vec<_> = json["changes"].as_array().unwrap().iter().map(|it| &it["property"]).collect();
    assert_eq!(properties, ["att_authorization_status", "att_timestamp_unixtime_ms"]);
}

#[test]
fn an_older_revision_is_not_in_step_and_leaves_a_correction_stale() {
    let Some(old) = shared("published/mparticle.events.oas.2020-05-08.yaml") else { return };
    let run = xtask(&["refresh", "--check", "--from", &old]);
    assert!(!run.ok);
    for expected in [
        "att_timestamp_unixtime_ms: property removed",
        "stale corrections",
        "matches nothing",
        "it was for: A time",
    ] {
        assert!(run.stdout.contains(expected), "no `{expected}` in:\n{}", run.stdout);
    }
}

#[test]
fn every_disagreement_is_corrected_or_left_alone_with_a_reason() {
    let Some(rows) = shared("DISAGREEMENTS.md") else { return };
    let run = xtask(&["coverage", "--rows", &rows]);
    assert!(run.ok, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("321 rows") && run.stdout.contains(" 0 problems"), "{}", run.stdout);
}

#[test]
fn a_correction_taken_away_leaves_its_rows_uncovered() {
    let Some(rows) = shared("DISAGREEMENTS.md") else { return };
    let copy = common::Copy::new();
    let corrections = copy.read("corrections.overlay.yaml");
    let without = corrections.replace("lifetime_value_change: {type: number}", "").replace(
        "    media_info: Left over in three old SDKs; undocumented.\n",
        "    media_infos: A misspelt row.\n",
    );
    std::fs::write(copy.0.path().join("corrections.overlay.yaml"), without).unwrap();
    let run = xtask(&["coverage", "--rows", &rows, "--dir", copy.path()]);
    assert!(!run.ok);
    for expected in [
        "CommonEventData.lifetime_value_change: is no number",
        "CustomEventData.media_info: is not corrected",
        "CustomEventData.media_infos: is in x-left-alone, but the list has no such row",
    ] {
        assert!(run.stdout.contains(expected), "no `{expected}` in:\n{}", run.stdout);
    }
}

#[test]
fn the_published_bytes_can_be_taken_over_and_change_only_texts() {
    let Some(published) = shared("published/mparticle.events.oas.yaml") else { return };
    let copy = common::Copy::new();
    let run = xtask(&["refresh", "--from", &published, "--dir", copy.path(), "--date", "2030-01-02"]);
    assert!(run.ok, "{}", run.stderr);
    assert!(run.stdout.contains("no changes\nbesides ") && !run.stdout.contains("stale"), "{}", run.stdout);
    assert_eq!(copy.read("mparticle.events.oas.yaml"), std::fs::read_to_string(&published).unwrap());
    let digest =
        |record: &str| record.lines().find(|line| line.starts_with("structure_sha256")).map(str::to_owned);
    assert_eq!(digest(&copy.read("SOURCE.toml")), digest(&common::Copy::new().read("SOURCE.toml")));
}
