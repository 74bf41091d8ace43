//! Snapshots of each renderer, and what must never be printed.

use serde_json::Value;

use super::{Github, Human, JsonLines, Sarif, Source, Summary};
use crate::validate::{Report, Validator, rules};

const TEXT: &str = r#"{
  "environment": "Production", "api_key": "SECRET-KEY", "mpid": 1,
  "user_identities": {"customerid": "personal-1"},
  "events": [
    {"event_type": "custom_evnt", "data": {}},
    {"event_type": "push_registration", "data": {"register": true}},
    {"event_type": "session_start", "data": {"session_uuid": "personal-2", "evil\u001b[31m\u202e": 1}}
  ]
}"#;

fn report(text: &str, show_values: bool) -> Report {
    Validator::builder().show_values(show_values).build().check_bytes(text.as_bytes())
}

/// The findings of MP0xx and MP1xx, so that a new rule of another family changes no snapshot.
fn human(text: &str, human: Human) -> String {
    let source = Source { name: "shop.ndjson", first_line: 41, first_column: 1, text: text.as_bytes() };
    let mut out = Vec::new();
    for finding in report(text, human.show_values).findings() {
        if finding.code < "MP2" {
            human.write(&mut out, &source, finding).unwrap();
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn human_masks_values() {
    let text = human(TEXT, Human::new());
    assert!(!text.contains("personal") && !text.contains("SECRET-KEY"));
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    insta::assert_snapshot!(text);
}

#[test]
fn human_with_values() {
    let text = human(TEXT, Human::new().show_values(true));
    assert!(text.contains("personal-2") && !text.contains("SECRET-KEY"));
    insta::assert_snapshot!(text);
}

#[test]
fn human_in_colour() {
    insta::assert_snapshot!(human(r#"{"mpid":"1"}"#, Human::new().color(true)).replace('\u{1b}', "ESC"));
}

#[test]
fn human_of_a_broken_document() {
    insta::assert_snapshot!(human("{\"mpid\": 1,\n  \"events\": [}\n", Human::new().show_values(true)));
}

#[test]
fn a_secret_is_not_quoted_even_with_values() {
    for text in [
        r#"{"api_key":"SECRET-KEY"}"#,
        r#"{"api_key" : "SECRET-KEY", "mpid":"1"}"#,
        r#"{"mpid":"1","api_secret":"SECRET-KEY"}"#,
        r#"{"api_key":"SECRET-KEY",}"#,
    ] {
        let shown = human(text, Human::new().show_values(true));
        assert!(shown.contains("[MP") && !shown.contains("SECRET-KEY"), "{text}: {shown}");
    }
}

#[test]
fn a_long_line_is_shortened_on_both_sides() {
    let long = "ä".repeat(500);
    let text = format!("{{\"environment\":\"{long}\",\"mpid\":\"x\",\"ip\":\"{long}\",}}{long}");
    let text = human(&text, Human::new().show_values(true));
    assert!(text.lines().all(|line| line.chars().count() < 140), "{text}");
    assert!(text.contains("| … ä") && text.contains("ä …"));
}

#[test]
fn json_lines() {
    let source = Source { name: "shop.ndjson", first_line: 41, first_column: 1, text: TEXT.as_bytes() };
    let mut out = Vec::new();
    for finding in report(TEXT, false).findings().iter().filter(|finding| finding.code < "MP2") {
        JsonLines::new().write(&mut out, &source, finding).unwrap();
    }
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["file"], "shop.ndjson");
        assert!(value["line"].as_u64().unwrap() > 41);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn github() {
    let source = Source { name: "shop, 5%.ndjson", first_line: 41, first_column: 1, text: TEXT.as_bytes() };
    let mut out = Vec::new();
    for finding in report(TEXT, false).findings().iter().filter(|finding| finding.code < "MP2") {
        Github::new().write(&mut out, &source, finding).unwrap();
    }
    let text = String::from_utf8(out).unwrap();
    assert!(text.lines().all(|line| line.contains("file=shop%2C 5%25.ndjson,line=4")), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    insta::assert_snapshot!(text);
}

#[test]
fn summary() {
    let source = Source { name: "shop.ndjson", first_line: 41, first_column: 1, text: TEXT.as_bytes() };
    let mut summary = Summary::new();
    for finding in report(TEXT, false).findings().iter().filter(|finding| finding.code < "MP2") {
        summary.add(&source, finding);
    }
    summary.add_unreadable("shop.ndjson", 60);
    let mut out = Vec::new();
    summary.write(&mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

fn sarif_log() -> String {
    let source = Source { name: "a b/shop.ndjson", first_line: 41, first_column: 1, text: TEXT.as_bytes() };
    let (mut sarif, mut out) = (Sarif::new(), Vec::new());
    for finding in report(TEXT, false).findings().iter().filter(|finding| finding.code < "MP2") {
        sarif.write(&mut out, &source, finding).unwrap();
    }
    sarif.write_unreadable(&mut out, "a b/shop.ndjson", 60, "cut off").unwrap();
    sarif.finish(&mut out, false).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn sarif() {
    insta::assert_snapshot!(sarif_log());
}

/// What the format demands of the members that are written, and that results and rules fit together.
#[test]
fn sarif_has_the_structure_of_its_format() {
    let log: Value = serde_json::from_str(&sarif_log()).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "mparticle");
    assert_eq!(runs[0]["columnKind"], "unicodeCodePoints");
    assert_eq!(runs[0]["invocations"][0]["executionSuccessful"], false);
    let fired = driver["rules"].as_array().unwrap();
    let results = runs[0]["results"].as_array().unwrap();
    assert!(results.len() > 5);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(fired[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note", "none"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "a%20b/shop.ndjson");
        assert!(physical["region"]["startLine"].as_u64().unwrap() >= 41);
        assert!(physical["region"].get("startColumn").is_none_or(|column| column.as_u64() >= Some(1)));
    }
    let mut ids: Vec<&str> = fired.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.pop(), Some("unreadable"));
    assert!(ids.iter().all(|id| rules::find(id).is_some()));
    let number = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), number);
}

#[test]
fn a_name_too_long_to_read_is_cut_off() {
    let name = "n".repeat(5000);
    let text = format!(r#"{{"environment":"production","mpid":1,"user_attributes":{{"{name}":{{"a":1}}}}}}"#);
    let human = human(&text, Human::new());
    assert!(human.contains("MP103") && human.contains(" /user_attributes/nnn"), "{human}");
    assert!(human.lines().all(|line| line.chars().count() < 160), "{human}");
}
