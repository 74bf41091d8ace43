//! Directories and packed files: what is in them is what counts, not their names.

use std::path::Path;
use std::process::Command;

use predicates::str::contains;

use crate::support::{file, good, lines, mparticle};

/// Bytes packed by a member of the stored kind, which needs no compressor: the format's own framing by hand.
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    let length = u16::try_from(text.len()).unwrap();
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(text);
    let crc = text.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

/// A frame with one raw block.
fn zstd(text: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    let length = u32::try_from(text.len()).unwrap();
    out.extend(length.to_le_bytes());
    out.extend(&((length << 3) | 1).to_le_bytes()[..3]);
    out.extend(text);
    out
}

#[test]
fn packed_input_is_known_by_its_content() {
    let batches = lines(3);
    for packed in [gzip(batches.as_bytes()), zstd(batches.as_bytes())] {
        let (_folder, path) = file("without-an-ending", &packed);
        mparticle().arg("validate").arg(&path).assert().code(0).stderr(contains("3 batches: 3 clean"));
        mparticle().arg("validate").write_stdin(packed.clone()).assert().code(0).stderr(contains("3 clean"));
        mparticle().args(["send", "--sandbox"]).arg(&path).assert().code(0).stderr(contains("3 accepted"));
        mparticle().args(["send", "--dry-run"]).arg(&path).assert().code(0);
    }
}

#[test]
fn plain_text_named_as_packed_is_read_as_what_it_is() {
    let (_folder, path) = file("plain.ndjson.gz", lines(2));
    mparticle().arg("validate").arg(&path).assert().code(0).stderr(contains("2 batches: 2 clean"));
}

#[test]
fn a_packed_file_that_is_cut_off_gets_one_message_and_the_others_are_checked() {
    for packed in [gzip(lines(5).as_bytes()), zstd(lines(5).as_bytes())] {
        let (_one, cut) = file("cut.ndjson", &packed[..packed.len() - 20]);
        let (_two, whole) = file("whole.ndjson", lines(2));
        let assert = mparticle().arg("validate").args([&cut, &whole]).assert().code(2).stdout("");
        let told = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert_eq!(told.matches("error: ").count(), 1, "{told}");
        assert!(
            told.contains("cut.ndjson: reading failed: the ") && told.contains("ends before it is complete")
        );
    }
}

#[test]
fn a_directory_is_all_files_of_batches_in_it_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    let bad = good(1).replace("custom_event\"", "custom_evnt\"") + "\n";
    put("b.json", bad.as_bytes());
    put("a/deep/c.ndjson.gz", &gzip(bad.as_bytes()));
    put("a/b.jsonl", bad.as_bytes());
    put("a/notes.txt", b"no batches");
    let assert = mparticle().args(["validate", "--output", "json"]).arg(folder.path()).assert().code(1);
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let files: Vec<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["file"].as_str().unwrap().to_owned()
        })
        .map(|file| Path::new(&file).strip_prefix(folder.path()).unwrap().display().to_string())
        .collect();
    assert_eq!(files, ["a/b.jsonl", "a/deep/c.ndjson.gz", "b.json"]);
    let told = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(told.contains("3 files, 3 batches"), "{told}");
}

/// With the real tool, where there is one: its frames have compressed blocks and a checksum.
#[test]
fn what_the_zstd_command_writes_is_read() {
    let (folder, path) = file("a.ndjson", lines(500));
    let Ok(status) = Command::new("zstd").arg("-q").arg(&path).status() else { return };
    assert!(status.success());
    let packed = folder.path().join("a.ndjson.zst");
    mparticle().arg("validate").arg(packed).assert().code(0).stderr(contains("500 batches: 500 clean"));
}
