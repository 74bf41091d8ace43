//! `mparticle send`: checks batches, packs them into requests and delivers them.

mod args;
mod deliver;
mod dry_run;
mod letters;
mod outcome;
mod plan;
mod producer;
mod route;
mod watch;

pub use args::{EXAMPLES, SendArgs};

use super::exit::{Exit, Failure};
use super::inputs::{self, Input};
use super::output::Streams;

/// Checks and delivers the files.
///
/// # Errors
///
/// When it cannot begin: an input, an option or the credentials are not usable. Nothing was sent then.
pub fn run(args: &SendArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let inputs = inputs::inputs(&args.input, "send")?;
    for input in &inputs {
        // All of them before the first is sent: half a delivery is worse than none.
        if matches!(input, Input::File(_)) {
            input.open()?;
        }
    }
    if args.dry_run { dry_run::run(args, &inputs, streams) } else { deliver::run(args, &inputs, streams) }
}
