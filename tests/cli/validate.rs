//! `mparticle validate`: layouts, renderers, severities, summaries.

use predicates::prelude::*;
use predicates::str::contains;

use crate::support::{AS_OF, EXAMPLE, file, good, lines, mparticle};

fn example(args: &[&str]) -> (String, String) {
    let assert = mparticle().args(["validate", "--as-of", AS_OF]).args(args).arg(EXAMPLE).assert().code(1);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let output = assert.get_output();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_example_file_for_people() {
    let (findings, summary) = example(&["--route", "live"]);
    insta::assert_snapshot!("validate-example", findings);
    insta::assert_snapshot!("validate-example-summary", summary);
}

#[test]
fn the_example_file_for_programs() {
    let (findings, _) = example(&["--route", "live", "--output", "json"]);
    insta::assert_snapshot!("validate-example-json", findings);
}

#[test]
fn the_example_file_in_the_other_formats() {
    for format in ["sarif", "github", "summary"] {
        let (findings, summary) = example(&["--route", "live", "--output", format]);
        insta::assert_snapshot!(format!("validate-example-as-{format}"), findings);
        assert!(summary.contains("300 batches"), "{summary}");
        // The table is not told twice.
        assert_eq!(summary.contains("MP404"), format != "summary", "{summary}");
    }
}

#[test]
fn a_sarif_log_is_whole_whatever_comes() {
    let (_folder, cut) = file("cut.json", format!("[{},\n{{\"mpid\":", good(1)));
    let log = |args: &[&str], code: i32| -> serde_json::Value {
        let assert =
            mparticle().args(["validate", "--output", "sarif"]).args(args).arg(&cut).assert().code(code);
        serde_json::from_slice(&assert.get_output().stdout).unwrap()
    };
    let whole = log(&[], 1);
    let run = &whole["runs"][0];
    assert_eq!(run["results"][0]["ruleId"], "unreadable");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(log(&["nope"], 2)["runs"][0]["invocations"][0]["executionSuccessful"], false);
    let none = mparticle().args(["validate", "--output", "sarif"]).write_stdin(good(1)).assert().code(0);
    let none: serde_json::Value = serde_json::from_slice(&none.get_output().stdout).unwrap();
    assert_eq!(none["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn the_mistakes_of_the_example_are_the_same_in_any_year() {
    let year = |as_of: &str| -> Vec<String> {
        let assert =
            mparticle().args(["validate", "--output", "json", "--as-of", as_of, EXAMPLE]).assert().code(1);
        let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        text.lines().filter(|line| line.contains(r#""severity":"error""#)).map(str::to_owned).collect()
    };
    let now = year(AS_OF);
    assert!(now.len() >= 8);
    assert_eq!(now, year("2024-01-01"));
    assert_eq!(now, year("2040-01-01"));
}

#[test]
fn lines_arrays_documents_and_pipes_are_all_read() {
    let pretty: serde_json::Value = serde_json::from_str(&good(1)).unwrap();
    for (content, batches) in [
        (lines(3), "3 batches"),
        (lines(3).replace('\n', "\r\n"), "3 batches"),
        (lines(3).trim_end().to_owned(), "3 batches"),
        (format!("[{},\n {}]", good(0), good(1)), "2 batches"),
        (serde_json::to_string_pretty(&pretty).unwrap(), "1 batch"),
    ] {
        for args in [&["validate"][..], &["validate", "-"]] {
            mparticle()
                .args(args)
                .write_stdin(content.clone())
                .assert()
                .code(0)
                .stdout("")
                .stderr(contains(format!("{batches}: ")).and(contains("0 with errors")));
        }
    }
}

#[test]
fn several_files_are_one_run() {
    let with_id = good(1).replacen('{', r#"{"source_request_id":"same","#, 1);
    let (_one, first) = file("a.ndjson", format!("{with_id}\n"));
    let (_two, second) = file("b.ndjson", format!("\n{with_id}\n"));
    mparticle()
        .arg("validate")
        .args([&first, &second])
        .assert()
        .code(1)
        .stdout(contains("MP501").and(contains("b.ndjson:2")))
        .stderr(contains("2 files, 2 batches"));
}

#[test]
fn warnings_fail_only_when_strict_and_a_rule_can_be_switched() {
    let warned = good(1).replace("customer_id", "customerid");
    let run = |args: &[&str], code: i32| {
        mparticle().arg("validate").args(args).write_stdin(warned.clone()).assert().code(code);
    };
    run(&[], 0);
    run(&["--strict"], 1);
    run(&["--strict", "--severity", "MP111=off"], 0);
    run(&["--strict", "--severity", "member-alias=warning"], 0);
    run(&["--severity", "MP111=error"], 1);
}

#[test]
fn rules_are_chosen_by_code_family_and_name() {
    let bad = good(1).replace("customer_id", "customerid").replace(r#""other""#, r#""others""#);
    let codes = |args: &[&str]| {
        let assert =
            mparticle().args(["validate", "--output", "json"]).args(args).write_stdin(bad.clone()).assert();
        let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        let code = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["code"].clone();
        text.lines().map(|line| code(line).as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[]), ["MP111", "MP112"]);
    assert_eq!(codes(&["--select", "MP3,member-alias"]), ["MP111"]);
    assert_eq!(codes(&["--ignore", "mp111"]), ["MP112"]);
    assert_eq!(codes(&["--select", "MP112", "--ignore", "MP1"]), ["MP112"]);
    assert_eq!(codes(&["--select", "MP1", "--severity", "MP112=off"]), ["MP111"]);
    // How bad a rule is says nothing about whether it applies.
    assert!(codes(&["--select", "MP2", "--severity", "MP112=error"]).is_empty());
}

#[test]
fn a_rule_that_there_is_not_cannot_be_chosen() {
    let run = |args: &[&str]| mparticle().arg("validate").args(args).write_stdin(good(1)).assert().code(2);
    run(&["--select", "MP9"]).stderr(contains("there is no rule or family `MP9`"));
    run(&["--ignore", "member-alas"]).stderr(contains("did you mean `member-alias`?"));
    run(&["--select", "MP2", "--ignore", "MP2"]).stderr(contains("no rule is left"));
}

#[test]
fn findings_kept_back_are_counted_and_announced() {
    let bad = "{\"events\":}\n".repeat(150);
    let shown = |args: &[&str]| {
        let assert = mparticle().arg("validate").args(args).write_stdin(bad.clone()).assert().code(1);
        let output = assert.get_output();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        (text.matches("MP001").count(), String::from_utf8(output.stderr.clone()).unwrap())
    };
    let (number, summary) = shown(&[]);
    // Three in full, and a line for all others.
    assert_eq!(number, 4);
    assert!(summary.contains("147 more findings only counted"), "{summary}");
    assert!(summary.contains("150  error    MP001"), "{summary}");
    let (number, summary) = shown(&["--max-findings", "0"]);
    assert_eq!(number, 150);
    assert!(!summary.contains("only counted"));
    assert_eq!(shown(&["--max-findings", "7", "--output", "json"]).0, 7);
    assert_eq!(shown(&["--output", "json"]).0, 150);
}

#[test]
fn quiet_leaves_the_exit_code() {
    mparticle().args(["validate", "-q"]).write_stdin("{}x").assert().code(1).stdout("").stderr("");
    mparticle().args(["validate", "-q"]).write_stdin(good(1)).assert().code(0).stdout("").stderr("");
    mparticle().args(["validate", "-q", "nope"]).assert().code(2).stderr(contains("no such file"));
}

#[test]
fn values_are_shown_only_on_request() {
    let batch =
        good(1).replace(r#""Seen""#, r#""Seen","custom_attributes":{"who":{"mail":"zoe@example.com"}}"#);
    let run =
        |args: &[&str]| mparticle().arg("validate").args(args).write_stdin(batch.clone()).assert().code(1);
    run(&[]).stdout(contains("zoe@example.com").not());
    run(&["--output", "json"]).stdout(contains("zoe@example.com").not());
    run(&["--show-values"]).stdout(contains("zoe@example.com"));
}

#[test]
fn a_summary_names_the_rules_that_could_not_remember_everything() {
    // Ten batches with as many names of attributes as a rule remembers, and one with a name more.
    let batch = |names: std::ops::Range<usize>| {
        let names: Vec<_> = names.map(|name| format!(r#""{name}":1"#)).collect();
        format!("{{\"user_attributes\":{{{}}}}}\n", names.join(","))
    };
    let full: String = (0..10).map(|part| batch(part * 50_000..(part + 1) * 50_000)).collect();
    let summary = |input: String| {
        let assert = mparticle().args(["validate", "--select", "MP506"]).write_stdin(input).assert().code(0);
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    let words = "more to compare than MP506 can remember";
    assert!(!summary(full.clone()).contains(words));
    let told = summary(full + &batch(500_000..500_001));
    assert!(told.contains(words) && told.contains("11 batches: 11 clean"), "{told}");
}
