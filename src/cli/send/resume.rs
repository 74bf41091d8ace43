//! Whether a delivery begins, goes on or is over already: opens the journal and says so.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::args::SendArgs;
use super::book::Book;
use super::header::{self, time};
use super::ledger::Ledger;
use super::letters::LetterFile;
use crate::cli::exit::Failure;
use crate::cli::inputs::Input;
use crate::cli::output::count;
use crate::disk::{create_folder, why};
use crate::journal::{Checkpoint, Done, Header, Journal, JournalError, SharedContent, State};

/// Opens the journal, when one is to be kept, and takes from it the time that ages are measured from.
///
/// # Errors
///
/// When it cannot be kept, or an earlier run has to be decided about first. Nothing was sent then.
pub fn open(args: &mut SendArgs, inputs: &[Input], mut letters: LetterFile) -> Result<Ledger, Failure> {
    let Some(path) = place(args, inputs)? else { return Ok(Ledger::new(letters, None)) };
    let (journal, state) = if args.restart {
        (Journal::restart(&path).map_err(failure)?, State::default())
    } else {
        Journal::open(&path).map_err(failure)?
    };
    let anew = !args.resume && (is_untouched(&state, &mut letters)? || is_other_content(&state, inputs));
    let (book, as_of) = match &state.header {
        Some(earlier) if !anew => {
            header::compare(earlier, args, inputs)?;
            if !args.resume {
                return Err(undecided(&state, inputs, &path));
            }
            let as_of = earlier.as_of;
            let names: Vec<String> = earlier.inputs.iter().map(|input| input.name.clone()).collect();
            (go_on(journal, state, &mut letters, &names)?, as_of)
        }
        _ => begin(journal, args, inputs, &mut letters)?,
    };
    args.check.as_of = Some(as_of);
    Ok(Ledger::new(letters, Some(book)))
}

fn begin(
    mut journal: Journal,
    args: &SendArgs,
    inputs: &[Input],
    letters: &mut LetterFile,
) -> Result<(Book, i64), Failure> {
    let from = letters.prepare().map_err(|error| Failure::new(error.to_string()))?;
    let header: Header = header::of(args, inputs, from);
    let as_of = header.as_of;
    journal.begin(header.clone()).map_err(|error| Failure::new(error.to_string()).help(ELSEWHERE))?;
    Ok((Book::new(journal, State::begun(header), Vec::new()), as_of))
}

/// What can be done when there is no room for a journal.
const ELSEWHERE: &str = "--state-dir DIR keeps it elsewhere";

fn go_on(
    mut journal: Journal,
    state: State,
    letters: &mut LetterFile,
    names: &[String],
) -> Result<Book, Failure> {
    let stop = |error: std::io::Error| Failure::new(error.to_string());
    let mut orphans = letters.behind(state.letters).map_err(stop)?;
    orphans.retain(|letter| letter.file.as_ref().is_some_and(|file| names.contains(file)));
    let length = letters.prepare().map_err(stop)?;
    if length < state.letters {
        // Somebody took letters away to mend them: new ones begin further up.
        let moved = Done { letters: Some(length), ..Done::default() };
        let unused = || Checkpoint { offset: 0, digest: String::new() };
        journal.settle(moved, unused).map_err(stop)?;
    }
    Ok(Book::new(journal, state, orphans))
}

/// What to say when there is an earlier run and nobody said what to do about it.
fn undecided(state: &State, inputs: &[Input], path: &Path) -> Failure {
    let what = inputs.first().map(Input::name).unwrap_or_default();
    let what = match inputs.len() {
        0 | 1 => what,
        more => format!("{what} and {}", count(u64::try_from(more - 1).unwrap_or_default(), "more file")),
    };
    let (accepted, rejected) = (count(state.counts.accepted(), "batch"), state.counts.rejected());
    match &state.end {
        Some(end) => Failure::new(format!(
            "{what}: delivered already, at {}: {accepted} accepted, {rejected} rejected",
            time(end.at)
        ))
        .help("--resume sends what was added to it since; --restart sends all of it again"),
        None => Failure::new(format!(
            "{what}: an earlier delivery did not come to its end: {accepted} accepted, {rejected} rejected so far (journal: {})",
            path.display()
        ))
        .help("--resume goes on where it stopped; --restart begins anew"),
    }
}

/// Whether an earlier run settled nothing, such as one with a wrong key: then there is nothing to decide about.
fn is_untouched(state: &State, letters: &mut LetterFile) -> Result<bool, Failure> {
    if state.header.is_none() || !state.is_untouched() {
        return Ok(false);
    }
    let letters = letters.behind(state.letters).map_err(|error| Failure::new(error.to_string()))?;
    Ok(letters.is_empty())
}

