//! The I/O around the decisions: reads requests within bounds, writes answers.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::serve::ListenerExt;
use bytes::{Bytes, BytesMut};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::account::Account;
use super::answer::Answer;
use super::decide::{Call, Head, Policy, route};
use super::view::{self, Page};
use crate::Endpoint;

/// What is read and thrown away of a body nobody wants, so that the sender gets to see the answer.
const DISCARDED_BYTES: usize = 64 << 20;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    /// What requests are measured by.
    pub policy: Policy,
    /// What was received.
    pub account: Mutex<Account>,
    /// How long a body may take.
    pub read_timeout: Duration,
}

/// Answers requests until `stop` is sent or dropped, then finishes those under way.
pub(super) async fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let router = Router::new().fallback(handle).with_state(shared);
    let listener = listener.tap_io(|stream| {
        // Without it an answer may be held back a little; nothing is lost if it fails.
        let _ = stream.set_nodelay(true);
    });
    let stopped = async {
        // Dropping the sender asks for the same as sending.
        let _ = stop.await;
    };
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let answer = match route(parts.method.as_str(), path) {
        Call::Post(endpoint) => shared.post(endpoint, &parts.headers, body).await,
        Call::Index => view::index(),
        Call::Stats => view::stats(&shared.account()),
        Call::Received => match Page::from_query(parts.uri.query()) {
            Ok(page) => {
                let copy = shared.account().page(page.offset, page.limit);
                view::received(page, copy)
            }
            Err(answer) => answer,
        },
        Call::Reset => {
            shared.account().reset();
            Answer::empty(204)
        }
        Call::WrongMethod(allowed) => {
            shared.refuse(Answer::empty(405).with_header("allow", allowed), &parts.headers, body).await
        }
        Call::Unknown => shared.refuse(Answer::empty(404), &parts.headers, body).await,
    };
    respond(answer)
}

impl Shared {
    /// The account, for a moment. A panic elsewhere leaves nothing half done in it that would matter.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn post(&self, endpoint: Endpoint, headers: &HeaderMap, body: Body) -> Answer {
        let key = match self.policy.admit(&head(headers)) {
            Ok(key) => key,
            Err(answer) => return self.refuse(answer, headers, body).await,
        };
        let pending = Pending::new(self);
        let bytes = match self.read(body).await {
            Read::Complete(bytes) => bytes,
            Read::TooLarge => return pending.answer(self.policy.too_large(), 0),
            Read::TimedOut => {
                return pending.answer(Answer::empty(408).with_header("connection", "close"), 0);
            }
            // Nobody is there to read the answer.
            Read::Aborted => return Answer::empty(400),
        };
        match self.policy.judge(endpoint, &bytes) {
            Ok(judged) => {
                let answer = judged.settle(&key, &bytes, self.policy.limits(), &mut self.account());
                pending.answer(answer, bytes.len())
            }
            Err(answer) => pending.answer(answer, bytes.len()),
        }
    }

    /// Answers without looking at the body.
    async fn refuse(&self, answer: Answer, headers: &HeaderMap, body: Body) -> Answer {
        let pending = Pending::new(self);
        // Who asks first whether to send the body does not send it.
        if !headers.contains_key(header::EXPECT) {
            let _ = tokio::time::timeout(self.read_timeout, discard(pin!(body))).await;
        }
        pending.answer(answer, 0)
    }

    async fn read(&self, body: Body) -> Read {
        let limit = usize::try_from(self.policy.body_limit()).unwrap_or(usize::MAX);
        tokio::time::timeout(self.read_timeout, read(body, limit)).await.unwrap_or(Read::TimedOut)
    }
}

/// A request that is not answered yet; counted as aborted when it is let go before.
struct Pending<'a> {
    shared: &'a Shared,
    answered: bool,
}

impl<'a> Pending<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self { shared, answered: false }
    }

    fn answer(mut self, answer: Answer, body_bytes: usize) -> Answer {
        self.answered = true;
        self.shared.account().answered(answer.status, body_bytes);
        answer
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.shared.account().aborted();
        }
    }
}

enum Read {
    Complete(Bytes),
    TooLarge,
    TimedOut,
    Aborted,
}

/// Reads a body of at most `limit` bytes; never holds more than that and one piece.
async fn read(body: Body, limit: usize) -> Read {
    let mut body = pin!(body);
    let mut bytes = BytesMut::new();
    loop {
        match next(body.as_mut()).await {
            None => return Read::Complete(bytes.freeze()),
            Some(Err(_)) => return Read::Aborted,
            Some(Ok(piece)) if bytes.len() + piece.len() > limit => {
                drop(bytes);
                discard(body).await;
                return Read::TooLarge;
            }
            Some(Ok(piece)) => bytes.extend_from_slice(&piece),
        }
    }
}

/// Reads on for a while and keeps nothing: a connection closed on unread data is reset, and its answer lost.
async fn discard(mut body: std::pin::Pin<&mut Body>) {
    let mut left = DISCARDED_BYTES;
    while let Some(Ok(piece)) = next(body.as_mut()).await {
        match left.checked_sub(piece.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

/// The next piece of a body; trailers are passed over.
async fn next(mut body: std::pin::Pin<&mut Body>) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|context| body.as_mut().poll_frame(context)).await? {
            Ok(frame) => {
                if let Ok(piece) = frame.into_data() {
                    return Some(Ok(piece));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

fn head(headers: &HeaderMap) -> Head<'_> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Head {
        authorization: headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect(),
        content_type: text(header::CONTENT_TYPE),
        content_length: text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
    }
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
