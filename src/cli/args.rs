//! What the command line looks like: the commands, and the options that several of them share.

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::config::Config;
use super::output::Color;
use super::selectors::{Layer, Selector, applies};
use super::{completions, exit::Failure, explain, sandbox, schema, send, validate};
use crate::clock::{self, FixedClock, SharedClock};
use crate::input;
use crate::validate::{Limits, Route, Severity, Validator, ValidatorBuilder, rules};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  # the whole way on this machine: check, pack, deliver
  mparticle send --sandbox examples/batches.ndjson
  # check a file, send nothing
  mparticle validate events.ndjson
  # what would be sent, in how many requests
  mparticle send --dry-run events.ndjson
  # what a finding means, and who says so
  mparticle explain MP301

Exit codes:
  0    nothing to object to
  1    errors in the input, or batches that were refused
  2    could not run: no such file, wrong options, no credentials, no connection
  130  stopped by Ctrl-C
  141  the reader of the output has gone (`| head`)";

/// Checks mParticle event batches offline and delivers them without losing or doubling any.
#[derive(Debug, Parser)]
#[command(name = "mparticle", version, styles = STYLES, after_help = EXAMPLES, max_term_width = 100)]
#[command(disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check batches offline: what would be rejected, dropped, truncated or ignored
    #[command(after_help = validate::EXAMPLES)]
    Validate(Box<validate::ValidateArgs>),
    /// Check batches, pack them into requests and deliver them
    #[command(after_help = send::EXAMPLES)]
    Send(Box<send::SendArgs>),
    /// Send dead letters again, after they were mended
    #[command(after_help = send::REPLAY_EXAMPLES, mut_arg("files", |arg| {
        arg.required(true).value_name("LETTERS").help("Files of dead letters").long_help(None::<&str>)
    }), mut_arg("format", |arg| arg.hide(true)))]
    Replay(Box<send::SendArgs>),
    /// Serve the Events API on this machine, for trying things out
    #[command(after_help = sandbox::EXAMPLES)]
    Sandbox(sandbox::SandboxArgs),
    /// List everything that can be found
    #[command(after_help = super::rules::EXAMPLES)]
    Rules(super::rules::RulesArgs),
    /// Explain one finding: why it matters, who says so, what is wrong and what is right
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArgs),
    /// Print the JSON Schema that batches are checked against
    #[command(after_help = schema::EXAMPLES)]
    Schema,
    /// Print a completion script for a shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
}

/// Which batches.
#[derive(Args, Debug)]
pub struct InputArgs {
    /// Files of batches, packed with gzip or zstd or not; directories, for all *.ndjson, *.jsonl and *.json in
    /// them; `-` for standard input, which is also read when no file is given
    #[arg(value_name = "FILES")]
    pub files: Vec<PathBuf>,

    /// How the batches stand in the files
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    pub format: Format,
}

/// How batches stand in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Look at the file
    #[default]
    Auto,
    /// A batch a line
    Ndjson,
    /// A JSON array of batches, or JSON documents
    Json,
}

impl From<Format> for input::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Auto => Self::Auto,
            Format::Ndjson => Self::Ndjson,
            Format::Json => Self::Json,
        }
    }
}

/// How batches are checked.
#[derive(Args, Debug)]
#[command(next_help_heading = "Checking")]
pub struct CheckArgs {
    /// Make every warning an error
    #[arg(long)]
    pub strict: bool,

    /// Quote the values that were found; they are personal data, so the default is not to
    #[arg(long)]
    pub show_values: bool,

    /// Findings to show in full, the others are counted; 0 for all [default: 100, with --output json or sarif all]
    #[arg(long, value_name = "N")]
    pub max_findings: Option<u64>,

    /// Apply these rules only: codes, names, or families by the beginning of their codes, such as MP2
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', value_parser = Selector::parse)]
    pub select: Vec<Selector>,

    /// Leave these rules out, named likewise; who names a rule more closely, --select or this, decides
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', value_parser = Selector::parse)]
    pub ignore: Vec<Selector>,

    /// Another severity for a rule: error, warning or off. Can be given several times
    #[arg(long, value_name = "CODE=SEVERITY", value_parser = severity)]
    pub severity: Vec<(String, Option<Severity>)>,

    /// Another limit than the documented one, such as event_attributes=200. Can be given several times
    #[arg(long, value_name = "NAME=NUMBER", value_parser = limit)]
    pub limit: Vec<(String, u64)>,

    /// The time to measure ages from, such as 2026-11-20 or 2026-11-20T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub as_of: Option<i64>,

    /// Take settings from this file, and not from mparticle.toml in the working directory
    #[arg(long, value_name = "PATH", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Take settings from no file
    #[arg(long)]
    pub no_config: bool,

    /// What the file of settings says.
    #[arg(skip)]
    pub file: Config,
}

impl CheckArgs {
    /// Reads the file of settings.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or means nothing.
    pub fn configure(&mut self) -> Result<(), Failure> {
        if !self.no_config {
            self.file = Config::load(self.config.as_deref())?;
        }
        Ok(())
    }

    /// The clock that ages are measured by.
    pub fn clock(&self) -> SharedClock {
        clock_at(self.as_of)
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        // Ours come last and win.
        let all: Vec<_> = self.file.limits.iter().chain(&self.limit).cloned().collect();
        limits_of(&all)
    }

