//! Opens what the command line names, with one clear message for each thing that can be wrong with it.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};

use super::args::InputArgs;
use super::exit::Failure;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// Something batches are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// How it is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "<stdin>".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Its size in bytes, when that is known beforehand.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) => fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|data| data.len()),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// When it is not there, is a directory, or may not be read.
    pub fn open(&self) -> Result<Box<dyn BufRead + Send>, Failure> {
        match self {
            Self::Stdin => Ok(Box::new(BufReader::with_capacity(CHUNK, io::stdin()))),
            Self::File(path) => open(path),
        }
    }
}

/// The inputs of a command line.
///
/// # Errors
///
/// When there are none, or standard input twice.
pub fn inputs(args: &InputArgs, command: &str) -> Result<Vec<Input>, Failure> {
    if args.files.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::new("no file given, and nothing is piped in").help(format!(
                "mparticle {command} events.ndjson, or pipe batches in: … | mparticle {command} -"
            )));
        }
        return Ok(vec![Input::Stdin]);
    }
    let inputs: Vec<Input> = args
        .files
        .iter()
        .map(|path| if path == Path::new("-") { Input::Stdin } else { Input::File(path.clone()) })
        .collect();
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(Failure::new("`-` is given twice; standard input can be read only once"));
    }
    Ok(inputs)
}

fn open(path: &Path) -> Result<Box<dyn BufRead + Send>, Failure> {
    let name = path.display();
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(format!("{name}: no such file")).help("check the spelling; `-` reads standard input")
        }
        io::ErrorKind::PermissionDenied => Failure::new(format!("{name}: no permission to read it"))
            .help(format!("chmod +r {name}, or run as its owner")),
        _ => Failure::new(format!("{name}: cannot be opened: {error}")),
    };
    let file = File::open(path).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    if metadata.is_dir() {
        return Err(Failure::new(format!("{name}: is a directory"))
            .help(format!("name the files in it: {}/*.ndjson", name.to_string().trim_end_matches('/'))));
    }
    Ok(Box::new(BufReader::with_capacity(CHUNK, file)))
}

/// What to say about an input without a single batch.
#[must_use]
pub fn empty(input: &Input) -> Failure {
    match input {
        Input::Stdin => Failure::new("<stdin>: nothing came in; there is no batch to work on"),
        Input::File(path) if input.size() == Some(0) => {
            Failure::new(format!("{}: the file is empty; there is no batch to work on", path.display()))
        }
        Input::File(path) => Failure::new(format!("{}: there is no batch in it", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::Format;
    use super::*;

    fn args(files: &[&str]) -> InputArgs {
        InputArgs { files: files.iter().map(PathBuf::from).collect(), format: Format::Auto }
    }

    #[test]
    fn standard_input_is_a_file_named_dash_but_only_once() {
        let mixed = inputs(&args(&["a.ndjson", "-"]), "validate").unwrap();
        assert_eq!(mixed, [Input::File("a.ndjson".into()), Input::Stdin]);
        assert!(inputs(&args(&["-", "-"]), "validate").is_err());
    }

    #[test]
    fn a_directory_is_named_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let failure = open(folder.path()).err().unwrap();
        assert!(failure.to_string().ends_with("is a directory"), "{failure}");
    }
}
