//! The file of dead letters: made when the first one is written, added to when it is there.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::cli::inputs::Input;
use crate::clock::SharedClock;
use crate::deliver::dead_letter::{DeadLetter, DeadLetters, Letters};
use crate::disk::{sync_name, why};

/// Where dead letters go.
#[derive(Debug)]
pub struct LetterFile {
    path: PathBuf,
    overwrite: bool,
    clock: SharedClock,
    open: Option<DeadLetters<File>>,
    added: bool,
}

impl LetterFile {
    /// Letters for the given path; nothing is opened yet.
    #[must_use]
    pub fn new(path: PathBuf, overwrite: bool, clock: SharedClock) -> Self {
        Self { path, overwrite, clock, open: None, added: false }
    }

    /// The path unless one is given: beside the first input.
    #[must_use]
    pub fn beside(input: Option<&Input>) -> PathBuf {
        match input {
            Some(Input::Letters(path)) => after(path),
            Some(Input::File(path)) => {
                let mut name = path.clone().into_os_string();
                name.push(".dead-letters.ndjson");
                name.into()
            }
            _ => "stdin.dead-letters.ndjson".into(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many letters were written, and whether they were added to earlier ones.
    #[must_use]
    pub fn written(&self) -> (u64, bool) {
        (self.open.as_ref().map_or(0, DeadLetters::written), self.added)
    }

    /// Writes a letter; what was written stays, however the run ends. Returns the bytes of the file then, when it is a plain file.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the message names the file. Nothing may be sent on then.
    pub fn write(&mut self, letter: &DeadLetter) -> io::Result<Option<u64>> {
        let result = self.file().and_then(|file| {
            let before = length(file.get_ref())?;
            match (file.write(letter), before) {
                (Ok(()), _) => length(file.get_ref()),
                (Err(error), Some(before)) => {
                    // Half a letter must not run into the next one.
                    let _ = file.get_ref().set_len(before);
                    Err(error)
                }
                (Err(error), None) => Err(error),
            }
        });
        result.map_err(|error| self.explained(&error))
    }

    /// Gets ready for a delivery that can be resumed. Returns the bytes of the file before it.
    ///
    /// # Errors
    ///
    /// When it was to be replaced, and cannot be.
    pub fn prepare(&mut self) -> io::Result<u64> {
        if self.overwrite {
            // At once: letters of earlier times must not be taken for ours.
            self.file().map(|_| ()).map_err(|error| self.explained(&error))?;
        }
        Ok(fs::metadata(&self.path).ok().filter(Metadata::is_file).map_or(0, |data| data.len()))
    }

    /// Letters behind byte `from`: those of a delivery that was killed before it could account for them. Half a letter at the end
    /// is taken away.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be read.
    pub fn behind(&mut self, from: u64) -> io::Result<Vec<DeadLetter>> {
        behind(&self.path, from).map_err(|error| self.explained(&error))
    }

    /// Brings what was written to the disk.
    ///
    /// # Errors
    ///
    /// When the disk does not take it.
    pub fn sync(&mut self) -> io::Result<()> {
        let Some(file) = &self.open else { return Ok(()) };
        let file = file.get_ref();
        let synced = if length(file)?.is_some() { file.sync_data() } else { Ok(()) };
        synced.map_err(|error| self.explained(&error))
    }

    fn file(&mut self) -> io::Result<&mut DeadLetters<File>> {
        let file = match self.open.take() {
            Some(file) => file,
            None => {
                let (file, added) = open(&self.path, self.overwrite)?;
                self.added = added;
                DeadLetters::new(file, self.clock.clone())
            }
        };
        Ok(self.open.insert(file))
    }

    fn explained(&self, error: &io::Error) -> io::Error {
        let path = self.path.display();
        let why = why(error);
        io::Error::new(error.kind(), format!("dead letters cannot be written to {path}: {why}"))
    }
}

/// The file after `a.dead-letters.ndjson` is `a.dead-letters.2.ndjson`, and so on.
fn after(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.parse::<u64>().is_err() => {
            (stem, format!(".{ending}"))
        }
        _ => (name.as_str(), String::new()),
    };
    let (stem, number) = match stem.rsplit_once('.') {
        Some((before, number)) if !before.is_empty() => match number.parse::<u64>() {
            Ok(number) => (before, number.saturating_add(1)),
            Err(_) => (stem, 2),
        },
        _ => (stem, 2),
    };
    path.with_file_name(format!("{stem}.{number}{ending}"))
}

/// The bytes of a plain file; what is none, such as a pipe, has no length.
fn length(file: &File) -> io::Result<Option<u64>> {
    let data = file.metadata()?;
    Ok(data.is_file().then_some(data.len()))
}

fn behind(path: &Path, from: u64) -> io::Result<Vec<DeadLetter>> {
    if !fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() > from) {
        return Ok(Vec::new());
    }
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if whole < text.len() {
        file.set_len(from + u64::try_from(whole).unwrap_or_default())?;
        text.truncate(whole);
    }
    // Lines that are no letters are not ours.
    Ok(Letters::new(&text[..]).filter_map(Result::ok).collect())
}

/// Opens for adding, after a line end: a run that was killed may have left half a line.
fn open(path: &Path, overwrite: bool) -> io::Result<(File, bool)> {
    if overwrite {
        let file = File::create(path)?;
        named(&file, path)?;
        return Ok((file, false));
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // What is no plain file, such as a pipe, has no end to look at.
    if length(&file)?.is_none_or(|length| length == 0) {
        named(&file, path)?;
        return Ok((file, false));
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok((file, true))
}

/// Makes sure that a file that was just made is still there after a loss of power. Letters in it are synced before they count.
fn named(file: &File, path: &Path) -> io::Result<()> {
    if length(file)?.is_some() { sync_name(path) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::deliver::Reason;

    #[test]
    fn letters_stand_beside_the_input() {
        let path = LetterFile::beside(Some(&Input::File("day/a.ndjson".into())));
        assert_eq!(path, PathBuf::from("day/a.ndjson.dead-letters.ndjson"));
        assert_eq!(LetterFile::beside(Some(&Input::Stdin)), PathBuf::from("stdin.dead-letters.ndjson"));
    }

    #[test]
    fn letters_of_letters_are_numbered() {
        for (name, next) in [
            ("d/a.dead-letters.ndjson", "d/a.dead-letters.2.ndjson"),
            ("a.dead-letters.2.ndjson", "a.dead-letters.3.ndjson"),
            ("left", "left.2"),
            ("left.9", "left.10"),
            (".left", ".left.2"),
        ] {
            let input = Input::Letters(name.into());
            assert_eq!(LetterFile::beside(Some(&input)), PathBuf::from(next));
        }
    }

    #[test]
    fn only_whole_letters_behind_the_place_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters");
        let mut letters = LetterFile::new(path.clone(), false, crate::clock::system());
        assert!(letters.behind(0).unwrap().is_empty());
        let letter =
            |line| DeadLetter { line, ..DeadLetter::unsent(&Default::default(), Reason::Invalid, None, "x") };
        let first = letters.write(&letter(1)).unwrap().unwrap();
        let second = letters.write(&letter(2)).unwrap().unwrap();
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"file\":");
        fs::write(&path, text).unwrap();
        let found: Vec<usize> = letters.behind(first).unwrap().iter().map(|letter| letter.line).collect();
        assert_eq!(found, [2]);
        assert_eq!(fs::metadata(&path).unwrap().len(), second);
        assert_eq!(letters.behind(0).unwrap().len(), 2);
    }

    #[test]
    fn half_a_line_is_ended_before_anything_is_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters");
        fs::write(&path, "{\"half\":").unwrap();
        let (mut file, added) = open(&path, false).unwrap();
        file.write_all(b"{}\n").unwrap();
        assert!(added);
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"half\":\n{}\n");

        let (_, added) = open(&path, true).unwrap();
        assert!(!added);
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let mut letters = LetterFile::new("/nonexistent/x".into(), false, crate::clock::system());
        let letter = DeadLetter::unsent(&Default::default(), crate::deliver::Reason::Invalid, None, "x");
        let error = letters.write(&letter).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dead letters cannot be written to /nonexistent/x: its directory does not exist"
        );
    }
}
