//! What the tests of xtask share: changing the published document in memory, and running the real program.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use xtask::openapi_folder;
use xtask::pipeline::{self, Output, Sources};

/// The repository's sources.
pub fn sources() -> Sources {
    Sources::read(&openapi_folder()).unwrap()
}

/// The published document of the repository.
pub fn published() -> Value {
    pipeline::parse_openapi(pipeline::SPEC, &sources().spec).unwrap()
}

/// The published document after a change.
pub fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = published();
    change(&mut document);
    document
}

/// The pipeline's output for another published document.
pub fn generate(document: &Value) -> Output {
    pipeline::run(&Sources { spec: document.to_string(), ..sources() }).unwrap()
}

/// A schema of the document, to change.
pub fn schema<'a>(document: &'a mut Value, name: &str) -> &'a mut Value {
    &mut document["components"]["schemas"][name]
}

/// What a run of the program left behind.
pub struct Run {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `cargo xtask …` from the repository's root.
pub fn xtask(arguments: &[&str]) -> Run {
    let output = Command::cargo_bin("xtask")
        .unwrap()
        .args(arguments)
        .current_dir(openapi_folder().join(".."))
        .output()
        .unwrap();
    Run {
        ok: output.status.success(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A copy of `openapi/` to try things on.
pub struct Copy(pub tempfile::TempDir);

impl Copy {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(openapi_folder()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        Self(folder)
    }

    pub fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    /// Every file with its bytes, sorted by name.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }
}

/// A temporary file with a text.
pub fn file(text: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// A file in the folder of shared reference data, if that is here.
pub fn shared(name: &str) -> Option<String> {
    let path = openapi_folder().join("../../shared").join(name);
    if Path::new(&path).exists() {
        return Some(path.to_str().unwrap().to_owned());
    }
    eprintln!("skipped: {} is not here", path.display());
    None
}
