//! The `mparticle` command: arguments in, exit code out. Everything it knows about batches is in the library.

mod ahead;
mod args;
mod completions;
mod config;
mod exit;
mod explain;
mod groups;
mod inputs;
mod interrupt;
mod output;
mod printer;
mod progress;
mod replay;
mod rules;
mod runtime;
mod sandbox;
mod schema;
mod selectors;
mod send;
mod tally;
mod unpack;
mod validate;
mod walk;

use std::process::ExitCode;

use clap::Parser;

use args::{CheckArgs, Cli, Command};
use exit::{Exit, Failure};
use output::Streams;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // `--help | head` closes the pipe: nothing to report to anybody.
            let _ = usage.print();
            return ExitCode::from(if usage.use_stderr() {
                Exit::Incomplete.code()
            } else {
                Exit::Clean.code()
            });
        }
    };
    match output::with_streams(cli.color, |streams| run(&mut cli.command, streams)) {
        Ok(exit) => exit.into(),
        Err(failure) => ExitCode::from(failure.code()),
    }
}

fn run(command: &mut Command, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Validate(args) => configure(&mut args.check, args.quiet, streams)?,
        Command::Send(args) | Command::Replay(args) => configure(&mut args.check, args.quiet, streams)?,
        _ => {}
    }
    match command {
        Command::Validate(args) => validate::run(args, streams),
        Command::Send(args) => send::run(args, streams),
        Command::Replay(args) => replay::run(args, streams),
        Command::Sandbox(args) => sandbox::run(args, streams),
        Command::Rules(args) => rules::run(args, streams),
        Command::Explain(args) => explain::run(args, streams),
        Command::Schema => schema::run(streams),
        Command::Completions(args) => completions::run(args, streams),
    }
}

/// Reads the file of settings, and says so when nobody asked for it: it can turn errors off.
fn configure(check: &mut CheckArgs, quiet: bool, streams: &mut Streams<'_>) -> Result<(), Failure> {
    check.configure()?;
    if check.file.found && !quiet {
        streams.note("settings of the check are taken from mparticle.toml; --no-config does without");
    }
    Ok(())
}
