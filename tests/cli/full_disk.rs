//! A disk that runs full in the middle of a delivery, with journal and dead letters on it: a clear stop, and when there is room again
//! it goes on with nothing missing and nothing twice.
//!
//! The disk is a small file system of memory where this process may mount one, in a name space that ends with the test. The other
//! way works everywhere: files that may not grow beyond a size.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::resume::{adds_up, mixed, number, rejected};
use crate::send::{CREDENTIALS, get};
use crate::support::{AS_OF, SandboxProcess, file, letters};

/// Runs the command (`"$@"`) in `$DISK`, where there is little room, and again with `--resume` when there is enough.
#[derive(Clone, Copy, Debug)]
enum Disk {
    /// So many kilobytes in all.
    Mounted(u32),
    /// Blocks of 512 or of 1024 bytes, as the shell has it, for each file.
    Limited(u32),
}

impl Disk {
    fn run(self, folder: &Path, args: &[&str]) -> Output {
        let (little, enough) = match self {
            Self::Mounted(size) => (
                format!("mount -t tmpfs -o size={size}k none . && cd \"$DISK\""),
                "mount -o remount,size=64m \"$DISK\"".to_owned(),
            ),
            // The signal would end the process before it can say why.
            Self::Limited(blocks) => {
                (format!("trap '' XFSZ; ulimit -S -f {blocks}"), "ulimit -S -f unlimited".to_owned())
            }
        };
        let script = format!(
            "cd \"$DISK\" && {little} || exit 99
            \"$0\" \"$@\" >first.out 2>\"$KEPT/first.err\"; echo $? >\"$KEPT/first.code\"
            {enough} || exit 98
            \"$0\" \"$@\" --resume >\"$KEPT/second.out\" 2>\"$KEPT/second.err\"; code=$?
            cp letters \"$KEPT/\"; exit $code"
        );
        let mut command = match self {
            Self::Mounted(_) => Command::new("unshare"),
            Self::Limited(_) => Command::new("sh"),
        };
        if matches!(self, Self::Mounted(_)) {
            command.args(["-rm", "sh"]);
        }
        let disk = folder.join("disk");
        std::fs::create_dir_all(&disk).unwrap();
        command.args(["-c", &script, env!("CARGO_BIN_EXE_mparticle")]).args(args);
        command.env("DISK", &disk).env("KEPT", folder).envs(CREDENTIALS).env("NO_COLOR", "1");
        command.output().unwrap()
    }

    /// Whether file systems can be mounted here.
    fn can_mount() -> bool {
        let folder = tempfile::tempdir().unwrap();
        let mount =
            Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none"]).arg(folder.path()).output();
        mount.is_ok_and(|output| output.status.success())
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn it_stops_with_the_reason_and_goes_on_when_there_is_room() {
    let mut disks = vec![Disk::Limited(2), Disk::Limited(8), Disk::Limited(40)];
    if Disk::can_mount() {
        disks.extend([Disk::Mounted(8), Disk::Mounted(24), Disk::Mounted(100)]);
    } else {
        eprintln!("no file system can be mounted here: only with files that may not grow");
    }
    for disk in disks {
        let sandbox = SandboxProcess::start(&["--as-of", AS_OF, "--limit", "batch_bytes_hard=1500"], &[]);
        let (lines, bad) = mixed(4000);
        let (folder, path) = file("day.ndjson", lines);
        let fixed = ["send", "--base-url", &sandbox.url, "--as-of", AS_OF, "--rate", "1000000"];
        let more =
            ["--no-validate", "--limit", "batch_bytes_hard=1500", "--output", "json", "--concurrency", "1"];
        let places = ["--state-dir", "journals", "--dead-letters", "letters", path.to_str().unwrap()];
        let output = disk.run(folder.path(), &[&fixed[..], &more, &places].concat());

        let first = text(&folder.path().join("first.err"));
        assert_eq!(text(&folder.path().join("first.code")), "2\n", "{disk:?}: {first} {output:?}");
        let why = match disk {
            Disk::Mounted(_) => ": the disk is full",
            Disk::Limited(_) => ": files may not grow larger here",
        };
        assert!(first.contains("stopped: ") && first.contains(why), "{disk:?}: {first}");
        assert!(first.contains(" cannot be written"), "{disk:?}: {first}");

        let second = text(&folder.path().join("second.err"));
        assert_eq!(output.status.code(), Some(1), "{disk:?}: {second} {output:?}");
        let summary: Value = serde_json::from_str(&text(&folder.path().join("second.out"))).unwrap();
        adds_up(&summary);
        assert_eq!((number(&summary["read"]), number(&summary["not_attempted"])), (4000, 0), "{summary}");
        assert_eq!(rejected(&summary), bad.len() as u64, "{disk:?}: {summary}");
        let letters: Vec<u64> =
            letters(&folder.path().join("letters")).iter().map(|letter| number(&letter["line"])).collect();
        assert_eq!(letters.len(), bad.len(), "{disk:?}: a letter is there twice or missing");
        assert_eq!(letters.into_iter().collect::<BTreeSet<_>>(), bad);
        let stats = get(&sandbox.url, "/sandbox/stats");
        assert_eq!(number(&stats["batches"]["accepted"]), 4000 - bad.len() as u64, "{disk:?}: {stats}");
    }
}
