//! The file of dead letters: made when the first one is written, added to when it is there.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::cli::inputs::Input;
use crate::clock::SharedClock;
use crate::deliver::dead_letter::{DeadLetter, DeadLetters};

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

    /// Writes a letter; what was written stays, however the run ends.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the message names the file. Nothing may be sent on then.
    pub fn write(&mut self, letter: &DeadLetter) -> io::Result<()> {
        let result = self.file().and_then(|file| file.write(letter));
        result.map_err(|error| self.explained(&error))
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
        let why = match error.kind() {
            io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
            io::ErrorKind::PermissionDenied => "no permission to write there".to_owned(),
            io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
            _ => error.to_string(),
        };
        io::Error::new(error.kind(), format!("dead letters cannot be written to {path}: {why}"))
    }
}

/// Opens for adding, after a line end: a run that was killed may have left half a line.
fn open(path: &Path, overwrite: bool) -> io::Result<(File, bool)> {
    if overwrite {
        return Ok((File::create(path)?, false));
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // What is no plain file, such as a pipe, has no end to look at.
    if !file.metadata()?.is_file() || file.metadata()?.len() == 0 {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn letters_stand_beside_the_input() {
        let path = LetterFile::beside(Some(&Input::File("day/a.ndjson".into())));
        assert_eq!(path, PathBuf::from("day/a.ndjson.dead-letters.ndjson"));
        assert_eq!(LetterFile::beside(Some(&Input::Stdin)), PathBuf::from("stdin.dead-letters.ndjson"));
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
