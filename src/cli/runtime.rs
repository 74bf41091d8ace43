//! The asynchronous runtime, for the commands that need one, and what ends them from outside.

use std::io::{self, Write};

use super::exit::Failure;
use super::progress::Progress;
use crate::deliver::Stop;

/// Why a run that was stopped by a signal ended.
pub const INTERRUPTED: &str = "interrupted";

/// A runtime for network and time, on this thread alone: to send is mostly to wait, and threads that wake each other for
/// every request cost more than they bring.
///
/// # Errors
///
/// When the system does not allow it.
pub fn single() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))
}

/// A runtime for network and time with threads of its own.
///
/// # Errors
///
/// When the system gives no threads.
pub fn start() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))
}

/// Ctrl-C and being told to terminate, from the moment this is made.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Catches them from now on. Needs a runtime.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn catch() -> Result<Self, Failure> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let failed = |error: io::Error| Failure::new(format!("cannot catch signals: {error}"));
            let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
            Ok(Self { interrupt, terminate: signal(SignalKind::terminate()).map_err(failed)? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }

    /// Stops the run on the first signal, and the process on the second.
    pub async fn stop(mut self, stop: Stop, progress: Progress) {
        self.next().await;
        stop.stop(INTERRUPTED);
        progress.aside(|| {
            let text = "stopping: requests under way get their answer; once more to stop at once";
            let _ = writeln!(io::stderr(), "{text}");
        });
        self.next().await;
        std::process::exit(130);
    }
}