/// Bytes that are compared at a time.
const BLOCK: usize = 64 * 1024;

/// Whether a delivery came to its end, and the files have the same names but begin with something else.
fn is_other_content(state: &State, inputs: &[Input]) -> bool {
    if state.end.is_none() {
        return false;
    }
    let Some(first) = state.checkpoints.first() else { return true };
    let content = SharedContent::new(vec![first.clone()]);
    for input in inputs {
        // Standard input is not read here: it could not be read again.
        let (true, Ok(file)) = (*input != Input::Stdin, input.open()) else { return true };
        let (mut file, mut watch, mut block) = (file, content.watch(), vec![0; BLOCK]);
        while let Ok(length @ 1..) = file.read(&mut block) {
            if watch(&Bytes::copy_from_slice(block.get(..length).unwrap_or_default())).is_err() {
                return true;
            }
            if content.lock().is_verified() {
                return false;
            }
        }
    }
    true
}

/// Where the journal is; none when none is kept.
fn place(args: &SendArgs, inputs: &[Input]) -> Result<Option<PathBuf>, Failure> {
    if args.no_journal {
        return Ok(None);
    }
    let all_files = inputs.iter().all(|input| input.stored_size().is_some());
    match &args.state_dir {
        Some(folder) => {
            create_folder(folder).map_err(|error| {
                Failure::new(format!("--state-dir {}: {}", folder.display(), why(&error)))
            })?;
            Ok(Some(folder.join(name_for(inputs))))
        }
        None if (args.resume || args.restart) && args.sandbox => {
            Err(Failure::new("a delivery to --sandbox has a journal only with --state-dir DIR"))
        }
        None if (args.resume || args.restart) && !all_files => {
            Err(Failure::new("what comes from a pipe has a journal only with --state-dir DIR")
                .help("for --resume the same bytes have to come again, from the beginning"))
        }
        None if args.sandbox || !all_files => Ok(None),
        None => Ok(match inputs.first() {
            Some(Input::File(path) | Input::Letters(path)) => Some(with_ending(path.clone().into()).into()),
            _ => None,
        }),
    }
}

fn with_ending(mut name: OsString) -> OsString {
    name.push(".mparticle-journal");
    name
}

/// A name made from all inputs, for a directory that holds journals of several deliveries.
fn name_for(inputs: &[Input]) -> OsString {
    let mut all = Vec::new();
    for input in inputs {
        let path = PathBuf::from(input.name());
        let path = if *input == Input::Stdin { path } else { std::path::absolute(&path).unwrap_or(path) };
        all.extend_from_slice(path.as_os_str().as_encoded_bytes());
        all.push(0);
    }
    let hash = crc32fast::hash(&all);
    let first = match inputs.first() {
        Some(Input::File(path) | Input::Letters(path)) => path.file_name().unwrap_or(OsStr::new("batches")),
        _ => OsStr::new("stdin"),
    };
    let mut name = first.to_owned();
    name.push(format!("-{hash:08x}"));
    with_ending(name)
}

fn failure(error: JournalError) -> Failure {
    Failure::new(error.to_string()).help(error.help())
}

/// The command that goes on with this delivery.
#[must_use]
pub fn command() -> String {
    let args: Vec<String> = std::env::args_os().skip(1).map(|arg| quoted(&arg.to_string_lossy())).collect();
    command_of(args)
}

fn command_of(mut args: Vec<String>) -> String {
    args.retain(|arg| !matches!(arg.as_str(), "--restart" | "--overwrite" | "--resume"));
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    args.insert(end, "--resume".to_owned());
    format!("mparticle {}", args.join(" "))
}

/// As a shell takes it for one word.
fn quoted(arg: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !arg.is_empty() && arg.bytes().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_go_on_with_can_be_pasted() {
        let args = |line: &str| line.split(' ').map(quoted).collect::<Vec<_>>();
        assert_eq!(
            command_of(args("send --restart a.ndjson --pod eu1")),
            "mparticle send a.ndjson --pod eu1 --resume"
        );
        assert_eq!(command_of(args("send --resume -- -odd")), "mparticle send --resume -- -odd");
        assert_eq!(quoted("it's 1"), r"'it'\''s 1'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn each_delivery_has_its_own_name_in_a_common_directory() {
        let file = |name: &str| Input::File(name.into());
        let name = |inputs: &[Input]| name_for(inputs).into_string().unwrap();
        let one = name(&[file("d/a.ndjson")]);
        assert!(one.starts_with("a.ndjson-") && one.ends_with(".mparticle-journal"), "{one}");
        assert_ne!(one, name(&[file("e/a.ndjson")]));
        assert_ne!(one, name(&[file("d/a.ndjson"), file("b")]));
        assert!(name(&[Input::Stdin]).starts_with("stdin-"));
    }
}
