//! `mparticle send`: checks batches, packs them into requests and delivers them.

mod args;
mod book;
mod deliver;
mod dry_run;
mod entry;
mod header;
mod ledger;
mod letters;
mod outcome;
mod plan;
mod producer;
mod resume;
mod route;
mod watch;

pub use args::{EXAMPLES, REPLAY_EXAMPLES, SendArgs};

use std::path::Path;

use super::exit::{Exit, Failure};
use super::inputs::{self, Input};
use super::output::Streams;
use letters::LetterFile;

/// Checks and delivers the files.
///
/// # Errors
///
/// When it cannot begin: an input, an option or the credentials are not usable. Nothing was sent then.
pub fn run(args: &mut SendArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let inputs = inputs::inputs(&args.input, "send")?;
    deliver(args, &inputs, streams)
}

/// Checks and delivers these inputs.
///
/// # Errors
///
/// As [`run`].
pub fn deliver(args: &mut SendArgs, inputs: &[Input], streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    for input in inputs {
        // All of them before the first is sent: half a delivery is worse than none.
        if *input != Input::Stdin {
            input.open()?;
        }
    }
    if args.dry_run {
        return dry_run::run(args, inputs, streams);
    }
    let path = args.dead_letters.clone().unwrap_or_else(|| LetterFile::beside(inputs.first()));
    if inputs.iter().any(|input| is_file(input, &path)) {
        return Err(Failure::new(format!(
            "{} is input and file of dead letters at the same time",
            path.display()
        ))
        .help("give another file with --dead-letters; `mparticle replay` sends dead letters again"));
    }
    deliver::run(args, inputs, path, streams)
}

fn is_file(input: &Input, path: &Path) -> bool {
    let (Input::File(file) | Input::Letters(file)) = input else { return false };
    let real = |path: &Path| path.canonicalize().ok();
    real(path).is_some_and(|path| path.is_file() && real(file) == Some(path))
}
