//! `mparticle replay`: dead letters, mended or not, sent again.

use super::exit::{Exit, Failure};
use super::inputs::Input;
use super::output::{Streams, count};
use super::send::{self, SendArgs};
use crate::deliver::dead_letter::Letters;

/// Lines that are no letters and are told one by one.
const TOLD: u64 = 20;

/// Checks and delivers the batches of dead letters.
///
/// # Errors
///
/// When it cannot begin: a line is no dead letter, or an option or the credentials are not usable. Nothing was sent then.
pub fn run(args: &mut SendArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let mut inputs = Vec::with_capacity(args.input.files.len());
    for path in &args.input.files {
        if path.as_os_str() == "-" {
            return Err(Failure::new("`-`: dead letters are read from files")
                .help("the journal, and the letters for what fails again, belong beside the file"));
        }
        if path.is_dir() {
            return Err(Failure::new(format!("{}: this is a directory", path.display()))
                .help("give the files of dead letters one by one"));
        }
        inputs.push(Input::Letters(path.clone()));
    }
    let mut bad = 0;
    for (path, input) in args.input.files.iter().zip(&inputs) {
        // Opened as a file: here the letters themselves are wanted.
        for letter in Letters::new(Input::File(path.clone()).open()?) {
            let Err(error) = letter else { continue };
            bad += 1;
            if bad <= TOLD {
                streams.complain(&format!("{}:{}: {}", input.name(), error.line, error.message), None);
            }
        }
    }
    if bad > 0 {
        return Err(Failure::new(format!("{} no dead letters; nothing was sent", count_lines(bad)))
            .help("mend or delete these lines; each is a JSON object with `line`, `reason` and `batch`"));
    }
    args.replay = true;
    // Each batch stands on a line of its own, whatever it begins with.
    args.input.format = super::args::Format::Ndjson;
    send::deliver(args, &inputs, streams)
}

fn count_lines(number: u64) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", count(number, "line"))
}
