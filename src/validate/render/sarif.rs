//! Findings as SARIF 2.1.0, the format that code scanning takes: one log with one run.

use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::Source;
use super::sentence::sentence;
use crate::validate::{Finding, Severity, finding, rules};

/// The rule of faults that are no finding about a batch, such as a file that is cut off.
const UNREADABLE: &str = "unreadable";

/// Writes findings as one SARIF log: [`write`](Self::write) for each of them, then [`finish`](Self::finish).
///
/// Results go out as they come, so memory does not grow with their number; the rules that they refer to follow at the end.
///
/// ```
/// use mparticle_events::validate::Validator;
/// use mparticle_events::validate::render::{Sarif, Source};
///
/// let text = br#"{"environment":"production","mpid":1,"evnts":[]}"#;
/// let source = Source { name: "batches.ndjson", first_line: 7, first_column: 1, text };
/// let (mut sarif, mut out) = (Sarif::new(), Vec::new());
/// for finding in Validator::new().check_bytes(text).findings() {
///     sarif.write(&mut out, &source, finding)?;
/// }
/// sarif.finish(&mut out, true)?;
/// let log: serde_json::Value = serde_json::from_slice(&out)?;
/// assert_eq!(log["version"], "2.1.0");
/// assert_eq!(log["runs"][0]["results"][0]["ruleId"], "MP110");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Sarif {
    /// Rules in the order of their first result, which is what `ruleIndex` counts.
    fired: Vec<&'static str>,
    results: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Value,
    locations: [Value; 1],
}

impl Sarif {
    /// A log without results.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes one finding. A batch without locations is reported on its first line.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write(
        &mut self,
        out: &mut dyn io::Write,
        source: &Source<'_>,
        finding: &Finding,
    ) -> io::Result<()> {
        let (line, column) = source.place(finding);
        let region = match column {
            Some(column) => json!({ "startLine": line, "startColumn": column }),
            None => json!({ "startLine": line }),
        };
        let physical = physical(source.name, &region);
        let location = if finding.pointer.is_empty() {
            json!({ "physicalLocation": physical })
        } else {
            let pointer = &finding.pointer;
            json!({ "physicalLocation": physical, "logicalLocations": [{ "fullyQualifiedName": pointer }] })
        };
        self.result(out, finding.code, level(finding.severity), &sentence(finding), location)
    }

    /// Writes a fault of the input that is no finding about a batch, such as a file that is cut off.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write_unreadable(
        &mut self,
        out: &mut dyn io::Write,
        name: &str,
        line: usize,
        message: &str,
    ) -> io::Result<()> {
        let physical = physical(name, &json!({ "startLine": line.max(1) }));
        let location = json!({ "physicalLocation": physical });
        self.result(out, UNREADABLE, "error", message, location)
    }

    /// Ends the log; without it, the log is no JSON. `successful` says whether everything could be checked.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn finish(&mut self, out: &mut dyn io::Write, successful: bool) -> io::Result<()> {
        if self.results == 0 {
            out.write_all(HEAD)?;
        }
        let rules: Vec<Value> = self.fired.iter().map(|code| descriptor(code)).collect();
        let driver = json!({
            "name": "mparticle",
            "version": env!("CARGO_PKG_VERSION"),
            "informationUri": "https://docs.rs/mparticle-events",
            "rules": rules,
        });
        let invocation = json!([{ "executionSuccessful": successful }]);
        out.write_all(b"\n],\"columnKind\":\"unicodeCodePoints\",\"invocations\":")?;
        serde_json::to_writer(&mut *out, &invocation)?;
        out.write_all(b",\"tool\":{\"driver\":")?;
        serde_json::to_writer(&mut *out, &driver)?;
        out.write_all(b"}}]}\n")
    }

    fn result(
        &mut self,
        out: &mut dyn io::Write,
        code: &'static str,
        level: &'static str,
        text: &str,
        location: Value,
    ) -> io::Result<()> {
        let rule_index = self.index(code);
        let outcome = Outcome {
            rule_id: code,
            rule_index,
            level,
            message: json!({ "text": text }),
            locations: [location],
        };
        out.write_all(if self.results == 0 { HEAD } else { b"," })?;
        self.results += 1;
        out.write_all(b"\n")?;
        serde_json::to_writer(out, &outcome)?;
        Ok(())
    }

    fn index(&mut self, code: &'static str) -> usize {
        let known = self.fired.iter().position(|fired| *fired == code);
        known.unwrap_or_else(|| {
            self.fired.push(code);
            self.fired.len() - 1
        })
    }
}

/// Everything before the first result. The order of members means nothing in JSON, so the tool can come last.
const HEAD: &[u8] = b"{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\
    \"runs\":[{\"results\":[";

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn physical(name: &str, region: &Value) -> Value {
    json!({ "artifactLocation": { "uri": uri(name) }, "region": region })
}

/// A rule for `tool.driver.rules`.
fn descriptor(code: &str) -> Value {
    let Some(rule) = rules::find(code) else {
        return json!({
            "id": code,
            "shortDescription": { "text": "part of an input cannot be read" },
            "defaultConfiguration": { "level": "error" },
        });
    };
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.why },
        "help": { "text": format!("{}\n\nSource: {}", rule.why, rule.source) },
        "helpUri": finding::address(rule.code, rule.name),
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

/// The name of a file as a URI reference (RFC 3986): relative paths stay relative.
fn uri(name: &str) -> String {
    let path = if cfg!(windows) { name.replace('\\', "/") } else { name.to_owned() };
    let mut out = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_become_uris() {
        assert_eq!(uri("a/b c.ndjson"), "a/b%20c.ndjson");
        assert_eq!(uri("/tmp/ü:1"), "file:///tmp/%C3%BC%3A1");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
    }

    #[test]
    fn a_log_without_results_is_a_log_all_the_same() {
        let mut out = Vec::new();
        Sarif::new().finish(&mut out, true).unwrap();
        let log: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([]));
    }

    #[test]
    fn every_rule_of_the_catalogue_can_be_described() {
        for rule in rules::ALL {
            let descriptor = descriptor(rule.code);
            assert_eq!(descriptor["id"], rule.code);
            assert!(descriptor["helpUri"].as_str().unwrap().contains(rule.name));
            assert!(descriptor["help"]["text"].as_str().unwrap().contains(rule.source));
        }
    }
}
