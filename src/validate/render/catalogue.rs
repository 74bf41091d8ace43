//! The catalogue of rules as a page of documentation: `docs/rules.md`, and the text of [`crate::validate::rules`].

use std::fmt::Write as _;

use crate::validate::rule::{Example, Rule};
use crate::validate::{Route, rules};

/// The page, in Markdown.
///
/// ```
/// let page = mparticle_events::validate::render::catalogue();
/// assert!(page.contains("## MP204 event-name-too-long"));
/// ```
#[must_use]
pub fn catalogue() -> String {
    let mut page = String::from(
        "# Rules\n\nEverything the validator can find. An *error* means that the service rejects, drops or loses data; a *warning*, \
         that it\naccepts but truncates or ignores something, that it is probably not what was meant, or that the sources \
         disagree.\n\nWritten by `cargo xtask docs` from the rules themselves.\n",
    );
    let mut family = "";
    for rule in rules::ALL {
        if rule.family() != family {
            family = rule.family();
            line(
                &mut page,
                format_args!("\n**{family}**\n\n| code | name | severity | fault |\n|---|---|---|---|"),
            );
        }
        let Rule { code, name, severity, .. } = rule;
        let summary = rule.summary.replace('|', "\\|");
        line(&mut page, format_args!("| [{code}](#{}) | {name} | {severity} | {summary} |", rule.anchor()));
    }
    for rule in rules::ALL {
        section(&mut page, rule);
    }
    page
}

fn section(page: &mut String, rule: &Rule) {
    line(page, format_args!("\n## {} {}\n", rule.code, rule.name));
    line(
        page,
        format_args!("{} ({}).\n\n{}\n\n*Source:* {}", rule.summary, rule.severity, rule.why, rule.source),
    );
    example(page, "Found in", &rule.fires);
    example(page, "Not found in", &rule.silent);
}

/// Characters of an example batch that are shown; some have to be as long as a limit.
const SHOWN: usize = 600;

fn example(page: &mut String, title: &str, example: &Example) {
    let route = match example.route {
        Route::Either => "",
        Route::Live => ", sent to the live paths",
        Route::Historical => ", sent to the historical path",
    };
    let limits: Vec<String> =
        example.limits.iter().map(|(name, value)| format!("`{name}` {value}")).collect();
    let limits =
        if limits.is_empty() { String::new() } else { format!(", with the limit {}", limits.join(", ")) };
    let body = if example.is_body { ", as the body of a bulk request" } else { "" };
    line(page, format_args!("\n{title}{route}{body}{limits}:\n\n```text"));
    for batch in example.batches {
        let text = printable(batch);
        let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(end, _)| end);
        let rest = if end < text.len() { "…" } else { "" };
        line(page, format_args!("{}{rest}", text.get(..end).unwrap_or_default()));
    }
    line(page, format_args!("```"));
}

/// Control characters written out: some examples are malformed on purpose.
fn printable(batch: &str) -> String {
    let escaped = batch.chars().flat_map(|c| {
        let special = c.is_control() || c == '\u{feff}';
        let (plain, escape) = if special { (None, Some(c.escape_default())) } else { (Some(c), None) };
        plain.into_iter().chain(escape.into_iter().flatten())
    });
    escaped.collect()
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}
