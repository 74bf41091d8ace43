//! Opens what the command line names, with one clear message for each thing that can be wrong with it.

use std::fs::{self, File};
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::args::InputArgs;
use super::exit::Failure;
use super::interrupt::Interrupt;
use super::unpack::{Packing, Unpacked};
use super::walk;
use crate::deliver::dead_letter::Letters;

/// Bytes read at a time as they are; less, so that what is not packed goes straight through.
const PACKED_CHUNK: usize = 64 * 1024;

/// Something batches are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// A file of dead letters, of which it gives the batches: that of a line on the same line.
    Letters(PathBuf),
}

impl Input {
    /// How it is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "<stdin>".to_owned(),
            Self::File(path) | Self::Letters(path) => path.display().to_string(),
        }
    }

    /// Its size in bytes as it lies there, when that is known beforehand.
    #[must_use]
    pub fn stored_size(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) | Self::Letters(path) => {
                fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|data| data.len())
            }
        }
    }

    /// The number of bytes that reading it gives, when that is known beforehand: not of a packed file.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        let (Self::File(path), Some(size)) = (self, self.stored_size()) else { return None };
        let mut start = Vec::new();
        File::open(path).ok()?.take(4).read_to_end(&mut start).ok()?;
        (Packing::of(&start) == Packing::Plain).then_some(size)
    }

    /// Opens it; what is packed is unpacked while it is read.
    ///
    /// # Errors
    ///
    /// When it is not there, is a directory, or may not be read.
    pub fn open(&self) -> Result<Box<dyn Read + Send>, Failure> {
        self.open_watched(&Position::default(), None)
    }

    /// The same, but says how far it has read, and standard input ends when the run is interrupted.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_watched(
        &self,
        position: &Position,
        interrupt: Option<&Interrupt>,
    ) -> Result<Box<dyn Read + Send>, Failure> {
        Ok(match (self, interrupt) {
            (Self::Stdin, None) => unpacked(io::stdin(), position),
            (Self::Stdin, Some(interrupt)) => unpacked(interrupt.or_end(io::stdin()), position),
            (Self::File(path), _) => unpacked(open(path)?, position),
            (Self::Letters(path), _) => {
                let letters = Letters::new(unpacked(open(path)?, position));
                Box::new(Resent::new(letters))
            }
        })
    }
}

/// How many bytes were read of inputs as they lie there, packed or not.
#[derive(Clone, Debug, Default)]
pub struct Position(Arc<AtomicU64>);

impl Position {
    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The batches of dead letters, each on one line, ready to be sent again.
struct Resent<R> {
    letters: Letters<R>,
    line: usize,
    left: io::Cursor<Vec<u8>>,
}

impl<R: Read> Resent<R> {
    fn new(letters: Letters<R>) -> Self {
        Self { letters, line: 0, left: io::Cursor::default() }
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(letter) = self.letters.next() else { return Ok(None) };
        // Lines were looked at before; here only a change since then can make one bad.
        let letter = letter.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        let mut text = vec![b'\n'; self.letters.line().saturating_sub(self.line + 1)];
        self.line = self.letters.line();
        text.extend(letter.to_raw().bytes.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
        text.push(b'\n');
        Ok(Some(text))
    }
}

impl<R: Read> Read for Resent<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.left.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.next()? {
                Some(text) => self.left = io::Cursor::new(text),
                None => return Ok(0),
            }
        }
    }
}

struct Counted<R>(R, Position);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.0.fetch_add(u64::try_from(read).unwrap_or_default(), Ordering::Relaxed);
        Ok(read)
    }
}

fn unpacked(source: impl Read + Send + 'static, position: &Position) -> Box<dyn Read + Send> {
    let source = BufReader::with_capacity(PACKED_CHUNK, Counted(source, position.clone()));
    Box::new(Unpacked::new(source))
}

/// The inputs of a command line.
///
/// # Errors
///
/// When there are none, standard input is there twice, or a directory has no files of batches in it.
pub fn inputs(args: &InputArgs, command: &str) -> Result<Vec<Input>, Failure> {
    if args.files.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::new("no file given, and nothing is piped in").help(format!(
                "mparticle {command} events.ndjson, or pipe batches in: … | mparticle {command} -"
            )));
        }
        return Ok(vec![Input::Stdin]);
    }
    let mut inputs = Vec::with_capacity(args.files.len());
    for path in &args.files {
        if path == Path::new("-") {
            inputs.push(Input::Stdin);
        } else if path.is_dir() {
            inputs.extend(folder(path)?.into_iter().map(Input::File));
        } else {
            inputs.push(Input::File(path.clone()));
        }
    }
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(Failure::new("`-` is given twice; standard input can be read only once"));
    }
    Ok(inputs)
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let files = walk::files(path).map_err(|(path, error)| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Failure::new(format!("{}: no permission to list the directory", path.display()))
        }
        _ => Failure::new(format!("{}: the directory cannot be listed: {error}", path.display())),
    })?;
    if files.is_empty() {
        return Err(Failure::new(format!(
            "{}: there are no files of batches in the directory",
            path.display()
        ))
        .help(format!("looked for {}; other names can be given one by one", walk::LOOKED_FOR)));
    }
    Ok(files)
}

fn open(path: &Path) -> Result<File, Failure> {
    let name = path.display();
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(format!("{name}: no such file")).help("check the spelling; `-` reads standard input")
        }
        io::ErrorKind::PermissionDenied => Failure::new(format!("{name}: no permission to read it"))
            .help(format!("chmod +r {name}, or run as its owner")),
        _ => Failure::new(format!("{name}: cannot be opened: {error}")),
    })
}

/// What to say about an input without a single batch.
#[must_use]
pub fn empty(input: &Input) -> Failure {
    match input {
        Input::Stdin => Failure::new("<stdin>: nothing came in; there is no batch to work on"),
        Input::File(path) | Input::Letters(path) if input.stored_size() == Some(0) => {
            Failure::new(format!("{}: the file is empty; there is no batch to work on", path.display()))
        }
        Input::File(path) | Input::Letters(path) => {
            Failure::new(format!("{}: there is no batch in it", path.display()))
        }
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
    fn a_directory_without_batches_is_named_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let failure = inputs(&args(&[folder.path().to_str().unwrap()]), "validate").unwrap_err();
        assert!(failure.to_string().ends_with("no files of batches in the directory"), "{failure}");
    }

    #[test]
    fn reading_says_how_far_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        fs::write(&path, "{}\n").unwrap();
        let (input, position) = (Input::File(path), Position::default());
        let mut text = String::new();
        input.open_watched(&position, None).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), position.bytes(), input.size()), ("{}\n", 3, Some(3)));
    }
}
