//! MP001: the document is no JSON.

use crate::validate::Severity;
use crate::validate::context::Findings;
use crate::validate::pointer::Pointer;
use crate::validate::rule::{Check, Example, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP001",
    name: "malformed-json",
    severity: Severity::Error,
    summary: "The document is not valid JSON",
    why: "The service answers 400 to a request it cannot parse. In a bulk request one such batch spoils the whole \
          array, so none of the others arrive either.",
    source: "RFC 8259; the HTTP API page lists malformed JSON under 400",
    fires: Example::one(&[r#"{"environment":"production","mpid":1,"events":[}"#]),
    silent: Example::one(&[r#"{"environment":"production","mpid":1,"events":[]}"#]),
    check: Check::Document,
};

/// `what` is the parser's own wording, which never quotes the document.
pub(in crate::validate) fn report(what: &str, at_end: bool, findings: &mut Findings<'_>) {
    let detail = findings.add(Pointer::root(), format!("not valid JSON: {what}"));
    if at_end {
        detail.help("the document ends before it is complete; was the file cut off?");
    } else {
        detail.help(help(what));
    }
}

fn help(what: &str) -> &'static str {
    match what {
        "number out of range" => "the number is too large to be read; is it an id? Write ids as text",
        "invalid number" => "numbers are written as in 0.5, -1 and 2e3, without `+` and leading zeros",
        "expected value" => {
            "a value is missing here, or is none that JSON knows: there is no `NaN`, `Infinity`, `None` or `undefined`"
        }
        "key must be a string" => "names stand in double quotes; no comma stands before `}`",
        "invalid escape" => "write a backslash in text as two",
        what if what.starts_with("control character") => {
            "write line breaks and tabs in text as `\\n` and `\\t`"
        }
        _ => "JSON knows no comments, no trailing commas and no single quotes",
    }
}

pub(in crate::validate) fn report_unserializable(error: &serde_json::Error, findings: &mut Findings<'_>) {
    findings
        .add(Pointer::root(), format!("the batch has no JSON form: {error}"))
        .allowed("numbers that are finite")
        .help("leave the member out when there is no value");
}
