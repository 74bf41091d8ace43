//! `mparticle explain`: one rule in full.

use clap::Args;

use super::args::Output;
use super::exit::{Exit, Failure};
use super::output::{Paint, Streams, wrap};
use super::rules as list;
use crate::validate::rule::{Example, Rule};
use crate::validate::{Route, Severity, rules};

/// Shown under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  mparticle explain MP301
  mparticle explain event-name-too-long
  mparticle rules                          all codes and names";

/// Columns of running text.
const WIDTH: usize = 88;
/// Characters of an example; some have to be as long as a limit.
const EXAMPLE: usize = 1_000;

/// Options of `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// Code or name of a rule
    #[arg(value_name = "CODE")]
    pub rule: String,

    /// What to write
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub output: Output,
}

/// Explains the rule.
///
/// # Errors
///
/// When there is no such rule, or standard output cannot be written to.
pub fn run(args: &ExplainArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let rule = rules::find(&args.rule.trim().to_lowercase()).ok_or_else(|| unknown(&args.rule))?;
    match args.output {
        Output::Json => list::json(rule, streams)?,
        Output::Human => human(rule, streams)?,
    }
    Ok(Exit::Clean)
}

fn unknown(asked: &str) -> Failure {
    let lower = asked.to_lowercase();
    let score = |rule: &Rule| {
        strsim::jaro_winkler(&lower, &rule.code.to_lowercase()).max(strsim::jaro_winkler(&lower, rule.name))
    };
    let near = rules::ALL.iter().max_by(|a, b| score(a).total_cmp(&score(b)));
    let failure = Failure::new(format!("there is no rule `{asked}`"));
    match near {
        Some(rule) => failure
            .help(format!("did you mean {} ({})? `mparticle rules` lists all of them", rule.code, rule.name)),
        None => failure.help("`mparticle rules` lists all of them"),
    }
}

fn human(rule: &Rule, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let paint = Paint(streams.out_color);
    let severity = match rule.severity {
        Severity::Error => paint.error(rule.severity),
        Severity::Warning => paint.warning(rule.severity),
    };
    let title = paint.bold(format!("{} {}", rule.code, rule.name));
    streams.data(format_args!("{title}  {severity}, {}\n\n", rule.family()))?;
    streams.data(format_args!("{}\n", wrap(&format!("{}.", rule.summary), WIDTH, "")))?;
    section("Why it matters", rule.why, paint, streams)?;
    section("Who says so", rule.source, paint, streams)?;
    example("Found in", &rule.fires, paint, streams)?;
    example("Not found in", &rule.silent, paint, streams)?;
    let other = if rule.severity == Severity::Error { "warning" } else { "error" };
    streams.data(format_args!(
        "\n{}\n  mparticle validate --severity {}={other} …   (or `off`)\n",
        paint.bold("Another severity"),
        rule.code
    ))
}

fn section(title: &str, text: &str, paint: Paint, streams: &mut Streams<'_>) -> Result<(), Failure> {
    streams.data(format_args!("\n{}\n{}\n", paint.bold(title), wrap(text, WIDTH - 2, "  ")))
}

fn example(title: &str, example: &Example, paint: Paint, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let path = match example.route {
        Route::Either => "",
        Route::Live => " (sent to the live path)",
        Route::Historical => " (sent to the historical path)",
    };
    streams.data(format_args!("\n{}{path}\n", paint.bold(title)))?;
    for batch in example.batches {
        streams.data(format_args!("  {}\n", shortened(batch)))?;
    }
    Ok(())
}

fn shortened(batch: &str) -> String {
    let more = batch.chars().count().saturating_sub(EXAMPLE);
    if more == 0 {
        return batch.to_owned();
    }
    let start: String = batch.chars().take(EXAMPLE).collect();
    format!("{start}… ({more} more characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_example_is_cut_and_says_so() {
        let batch = "x".repeat(EXAMPLE + 7);
        assert!(shortened(&batch).ends_with("x… (7 more characters)"));
        assert_eq!(shortened("{}"), "{}");
    }
}
