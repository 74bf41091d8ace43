//! `cargo xtask`: reads arguments, runs the verb, prints what it says.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{agree, bench, chaos, coverage, diff, docs, refresh, snapshots};

/// Chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Takes over the document that upstream publishes, or with `--check` compares it with ours.
    Refresh(refresh::Args),
    /// Says what changed between two OpenAPI documents and what that means for a release.
    Diff(diff::Args),
    /// Accepts the snapshots of the outline and the generated output, or with `--check` compares them.
    Snapshots(snapshots::Args),
    /// Proves that every row of the disagreement list has a correction or a reason for having none.
    Coverage(coverage::Args),
    /// Compares our verdicts with those of the published JSON Schema, and says who answers for every difference.
    Agree(agree::Args),
    /// Writes the pages that are made from code, or with `--check` compares them.
    Docs(docs::Args),
    /// Measures delivery beside a load generator (`wrk`) and the official SDKs.
    Bench(bench::Args),
    /// Kills the command at random instants while much goes wrong at the service, and accounts for every event.
    Chaos(chaos::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Refresh(args) => refresh::run(&args),
        Verb::Diff(args) => diff::run(&args),
        Verb::Snapshots(args) => snapshots::run(&args),
        Verb::Coverage(args) => coverage::run(&args),
        Verb::Agree(args) => agree::run(&args),
        Verb::Docs(args) => docs::run(&args),
        Verb::Bench(args) => bench::run(&args),
        Verb::Chaos(args) => chaos::run(&args),
    };
    // A reader that goes away early is no error: nothing is lost by not printing to it.
    match outcome {
        Ok(outcome) => {
            let _ = std::io::stdout().write_all(outcome.text.as_bytes());
            if outcome.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
