//! SARIF logs against the schema that OASIS publishes.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{AS_OF, EXAMPLE, file, good, mparticle};

/// The schema of SARIF 2.1.0. `serde-sarif` carries it; the project holds no copy.
fn schema() -> jsonschema::Validator {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Of other platforms not everything has been fetched.
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let schema = std::fs::read(manifest.with_file_name("src").join("schema.json")).unwrap();
    let mut schema: Value = serde_json::from_slice(&schema).unwrap();
    drop_broken_pattern(&mut schema);
    assert!(schema["title"].as_str().unwrap().contains("2.1.0"));
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// One pattern of the schema is no regular expression: that of a language, which our logs do not name.
fn drop_broken_pattern(node: &mut Value) {
    match node {
        Value::Object(map) => {
            if map.get("pattern").and_then(Value::as_str).is_some_and(|pattern| pattern.ends_with("{2}]?$")) {
                map.remove("pattern");
            }
            map.values_mut().for_each(drop_broken_pattern);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_broken_pattern),
        _ => {}
    }
}

fn log(args: &[&str], files: &[&str]) -> Value {
    let assert =
        mparticle().args(["validate", "--output", "sarif", "--as-of", AS_OF]).args(args).args(files).assert();
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

#[test]
fn logs_are_what_the_published_schema_asks_for() {
    let schema = schema();
    let (_folder, cut) = file("a b, 50%.json", format!("[{},\n{{\"mpid\":", good(1)));
    let (_other, spoilt) = file("ü.ndjson", "{\"evnts\":[],\"mpid\":}\n{\"evnts\":[],\"a\u{1b}\":1}\n[]\n");
    let (_clean, clean) = file("clean.ndjson", good(1));
    let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
    for (args, files, least) in [
        (&["--route", "live"][..], vec![EXAMPLE.to_owned()], 10),
        (&["--show-values"][..], vec![path(&cut), path(&spoilt)], 4),
        (&["--request", "bulk"][..], vec![path(&clean), path(&cut)], 2),
        (&["--max-findings", "1"][..], vec![EXAMPLE.to_owned(), "no-such-file".to_owned()], 1),
        (&[][..], vec![path(&clean)], 0),
    ] {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let log = log(args, &files);
        let objections: Vec<String> =
            schema.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(objections.is_empty(), "{args:?} {files:?}: {objections:#?}");
        assert!(log["runs"][0]["results"].as_array().unwrap().len() >= least, "{args:?} {files:?}");
        serde_json::from_value::<serde_sarif::sarif::Sarif>(log).unwrap();
    }
}

#[test]
fn the_schema_objects_to_what_is_no_log() {
    let schema = schema();
    let good = log(&[], &[EXAMPLE]);
    let mut no_version = good.clone();
    no_version.as_object_mut().unwrap().remove("version");
    let mut odd_level = good.clone();
    odd_level["runs"][0]["results"][0]["level"] = json!("fatal");
    let mut no_line = good.clone();
    no_line["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0);
    let mut extra = good;
    extra["runs"][0]["results"][0]["code"] = json!("MP001");
    for log in [no_version, odd_level, no_line, extra] {
        assert!(!schema.is_valid(&log));
    }
}