    /// How many findings to show in full.
    pub fn shown(&self, default: u64) -> u64 {
        match self.max_findings {
            None => default,
            Some(0) => u64::MAX,
            Some(number) => number,
        }
    }

    /// A validator for batches that go to `route`.
    ///
    /// # Errors
    ///
    /// When `--severity` names a rule that there is not.
    pub fn validator(&self, route: Route) -> Result<Validator, Failure> {
        let mut builder: ValidatorBuilder = Validator::builder()
            .route(route)
            .limits(self.limits())
            .clock(self.clock())
            .strict(self.strict || self.file.strict)
            .show_values(self.show_values);
        let ours = Layer { select: self.select.clone(), ignore: self.ignore.clone() };
        for (code, severity) in &self.file.severity {
            // Whoever selects a rule on the command line wants it, whatever the file says.
            let selected =
                !ours.select.is_empty() && rules::find(code).is_some_and(|rule| applies(rule, &[&ours]));
            if severity.is_some() || !selected {
                builder =
                    builder.severity(code, *severity).map_err(|error| Failure::new(error.to_string()))?;
            }
        }
        for (rule, severity) in &self.severity {
            builder = builder.severity(rule, *severity).map_err(|unknown| {
                Failure::new(format!("--severity: {unknown}")).help("`mparticle rules` lists all rules")
            })?;
        }
        let left_out = rules::ALL.iter().filter(|rule| !applies(rule, &[&ours, &self.file.layer]));
        let mut left = rules::ALL.len();
        for rule in left_out {
            left -= 1;
            builder = builder.severity(rule.code, None).map_err(|error| Failure::new(error.to_string()))?;
        }
        if left == 0 {
            return Err(Failure::new("no rule is left to apply").help("see --select and --ignore"));
        }
        Ok(builder.build())
    }
}

/// What findings are written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

/// A clock that stands at the given time, or the machine's.
#[must_use]
pub fn clock_at(unix_ms: Option<i64>) -> SharedClock {
    match unix_ms {
        Some(unix_ms) => Arc::new(FixedClock(unix_ms)),
        None => clock::system(),
    }
}

/// The documented limits, but for these.
#[must_use]
pub fn limits_of(changed: &[(String, u64)]) -> Limits {
    let mut limits = Limits::default();
    for (name, value) in changed {
        limits.set(name, *value);
    }
    limits
}

fn pair(text: &str, example: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(format!("write it as {example}")),
    }
}

/// `rule=severity`.
pub fn severity(text: &str) -> Result<(String, Option<Severity>), String> {
    let (rule, severity) = pair(text, "MP201=warning")?;
    match severity.as_str() {
        "error" => Ok((rule, Some(Severity::Error))),
        "warning" => Ok((rule, Some(Severity::Warning))),
        "off" => Ok((rule, None)),
        other => Err(format!("`{other}` is no severity; use error, warning or off")),
    }
}

/// `name=number`, for a limit that there is.
pub fn limit(text: &str) -> Result<(String, u64), String> {
    let (name, value) = pair(text, "event_attributes=200")?;
    if !Limits::NAMES.contains(&name.as_str()) {
        let near = Limits::NAMES
            .iter()
            .copied()
            .max_by(|a, b| strsim::jaro_winkler(&name, a).total_cmp(&strsim::jaro_winkler(&name, b)));
        let near = near.unwrap_or_default();
        return Err(format!(
            "there is no limit `{name}`; did you mean `{near}`? All: {}",
            Limits::NAMES.join(", ")
        ));
    }
    let number = value.parse().map_err(|_| format!("`{value}` is not a whole number"))?;
    Ok((name, number))
}

/// A date (midnight UTC) or a time with its offset, as Unix milliseconds.
pub fn time(text: &str) -> Result<i64, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    if text.len() == "2026-11-20".len()
        && let Ok(time) = format!("{text}T00:00:00Z").parse::<jiff::Timestamp>()
    {
        return Ok(time.as_millisecond());
    }
    Err("write it as 2026-11-20 (midnight UTC) or 2026-11-20T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_dates_or_instants() {
        assert_eq!(time("2026-11-20"), Ok(1_795_132_800_000));
        assert_eq!(time("2026-11-20T12:00:00Z"), Ok(1_795_176_000_000));
        assert_eq!(time("2026-11-20T14:00:00+02:00"), Ok(1_795_176_000_000));
        assert!(time("20.11.2026").is_err());
        assert!(time("2026-13-20").is_err());
    }

    #[test]
    fn a_misspelt_limit_gets_a_suggestion() {
        let error = limit("event_attribute=200").unwrap_err();
        assert!(error.contains("did you mean `event_attributes`?"), "{error}");
        assert!(limit("event_attributes=many").is_err());
        assert_eq!(limit("event_attributes=200"), Ok(("event_attributes".to_owned(), 200)));
    }

    #[test]
    fn severities_are_three() {
        assert_eq!(severity("MP201=off"), Ok(("MP201".to_owned(), None)));
        assert!(severity("MP201=fatal").is_err());
        assert!(severity("MP201").is_err());
    }
}
