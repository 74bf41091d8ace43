//! `mparticle completions`: what a shell needs to complete the command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::args::Cli;
use super::exit::{Exit, Failure};
use super::output::Streams;

/// Shown under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  mparticle completions bash > ~/.local/share/bash-completion/completions/mparticle
  mparticle completions zsh > ~/.zfunc/_mparticle
  mparticle completions fish > ~/.config/fish/completions/mparticle.fish";

/// Options of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
///
/// When standard output cannot be written to.
pub fn run(args: &CompletionsArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    // Through a buffer: the generator panics when its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mparticle", &mut script);
    streams.out.write_all(&script).map_err(Failure::stdout)?;
    Ok(Exit::Clean)
}
