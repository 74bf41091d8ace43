//! Bodies of answers that are not there at once: late ones, and long lists.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_core::Stream;
use tokio::time::Sleep;

use super::server::Shared;

/// Ids of the account that are written under one lock.
const PIECE: usize = 1000;

/// A body whose first half comes at once and whose rest, if only its end, comes late.
pub(super) fn slow(body: Vec<u8>, delay: Duration) -> Body {
    let mut first = Bytes::from(body);
    let rest = first.split_off(first.len() / 2);
    let sleep = Box::pin(tokio::time::sleep(delay));
    Body::from_stream(Slow { first: Some(first), sleep, rest: Some(rest) })
}

struct Slow {
    first: Option<Bytes>,
    sleep: Pin<Box<Sleep>>,
    rest: Option<Bytes>,
}

impl Stream for Slow {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(first)));
        }
        self.sleep.as_mut().poll(context).map(|()| self.rest.take().filter(|rest| !rest.is_empty()).map(Ok))
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
