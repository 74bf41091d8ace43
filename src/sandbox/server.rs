//! The I/O around the decisions: reads requests within bounds, writes answers.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::Instant;

use super::account::Account;
use super::admin::{self, AccountQuery};
use super::answer::Answer;
use super::decide::{Call, Head, Policy, Verdict, route};
use super::fault::{Decision, Faults, Situation};
use super::late;
use super::limiter::RateLimiter;
use super::settle::Settlement;
use super::view::{self, Page};
use super::wire::{Door, Peer, is_local};
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
    /// How much came lately.
    pub limiter: Mutex<RateLimiter>,
    /// What goes wrong on purpose.
    pub faults: Mutex<Faults>,
    /// Told of every request that was settled.
    pub settled: Notify,
    /// Has no permits, and is closed at the end: nobody is slow on purpose any more.
    pub ended: Semaphore,
    /// What rates and windows are measured from. Ages of events have a clock of their own, which may stand still.
    pub started: Instant,
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
    let stopped = async {
        // Dropping the sender asks for the same as sending.
        let _ = stop.await;
    };
    axum::serve(Door(listener), router.into_make_service_with_connect_info::<Peer>())
        .with_graceful_shutdown(stopped)
        .await
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let query = parts.uri.query();
    let call = route(parts.method.as_str(), path);
    if call.is_private() && !is_local(peer.ip()) {
        let why = "The sandbox's own pages are for the machine that it runs on.";
        return respond(shared.refuse(Answer::refused(403, why), &parts.headers, body).await);
    }
    let answer = match call {
        Call::Post(endpoint) => return shared.post(endpoint, &parts.headers, body, &peer).await,
        Call::Index => view::index(),
        Call::Stats => view::stats(&shared.account()),
        Call::Received => match Page::from_query(query) {
            Ok(page) => {
                let copy = shared.account().page(page.offset, page.limit);
                view::received(page, copy)
            }
            Err(answer) => answer,
        },
        Call::Reset => {
            shared.reset();
            Answer::empty(204)
        }
        Call::Account => match AccountQuery::from_query(query) {
            Ok(AccountQuery::Everything) => {
                let mut response = respond(Answer::lines(Vec::new()));
                *response.body_mut() = late::account(shared);
                return response;
            }
            Ok(AccountQuery::Page { offset, limit }) => {
                admin::account_page(shared.account().ledger(), offset, limit)
            }
            Ok(AccountQuery::Ids { ids, as_lines }) => {
                admin::account_of_ids(shared.account().ledger(), &ids, as_lines)
            }
            Err(answer) => answer,
        },
        Call::Faults => admin::faults(&shared.faults()),
        Call::SetFaults | Call::AddFault => {
            let changed = shared.change_faults(call, &parts.headers, body).await;
            changed.unwrap_or_else(|answer| answer)
        }
        Call::ClearFaults => {
            shared.faults().replace(None, [], 0);
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

    /// The limiter, likewise.
    pub fn limiter(&self) -> MutexGuard<'_, RateLimiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The faults, likewise.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the start.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Forgets everything that was received.
    pub fn reset(&self) {
        self.account().reset();
        self.limiter().reset();
    }

    /// Waits, but not beyond the end of the sandbox.
    async fn linger(&self, delay: Duration) {
        // Either way it is time to go on.
        let _ = tokio::time::timeout(delay, self.ended.acquire()).await;
    }

    async fn change_faults(&self, call: Call, headers: &HeaderMap, body: Body) -> Result<Answer, Answer> {
        // A page in a browser cannot say so without asking first, and nobody answers that question.
        self.policy.check_content_type(&head(headers))?;
        let body = match tokio::time::timeout(self.read_timeout, read(body, admin::BODY_LIMIT)).await {
            Ok(Read::Complete(body)) => body,
            Ok(Read::TooLarge) => return Err(Answer::empty(413)),
            Ok(_) | Err(_) => return Err(Answer::empty(408).with_header("connection", "close")),
        };
        let elapsed_ms = self.elapsed_ms();
        if call == Call::AddFault {
            let fault = admin::fault_of(&body)?;
            self.faults().add(fault, elapsed_ms);
        } else {
            let (seed, faults) = admin::faults_of(&body)?;
            self.faults().replace(seed, faults, elapsed_ms);
        }
        Ok(admin::faults(&self.faults()))
    }

    async fn post(
        self: &Arc<Self>,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: Body,
        peer: &Peer,
    ) -> Response {
        let key = match self.policy.admit(&head(headers)) {
            Ok(key) => key,
            Err(answer) => return respond(self.refuse(answer, headers, body).await),
        };
        let pending = Pending::new(self);
        let body = match self.read(body).await {
            Read::Complete(body) => body,
            Read::TooLarge => return respond(pending.answer(self.policy.too_large(), 0)),
            Read::TimedOut => {
                return respond(pending.answer(Answer::empty(408).with_header("connection", "close"), 0));
            }
            // Nobody is there to read the answer.
            Read::Aborted => return respond(Answer::empty(400)),
        };
        let judged = self.policy.judge(endpoint, &body);
        let elapsed_ms = self.elapsed_ms();
        let good = |verdict: &Verdict| matches!(verdict, Verdict::Accepted);
        let good_batches = judged
            .as_ref()
            .map_or(0, |judged| judged.batches.iter().filter(|batch| good(&batch.verdict)).count());
        let Decision { outcome, answer_delay, body_delay, percentage } =
            self.faults().decide(Situation { endpoint, good_batches, elapsed_ms });
        let settlement = Settlement { key: &key, body: &body, elapsed_ms, outcome, percentage };
        let answer = settlement.settle(judged, &mut self.limiter(), &mut self.account());
        let answer = pending.settle(answer, body.len());
        self.settled.notify_waiters();
        if !answer_delay.is_zero() {
            self.linger(answer_delay).await;
        }
        match answer {
            None => {
                peer.cut();
                // Nothing of it is written any more.
                respond(Answer::empty(500))
            }
            Some(answer) if body_delay.is_zero() => respond(answer),
            Some(mut answer) => {
                let shared = Arc::clone(self);
                let wait = async move { shared.linger(body_delay).await };
                let body = late::slow(std::mem::take(&mut answer.body), wait);
                let mut response = respond(answer);
                *response.body_mut() = body;
                response
            }
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

    /// The same when there may be no answer on purpose.
    fn settle(mut self, answer: Option<Answer>, body_bytes: usize) -> Option<Answer> {
        if answer.is_none() {
            self.answered = true;
            self.shared.account().cut(body_bytes);
        }
        Some(self.answer(answer?, body_bytes))
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
