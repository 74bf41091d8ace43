//! Ctrl-C for work that is done on one thread: a flag that it looks at, and standard input that does not keep it waiting.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::runtime::Signals;

/// How often a wait for input looks at the flag.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes of standard input read at a time, and how many of these lie ready.
const CHUNK: usize = 128 * 1024;
const READY: usize = 4;

/// Whether somebody pressed Ctrl-C.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Catches Ctrl-C from now on: the first raises the flag, the second ends the process. Where the system does not let
    /// us, Ctrl-C goes on to do what it did.
    #[must_use]
    pub fn catch() -> Self {
        let interrupt = Self::default();
        let raised = interrupt.clone();
        let (ready, catching) = sync_channel(1);
        // Without the thread, there is nobody to raise the flag: no reason not to do the work.
        let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(async {
                let Ok(mut signals) = Signals::catch() else { return };
                let _ = ready.send(());
                signals.next().await;
                raised.raise();
                signals.next().await;
                std::process::exit(130);
            });
        });
        // Dropped without a word where signals cannot be caught.
        let _ = catching.recv();
        interrupt
    }

    /// Whether it was raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// What `source` gives, which ends when the flag is raised, even while `source` keeps its reader waiting.
    pub fn or_end(&self, source: impl Read + Send + 'static) -> impl Read + Send + 'static {
        let (sender, chunks) = sync_channel(READY);
        let mut source = source;
        let spawned = thread::Builder::new().name("input".to_owned()).spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = source.read(&mut chunk);
                let read = read.map(|length| {
                    chunk.truncate(length);
                    chunk
                });
                let last = !matches!(&read, Ok(chunk) if !chunk.is_empty());
                if sender.send(read).is_err() || last {
                    return;
                }
            }
        });
        Chunks { chunks, interrupt: self.clone(), left: io::Cursor::new(Vec::new()), failed: spawned.err() }
    }
}

struct Chunks {
    chunks: Receiver<io::Result<Vec<u8>>>,
    interrupt: Interrupt,
    left: io::Cursor<Vec<u8>>,
    failed: Option<io::Error>,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        loop {
            let read = self.left.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.interrupt.is_raised() {
                return Ok(read);
            }
            match self.chunks.recv_timeout(LOOK) {
                Ok(Ok(chunk)) if chunk.is_empty() => return Ok(0),
                Ok(chunk) => self.left = io::Cursor::new(chunk?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_source_comes_through() {
        let text: Vec<u8> = (0..=255).cycle().take(3 * CHUNK + 5).collect();
        let mut out = Vec::new();
        Interrupt::default().or_end(io::Cursor::new(text.clone())).read_to_end(&mut out).unwrap();
        assert!(out == text);
    }

    #[test]
    fn the_flag_ends_a_source_that_never_does() {
        struct Never(Receiver<()>);
        impl Read for Never {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                // Waits until the test is over.
                let _ = self.0.recv();
                Ok(0)
            }
        }
        let (_open, never) = std::sync::mpsc::channel();
        let interrupt = Interrupt::default();
        let mut source = interrupt.or_end(Never(never));
        interrupt.raise();
        assert_eq!(source.read(&mut [0; 8]).unwrap(), 0);
    }
}
