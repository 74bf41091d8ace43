//! What a row's correction in words demands of the corrected document, as far as it says so in fixed words.

use serde_json::Value;

use super::{Node, Row};

/// What is missing, in words; empty when all is there that the words ask for.
#[must_use]
pub fn unmet(row: &Row, published: Option<&Node>, corrected: Option<&Node>) -> Vec<String> {
    let mut unmet = Vec::new();
    let mut demand = |said: bool, met: bool, what: &str| {
        if said && !met {
            unmet.push(what.to_owned());
        }
    };
    let text = row.overlay.split(" in validator ").next().unwrap_or_default();
    demand(text.starts_with("remove $"), corrected.is_none(), "is still there");
    demand(text.starts_with("add "), corrected.is_some() || text.starts_with("add to "), "is missing");
    let Some(node) = corrected else { return unmet };
    let is = |keyword: &str, value: &Value| {
        node.schema.get(keyword) == Some(value) || node.target.get(keyword) == Some(value)
    };
    let says_type =
        ["type", "$ref", "oneOf", "anyOf"].iter().any(|keyword| node.schema.get(keyword).is_some());
    demand(true, says_type, "has no type");
    demand(
        text.contains("nullable") || may_be_null(&row.believed),
        is("nullable", &true.into()),
        "is not nullable",
    );
    demand(
        text.contains("remove from required") || text.contains("remove required"),
        !node.required,
        "is still required",
    );
    demand(text.contains("add to required"), node.required, "is not required");
    demand(
        text.contains("format: int64"),
        is("format", &"int64".into()) || is("format", &"uint64".into()),
        "has no 64-bit format",
    );
    demand(
        text.contains("readOnly") && !text.contains("read-only)"),
        is("readOnly", &true.into()),
        "is not readOnly",
    );
    demand(text.contains("type: number"), is("type", &"number".into()), "is no number");
    demand(
        text.contains("remove enum"),
        node.schema.get("enum") != published.and_then(|node| node.schema.get("enum")),
        "still has its enum",
    );
    if let Some((_, number)) = text.split_once("maxLength ") {
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        let bound = digits.parse::<u64>().unwrap_or_default();
        demand(true, is("maxLength", &bound.into()), "lacks its maxLength");
    }
    unmet
}

/// Is the type that a row believes in one that allows null, `string|null; …`?
fn may_be_null(believed: &str) -> bool {
    let kind = believed.split([';', ',']).next().unwrap_or_default();
    kind.split_whitespace().next().is_some_and(|kind| kind.ends_with("|null"))
}
