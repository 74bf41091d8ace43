//! Runs a command and measures it: time, processor time, memory.

use std::fs;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// How often the memory of a running command is looked at.
const EVERY: Duration = Duration::from_millis(10);

/// What a command took.
#[derive(Clone, Debug)]
pub struct Taken {
    /// From start to end.
    pub wall: Duration,
    /// Processor time in user and system mode together.
    pub cpu: Duration,
    /// The most memory it was seen to have resident, in bytes; for one that ends at once, none may have been seen.
    pub resident: u64,
    /// What it wrote to standard output.
    pub output: String,
}

/// Runs a command to its end; one that fails is an error that has its standard error in it.
///
/// # Errors
///
/// When it cannot be started, or fails.
pub fn run(command: &mut Command) -> Result<Taken> {
    let before = cpu()?;
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let pid = child.id();
    let stdout = child.stdout.take().map(gather);
    let stderr = child.stderr.take().map(gather);
    let (over, ended) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let mut resident = 0;
        // Until the other end is gone: a process that has ended is not to be asked for.
        while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            resident = resident.max(high_water(pid).unwrap_or(0));
        }
        resident
    });
    let status = child.wait()?;
    let wall = start.elapsed();
    drop(over);
    let resident = watch.join().unwrap_or_default();
    let text = |gathered: Option<thread::JoinHandle<String>>| {
        gathered.and_then(|reader| reader.join().ok()).unwrap_or_default()
    };
    let (output, complaint) = (text(stdout), text(stderr));
    check(command, status, &complaint)?;
    Ok(Taken { wall, cpu: cpu()?.saturating_sub(before), resident, output })
}

fn check(command: &Command, status: ExitStatus, complaint: &str) -> Result<()> {
    if !status.success() {
        bail!("{} ended with {status}: {}", command.get_program().display(), complaint.trim());
    }
    Ok(())
}

/// Reads on a thread, so that a full pipe does not stop the command.
fn gather(mut pipe: impl std::io::Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        // What is no text is of no use here.
        let _ = pipe.read_to_string(&mut text);
        text
    })
}

/// Processor time of all commands that have ended.
fn cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("the system does not tell processor times")?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(microseconds).unwrap_or(0)))
}

/// The most memory a running process has had resident, as Linux tells it.
fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_the_processor_and_output_are_those_of_the_command() {
        let taken =
            run(Command::new("sh").args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i"]))
                .unwrap();
        assert_eq!(taken.output, "20000\n");
        assert!(taken.cpu > Duration::ZERO);
    }

    #[test]
    fn a_command_that_fails_says_why() {
        let error = run(Command::new("sh").args(["-c", "echo because >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().ends_with("because"), "{error}");
    }
}
