//! Help and catalogue as people see them, kept as snapshots.

use crate::support::mparticle;

fn stdout(args: &[&str]) -> String {
    let output = mparticle().args(args).assert().code(0).get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn every_help_page() {
    insta::assert_snapshot!("help", stdout(&["--help"]));
    for command in ["validate", "send", "replay", "sandbox", "rules", "explain", "schema", "completions"] {
        insta::assert_snapshot!(format!("help-{command}"), stdout(&[command, "--help"]));
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(stdout(&["--version"]), concat!("mparticle ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_catalogue_for_people() {
    insta::assert_snapshot!("rules", stdout(&["rules"]));
}

#[test]
fn the_catalogue_for_programs_has_the_same_rules() {
    let people = stdout(&["rules"]);
    let programs = stdout(&["rules", "--output", "json"]);
    let markdown = stdout(&["rules", "--output", "markdown"]);
    assert!(programs.lines().count() > 20);
    for line in programs.lines() {
        let rule: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in ["code", "name", "summary"] {
            let text = rule[key].as_str().unwrap();
            assert!(people.contains(text), "{text}");
            assert!(markdown.contains(&text.replace('|', "\\|")), "{text}");
        }
    }
}

#[test]
fn a_rule_is_found_by_code_and_by_name_in_any_case() {
    let by_code = stdout(&["explain", "MP204"]);
    assert_eq!(by_code, stdout(&["explain", "mp204"]));
    assert_eq!(by_code, stdout(&["explain", "Event-Name-Too-Long"]));
    insta::assert_snapshot!("explain", stdout(&["explain", "MP305"]));
}

#[test]
fn every_rule_can_be_explained() {
    for line in stdout(&["rules", "--output", "json"]).lines() {
        let rule: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = stdout(&["explain", rule["code"].as_str().unwrap()]);
        assert!(text.starts_with(&format!(
            "{} {}",
            rule["code"].as_str().unwrap(),
            rule["name"].as_str().unwrap()
        )));
        assert!(text.lines().all(|line| line.starts_with("  {") || line.chars().count() <= 100), "{text}");
    }
}

#[test]
fn the_schema_is_one() {
    let schema: serde_json::Value = serde_json::from_str(&stdout(&["schema"])).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn there_is_a_script_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(stdout(&["completions", shell]).contains("dead-letters"), "{shell}");
    }
}

#[test]
fn colour_is_there_when_asked_for_and_else_not() {
    assert!(!stdout(&["rules"]).contains('\u{1b}'));
    assert!(stdout(&["rules", "--color", "always"]).contains('\u{1b}'));
}
