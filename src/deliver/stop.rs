//! The handle that ends a run early.

use std::sync::Arc;

use tokio::sync::watch;

/// Ends a run: nothing new is posted, what is in flight gets its answer.
///
/// Clones belong to the same run. A run that stops by itself (wrong key, a full disk) sets it too, so that whoever produces the requests
/// can look at [`is_stopped`](Self::is_stopped) and end as well.
///
/// ```
/// use mparticle_events::deliver::Stop;
///
/// let stop = Stop::new();
/// stop.clone().stop("interrupted");
/// assert_eq!(stop.reason().as_deref(), Some("interrupted"));
/// ```
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<Option<String>>>);

impl Stop {
    /// Not stopped.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Stops. The first reason stays.
    pub fn stop(&self, reason: impl Into<String>) {
        self.0.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(reason.into());
            }
            first
        });
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Why it was stopped.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Waits until it is stopped.
    pub async fn stopped(&self) {
        // The sender lives in `self`, so the channel cannot close while this waits.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
