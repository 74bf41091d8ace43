//! What the tests share: the command in a clean environment, a sandbox in another process, batches.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_mparticle");

/// The time at which the example file is fresh.
pub const AS_OF: &str = "2026-11-20T12:00:00Z";
/// The example file.
pub const EXAMPLE: &str = "examples/batches.ndjson";

/// The command, without anything of the tester's own environment that it looks at.
pub fn mparticle() -> Command {
    let mut command = Command::new(BINARY);
    for name in ["MPARTICLE_API_KEY", "MPARTICLE_API_SECRET", "MPARTICLE_POD", "COLUMNS", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1");
    command
}

/// The same, for tests that talk to it while it runs.
pub fn running(args: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(BINARY);
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::piped());
    command.env("NO_COLOR", "1");
    command
}

/// A good batch of the customer with this number, on one line.
pub fn good(customer: usize) -> String {
    format!(
        r#"{{"environment":"development","user_identities":{{"customer_id":"C-{customer}"}},"events":[{{"event_type":"custom_event","data":{{"event_name":"Seen","custom_event_type":"other","timestamp_unixtime_ms":1795170000000}}}}]}}"#
    )
}

/// So many good batches, one a line.
pub fn lines(number: usize) -> String {
    (0..number).map(|customer| good(customer) + "\n").collect()
}

/// A folder with one file in it.
pub fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

/// The dead letters of a file, parsed.
pub fn letters(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `mparticle sandbox` in a process of its own; ends with the test.
pub struct SandboxProcess {
    child: Child,
    pub url: String,
}

impl SandboxProcess {
    pub fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = running(&["sandbox", "--port", "0"]);
        command.args(args).envs(env.iter().copied()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for SandboxProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
