//! `mparticle rules`: the catalogue of everything that can be found.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::output::{Paint, Streams};
use crate::validate::rule::Rule;
use crate::validate::{Severity, render, rules};

/// Shown under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  mparticle rules
  mparticle rules --output json | jq -r 'select(.severity == \"error\") | .code'
  mparticle rules --output markdown > docs/rules.md";

/// Options of `rules`.
#[derive(Args, Debug)]
pub struct RulesArgs {
    /// What to write
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub output: Output,
}

/// What the catalogue is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table for people
    #[default]
    Human,
    /// One JSON object a line
    Json,
    /// A page of documentation
    Markdown,
}

/// Lists the rules.
///
/// # Errors
///
/// When standard output cannot be written to.
pub fn run(args: &RulesArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    match args.output {
        Output::Human => human(streams)?,
        Output::Json => {
            for rule in rules::ALL {
                json(rule, streams)?;
            }
        }
        Output::Markdown => streams.data(format_args!("{}", render::catalogue()))?,
    }
    Ok(Exit::Clean)
}

fn human(streams: &mut Streams<'_>) -> Result<(), Failure> {
    let paint = Paint(streams.out_color);
    let width = rules::ALL.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let mut family = "";
    for rule in rules::ALL {
        if rule.family() != family {
            let gap = if family.is_empty() { "" } else { "\n" };
            family = rule.family();
            streams.data(format_args!("{gap}{}\n", paint.bold(family)))?;
        }
        let severity = format!("{:7}", rule.severity.to_string());
        let severity = match rule.severity {
            Severity::Error => paint.error(severity),
            Severity::Warning => paint.warning(severity),
        };
        streams
            .data(format_args!("  {}  {severity}  {:width$}  {}\n", rule.code, rule.name, rule.summary))?;
    }
    let number = rules::ALL.len();
    streams.data(format_args!("\n{number} rules. One of them in full: mparticle explain <CODE>\n"))
}

#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    name: &'a str,
    family: &'a str,
    severity: Severity,
    summary: &'a str,
    why: &'a str,
    source: &'a str,
    url: String,
}

/// One rule as one line of JSON.
///
/// # Errors
///
/// When standard output cannot be written to.
pub fn json(rule: &Rule, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let line = Line {
        code: rule.code,
        name: rule.name,
        family: rule.family(),
        severity: rule.severity,
        summary: rule.summary,
        why: rule.why,
        source: rule.source,
        url: rule.url(),
    };
    let text = serde_json::to_string(&line).map_err(|error| Failure::stdout(error.into()))?;
    streams.data(format_args!("{text}\n"))
}
