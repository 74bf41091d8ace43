//! The files of batches in a directory, in an order that does not depend on the file system.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What files of batches are called, packed or not.
const ENDINGS: [&str; 3] = [".ndjson", ".jsonl", ".json"];
/// What packed ones end with.
pub const PACKED: [&str; 2] = [".gz", ".zst"];

/// In words, for messages.
pub const LOOKED_FOR: &str = "*.ndjson, *.jsonl, *.json, and these with .gz or .zst";

/// All files of batches in `folder` and the folders in it, sorted by path. What begins with a dot is passed over, and so
/// are links to folders, which may lead round in a circle.
///
/// # Errors
///
/// When a folder cannot be read, with its name.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| (folder.clone(), error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path);
            } else if is_batches(&path) && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_batches(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let plain = PACKED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    // What an earlier delivery left behind is no part of the next one.
    ENDINGS.iter().any(|ending| plain.ends_with(ending)) && !plain.contains(".dead-letters.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_order_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/c")).unwrap();
        fs::create_dir_all(at(".git")).unwrap();
        for name in [
            "z.NDJSON",
            "b/c/y.jsonl.zst",
            "b/x.json.gz",
            "a.json",
            "readme.md",
            "old.gz",
            "a.json.dead-letters.2.ndjson",
            ".git/h.json",
        ] {
            fs::write(at(name), "").unwrap();
        }
        let names: Vec<String> = files(folder.path())
            .unwrap()
            .iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap().to_string_lossy().replace('\\', "/"))
            .collect();
        assert_eq!(names, ["a.json", "b/c/y.jsonl.zst", "b/x.json.gz", "z.NDJSON"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let (path, _) = files(Path::new("nowhere/at/all")).unwrap_err();
        assert_eq!(path, Path::new("nowhere/at/all"));
    }
}
