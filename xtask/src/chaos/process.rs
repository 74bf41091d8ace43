//! The real command as a process that is killed, interrupted or left alone; always ended within a bounded time.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long the command may take when nothing happens to it, and to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(90);
const EVERY: Duration = Duration::from_millis(2);

/// What happens to the process, and how long after its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// Nothing.
    None,
    /// `kill -9`.
    Kill(Duration),
    /// Ctrl-C.
    Interrupt(Duration),
    /// Ctrl-C, and again so much later.
    InterruptTwice(Duration, Duration),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By our signal.
    Killed,
    /// By itself, with this code and this on standard output.
    Code(i32, String),
}

/// Starts the command again and again.
#[derive(Clone, Debug)]
pub struct Sender {
    binary: PathBuf,
    args: Vec<String>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Sender {
    /// The command with all arguments but `--resume`. What it writes is kept in `folder`.
    #[must_use]
    pub fn new(binary: &Path, args: Vec<String>, folder: &Path) -> Self {
        let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
        Self { binary: binary.to_owned(), args, stdout, stderr }
    }

    /// The arguments, for people to repeat it.
    #[must_use]
    pub fn args(&self) -> String {
        self.args.join(" ")
    }

    /// What all runs wrote to standard error.
    #[must_use]
    pub fn complaints(&self) -> String {
        fs::read(&self.stderr).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    /// Runs it once.
    ///
    /// # Errors
    ///
    /// When it cannot be started, does not end, or ends in a way that nobody asked for.
    pub fn run(&self, resume: bool, disturbance: Disturbance) -> Result<End> {
        let stderr = OpenOptions::new().create(true).append(true).open(&self.stderr)?;
        let mut child = Command::new(&self.binary)
            .args(&self.args)
            .args(resume.then_some("--resume"))
            .env("MPARTICLE_API_KEY", "chaos-key")
            .env("MPARTICLE_API_SECRET", "chaos-secret")
            .stdin(Stdio::null())
            .stdout(File::create(&self.stdout)?)
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot run {}", self.binary.display()))?;
        let status = disturb(&mut child, disturbance);
        if status.is_err() {
            // Whatever went wrong, nobody is left behind.
            let _ = child.kill();
            let _ = child.wait();
        }
        match status?.code() {
            None => Ok(End::Killed),
            Some(code) => Ok(End::Code(code, fs::read_to_string(&self.stdout)?)),
        }
    }
}

fn disturb(child: &mut Child, disturbance: Disturbance) -> Result<ExitStatus> {
    let (after, signal, again) = match disturbance {
        Disturbance::None => (PATIENCE, None, None),
        Disturbance::Kill(after) => (after, Some(Signal::SIGKILL), None),
        Disturbance::Interrupt(after) => (after, Some(Signal::SIGINT), None),
        Disturbance::InterruptTwice(after, again) => (after, Some(Signal::SIGINT), Some(again)),
    };
    if let Some(status) = ended(child, after)? {
        return expected(status, None);
    }
    let Some(signal) = signal else { bail!("the command hangs: it did not end within {PATIENCE:?}") };
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    // It is not waited for yet, so that the number is still its own.
    kill(pid, signal)?;
    if let Some(again) = again {
        if let Some(status) = ended(child, again)? {
            return expected(status, Some(signal));
        }
        kill(pid, signal)?;
    }
    match ended(child, PATIENCE)? {
        Some(status) => expected(status, Some(signal)),
        None => bail!("the command hangs: it did not end within {PATIENCE:?} of {signal}"),
    }
}

/// A signal that we did not send is a crash.
fn expected(status: ExitStatus, sent: Option<Signal>) -> Result<ExitStatus> {
    use std::os::unix::process::ExitStatusExt as _;
    match status.signal() {
        // Ctrl-C before the command listens for it ends it like a kill.
        Some(number) if sent.is_none_or(|sent| sent as i32 != number) => {
            bail!("the command ended with {status}, which nobody asked for")
        }
        _ => Ok(status),
    }
}

fn ended(child: &mut Child, within: Duration) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = within.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        thread::sleep(left.min(EVERY));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(script: &str, folder: &Path) -> Sender {
        Sender::new(Path::new("sh"), vec!["-c".to_owned(), script.to_owned()], folder)
    }

    #[test]
    fn a_command_is_killed_or_ends_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let kill = Disturbance::Kill(Duration::from_millis(5));
        assert_eq!(sender("sleep 60", folder.path()).run(false, kill).unwrap(), End::Killed);
        let end = sender("echo said; exit 3", folder.path()).run(false, Disturbance::None).unwrap();
        assert_eq!(end, End::Code(3, "said\n".to_owned()));
    }

    #[test]
    fn a_crash_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = sender("kill -SEGV $$", folder.path()).run(false, Disturbance::None).unwrap_err();
        assert!(error.to_string().contains("nobody asked for"), "{error}");
    }
}
