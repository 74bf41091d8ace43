//! The asynchronous runtime, for the commands that need one, and what ends them from outside.

use std::io::{self, Write};

use super::exit::Failure;
use super::progress::Progress;
use crate::deliver::Stop;

/// Why a run that was stopped by a signal ended.
pub const INTERRUPTED: &str = "interrupted";

/// A runtime for network and time.
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

/// Waits for Ctrl-C, or for being told to terminate.
pub async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Stops the run on the first signal, and the process on the second.
pub async fn stop_on_signal(stop: Stop, progress: Progress) {
    signal().await;
    stop.stop(INTERRUPTED);
    progress.aside(|| {
        let text = "stopping: requests under way get their answer; once more to stop at once";
        let _ = writeln!(io::stderr(), "{text}");
    });
    signal().await;
    std::process::exit(130);
}
