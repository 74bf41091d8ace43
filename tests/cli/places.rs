//! `mparticle validate`: where findings are, many of a kind, and whole requests.

use crate::support::{AS_OF, file, good, mparticle};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn findings_of_one_kind_are_grouped() {
    let bad = |index: usize| good(index).replace("custom_event\"", "custom_evnt\"");
    let odd = |index: usize| good(index).replace("customer_id", "customerid");
    let content: String = (1..=5000).map(|index| bad(index) + "\n" + &odd(index) + "\n").collect();
    let (folder, path) = file("big.ndjson", content);
    let assert = mparticle()
        .args(["validate", "--as-of", AS_OF, "big.ndjson"])
        .current_dir(folder.path())
        .assert()
        .code(1);
    insta::assert_snapshot!("validate-grouped", text(&assert.get_output().stdout));
    let one = mparticle().args(["validate", "--max-findings", "1"]).arg(&path).assert().code(1);
    let shown = text(&one.get_output().stdout);
    assert_eq!(shown.matches(" --> ").count(), 1, "{shown}");
    assert!(
        shown.contains("warning[MP111] at /user_identities/customerid: 5,000 not shown, from "),
        "{shown}"
    );
}

/// What an editor shows at line and column is what is meant, wherever a batch begins.
#[test]
fn places_are_those_of_the_file() {
    let wrong = good(1).replace("customer_id", "customerid");
    let value: serde_json::Value = serde_json::from_str(&wrong).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    for (format, content) in [
        ("ndjson", format!("{wrong}\n{wrong}\n")),
        ("ndjson", format!("  {wrong}\r\n\t{wrong}")),
        ("json", format!("[{wrong}, {wrong}]")),
        ("json", format!("[{{\"x\":\"äöü€\"}}, {wrong},{wrong}]")),
        ("json", format!("{wrong} {wrong}")),
        ("json", format!("[\n  {pretty}, {pretty}\n]")),
        ("json", format!("\u{feff}[{wrong}]")),
        ("json", format!("{pretty}{pretty}")),
    ] {
        let assert = mparticle()
            .args(["validate", "--output", "json", "--select", "MP111", "--format", format])
            .write_stdin(content.clone())
            .assert();
        let lines: Vec<&str> = content.trim_start_matches('\u{feff}').split('\n').collect();
        let mut places = std::collections::BTreeSet::new();
        for found in text(&assert.get_output().stdout).lines() {
            let found: serde_json::Value = serde_json::from_str(found).unwrap();
            let number = |name: &str| usize::try_from(found[name].as_u64().unwrap()).unwrap();
            let (line, column) = (number("line"), number("column"));
            let rest: String = lines[line - 1].chars().skip(column - 1).collect();
            assert!(rest.starts_with(r#""customerid""#), "{line}:{column} in {content}");
            places.insert((line, column));
        }
        assert_eq!(places.len(), content.matches("customerid").count(), "{content}");
    }
}

#[test]
fn a_body_is_checked_as_it_is_posted() {
    let bulk = |number: usize| format!("[{}]", (0..number).map(good).collect::<Vec<_>>().join(",\n"));
    let run = |path: &str, body: &str, code: i32| {
        let assert = mparticle()
            .args(["validate", "--as-of", AS_OF, "--request", path])
            .write_stdin(body.to_owned())
            .assert()
            .code(code);
        (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
    };
    let (_, summary) = run("bulk", &bulk(100), 0);
    assert!(summary.contains("1 request: 1 clean"), "{summary}");
    insta::assert_snapshot!("validate-request-of-101", run("bulk", &bulk(101), 1).0);
    insta::assert_snapshot!("validate-request-not-a-list", run("bulk", &good(1), 1).0);
    insta::assert_snapshot!("validate-request-not-a-batch", run("events", &bulk(2), 1).0);
    assert!(run("historical", &bulk(1), 1).0.contains("MP403"));
    let large = bulk(2).replace("Seen", &"x".repeat(135_000));
    assert!(run("bulk", &large, 1).0.contains("MP508"));
    let wrong = bulk(3).replacen("customer_id", "customerid", 3).replacen("customerid", "customer_id", 2);
    let (found, _) = run("bulk", &wrong, 0);
    assert!(found.contains("<stdin>:3:") && found.contains("/2/user_identities/customerid"), "{found}");
    let (found, _) = run("bulk", &format!("{} x", bulk(1)), 1);
    assert!(found.contains("MP007"), "{found}");
    mparticle().args(["validate", "--request", "bulk", "--format", "json"]).assert().code(2);
}
