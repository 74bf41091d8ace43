//! Bodies of answers that are not there at once: late ones, and long lists.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use futures_core::Stream;

use super::server::Shared;

/// Ids of the account that are written under one lock.
const PIECE: usize = 1000;

/// A body whose first half comes at once and whose rest, if only its end, comes after `wait`.
pub(super) fn slow(body: Vec<u8>, wait: impl Future<Output = ()> + Send + 'static) -> Body {
    let mut first = Bytes::from(body);
    let rest = first.split_off(first.len() / 2);
    Body::from_stream(Slow { first, wait: Some(Box::pin(wait)), rest })
}

struct Slow {
    first: Bytes,
    /// Until it was waited for.
    wait: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    rest: Bytes,
}

impl Stream for Slow {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = |bytes: &mut Bytes| (!bytes.is_empty()).then(|| Ok(std::mem::take(bytes)));
        if let Some(first) = piece(&mut self.first) {
            return Poll::Ready(Some(first));
        }
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(context));
            self.wait = None;
        }
        Poll::Ready(piece(&mut self.rest))
    }
}

/// The whole account, an id a line, in the order in which they first came.
pub(super) fn account(shared: Arc<Shared>) -> Body {
    Body::from_stream(Lines { shared, next: 0 })
}

struct Lines {
    shared: Arc<Shared>,
    next: u64,
}

impl Stream for Lines {
    type Item = Result<Bytes, serde_json::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (entries, next) = self.shared.account().ledger().page(self.next, PIECE);
        self.next = next;
        if entries.is_empty() {
            return Poll::Ready(None);
        }
        let mut lines = Vec::new();
        for entry in entries {
            if let Err(error) = serde_json::to_writer(&mut lines, &entry) {
                return Poll::Ready(Some(Err(error)));
            }
            lines.push(b'\n');
        }
        Poll::Ready(Some(Ok(lines.into())))
    }
}
