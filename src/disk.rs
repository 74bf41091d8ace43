//! What disks say when they take nothing, and what they have to be told so that a new file is still there after a loss of power.

use std::io;
use std::path::Path;

/// Why a file cannot be written, for people.
#[must_use]
pub(crate) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to write there".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is no directory".to_owned(),
        io::ErrorKind::FileTooLarge => "files may not grow larger here (ulimit -f)".to_owned(),
        _ => error.to_string(),
    }
}

/// Brings the name of a file that was just made to the disk: what is in the file is synced with the file, that it is there at all with
/// its directory.
///
/// Where the platform or the file system knows no such thing, or the directory may not be read, it does nothing.
///
/// # Errors
///
/// When the disk does not take it.
pub(crate) fn sync_name(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        // Through links, to the directory that has the file. One without a name, such as one that was deleted, has none.
        match std::fs::canonicalize(path) {
            Ok(real) => real.parent().map_or(Ok(()), sync_folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.or_else(|error| if is_beyond_it(&error) { Ok(()) } else { Err(error) })
}

/// Whether the file system cannot sync directories, or this one may only be written to.
#[cfg(unix)]
fn is_beyond_it(error: &io::Error) -> bool {
    const ENOTSUP: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 95 } else { 45 };
    let kinds = [io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied];
    kinds.contains(&error.kind()) || error.raw_os_error() == Some(ENOTSUP)
}

/// Makes a directory and those above it that are missing; they are still there after a loss of power.
///
/// # Errors
///
/// When it cannot be made, or the disk does not take it.
#[cfg(feature = "cli")]
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let is_missing = |one: &&Path| !one.as_os_str().is_empty() && !one.exists();
    let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    std::fs::create_dir_all(folder)?;
    missing.into_iter().rev().try_for_each(sync_name)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_system_cannot_do_is_not_asked_of_it() {
        for (number, expected) in [(22, true), (95, cfg!(target_os = "linux")), (5, false), (28, false)] {
            assert_eq!(is_beyond_it(&io::Error::from_raw_os_error(number)), expected, "{number}");
        }
        // The kernel's own files: their directory cannot be synced.
        #[cfg(target_os = "linux")]
        assert!(std::fs::File::open("/proc").unwrap().sync_all().is_err());
        sync_name(Path::new("/proc/version")).unwrap();
    }

    #[test]
    fn names_are_found_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        sync_name(&file).unwrap();
        sync_name(&link).unwrap();
        sync_name(Path::new("Cargo.toml")).unwrap();
        sync_name(Path::new("/")).unwrap();
        sync_name(&folder.path().join("gone")).unwrap();
        sync_name(&file.join("below")).unwrap_err();
    }
}
