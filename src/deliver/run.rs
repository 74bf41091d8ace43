//! One run of a sender: what is in flight, and what becomes of each answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::future::select;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

use super::account::Account;
use super::retry::{Attempt, Decision, decide};
use super::{Answer, Failure, Observer, Outcome, Policy, RateLimiter, Sender, Stop, Summary, Transport};
use crate::pack::Request;

/// A request on its way, and what happened to it so far.
pub(super) struct Flight {
    pub(super) request: Request,
    /// Posts of a larger request that this one was a part of.
    earlier: u32,
    number: u32,
    throttled: u32,
    first: Option<Instant>,
    /// An answer that may have been lost: the service may have taken it.
    uncertain: bool,
}

impl Flight {
    fn new(request: Request, earlier: u32) -> Self {
        Self { request, earlier, number: 0, throttled: 0, first: None, uncertain: false }
    }

    /// Posts of its batches so far.
    pub(super) fn attempts(&self) -> u32 {
        self.earlier.saturating_add(self.number)
    }

    fn attempt(&self) -> Attempt {
        Attempt {
            number: self.number,
            throttled: self.throttled,
            elapsed: self.first.map_or(Duration::ZERO, |first| first.elapsed()),
            batches: self.request.len(),
        }
    }
}

/// What all flights share.
struct Air<'a, T> {
    transport: &'a T,
    stop: &'a Stop,
    limiter: Mutex<RateLimiter>,
    start: Instant,
}

impl<T: Transport> Air<'_, T> {
    fn limiter<R>(&self, act: impl FnOnce(&mut RateLimiter, Duration) -> R) -> R {
        let now = self.start.elapsed();
        act(&mut self.limiter.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// True when the time has passed, false when the run was stopped before.
    async fn wait(&self, time: Duration) -> bool {
        if !time.is_zero() && !self.stop.is_stopped() {
            let _ = select(pin!(sleep(time)), pin!(self.stop.stopped())).await;
        }
        !self.stop.is_stopped()
    }

    /// Posts once, after a wait and when the rate allows; no answer when the run was stopped before.
    async fn fly(&self, mut flight: Flight, wait: Duration) -> (Flight, Option<Answer>) {
        let mut wait = wait;
        loop {
            if !self.wait(wait).await {
                return (flight, None);
            }
            match self.limiter(|limiter, now| limiter.try_take(now, flight.request.len() as u64)) {
                Ok(()) => break,
                Err(longer) => wait = longer,
            }
        }
        flight.number += 1;
        flight.first.get_or_insert_with(Instant::now);
        let body = Bytes::from_owner(Body(flight.request.shared_body()));
        let answer = self.transport.post(flight.request.endpoint(), body).await;
        (flight, Some(answer))
    }
}

/// A shared body in the form that [`Bytes`] takes.
struct Body(std::sync::Arc<Vec<u8>>);

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

enum Event {
    Landed(Flight, Option<Answer>),
    Next(Request),
    NoMore,
    Over,
}

type InFlight<'a> = FuturesUnordered<BoxFuture<'a, (Flight, Option<Answer>)>>;

/// The next thing that happens: an answer, or, when there is room, another request.
async fn event<S: Stream<Item = Request>>(
    in_flight: &mut InFlight<'_>,
    mut source: Option<Pin<&mut S>>,
    room: bool,
) -> Event {
    poll_fn(|context| {
        if let Poll::Ready(Some((flight, answer))) = in_flight.poll_next_unpin(context) {
            return Poll::Ready(Event::Landed(flight, answer));
        }
        let Some(source) = source.as_mut().filter(|_| room) else {
            return if in_flight.is_empty() { Poll::Ready(Event::Over) } else { Poll::Pending };
        };
        source.as_mut().poll_next(context).map(|next| next.map_or(Event::NoMore, Event::Next))
    })
    .await
}

pub(super) async fn run<T, S, O>(sender: &Sender<T>, requests: S, stop: &Stop, observer: &mut O) -> Summary
where
    T: Transport,
    S: Stream<Item = Request>,
    O: Observer + ?Sized,
{
    let limiter = sender.per_second.map_or_else(RateLimiter::unlimited, RateLimiter::new);
    let air = Air { transport: &sender.transport, stop, limiter: Mutex::new(limiter), start: Instant::now() };
    let mut requests = pin!(requests);
    let mut more = true;
    let mut in_flight = InFlight::new();
    let mut control = Control {
        policy: &sender.policy,
        random: sender.seed,
        given_up: 0,
        stop,
        account: Account::new(observer, stop),
        halves: VecDeque::new(),
    };
    loop {
        while in_flight.len() < sender.concurrency
            && let Some(flight) = control.halves.pop_front()
        {
            in_flight.push(Box::pin(air.fly(flight, Duration::ZERO)));
        }
        let room = in_flight.len() < sender.concurrency;
        match event(&mut in_flight, more.then_some(requests.as_mut()), room).await {
            Event::Next(request) if stop.is_stopped() => control.account.not_attempted(&request),
            Event::Next(request) => {
                in_flight.push(Box::pin(air.fly(Flight::new(request, 0), Duration::ZERO)));
            }
            Event::NoMore => more = false,
            Event::Over => break,
            Event::Landed(flight, None) => control.account.not_attempted(&flight.request),
            Event::Landed(flight, Some(answer)) => {
                if let Some(asked) = answer.retry_after {
                    air.limiter(|limiter, now| limiter.hold(now, asked.min(sender.policy.max_retry_after)));
                }
                if let Some((flight, wait)) = control.land(flight, answer) {
                    in_flight.push(Box::pin(air.fly(flight, wait)));
                }
            }
        }
    }
    control.account.close()
}

/// Decides what becomes of each answer.
struct Control<'a, O: ?Sized> {
    policy: &'a Policy,
    random: u64,
    /// Requests in a row that were given up.
    given_up: u32,
    stop: &'a Stop,
    account: Account<'a, O>,
    halves: VecDeque<Flight>,
}

impl<O: Observer + ?Sized> Control<'_, O> {
    /// A flight and its wait, when it has to be posted again.
    fn land(&mut self, mut flight: Flight, answer: Answer) -> Option<(Flight, Duration)> {
        self.account.posted(&flight.request, flight.number > 1, &answer);
        flight.throttled += u32::from(answer.outcome == Outcome::Status(429));
        flight.uncertain |= answer.is_uncertain();
        let random = self.random();
        let decision = decide(&flight.attempt(), &answer, self.policy, random);
        if matches!(decision, Decision::Done | Decision::Split | Decision::Reject) {
            self.given_up = 0;
        }
        match decision {
            Decision::Done => self.account.done(&flight, &answer),
            Decision::Reject => self.account.refused(&flight, &answer),
            Decision::GiveUp => self.give_up(&flight, &answer),
            Decision::Split => self.split(&flight),
            Decision::Stop => self.stop(&flight, &answer),
            Decision::RetryAfter(_) if self.stop.is_stopped() => self.account.not_attempted(&flight.request),
            Decision::RetryAfter(wait) => {
                self.account.retry(&flight, wait, &answer);
                return Some((flight, wait));
            }
        }
        None
    }

    fn split(&mut self, flight: &Flight) {
        match flight.request.halve() {
            Some(_) if self.stop.is_stopped() => self.account.not_attempted(&flight.request),
            Some((first, second)) => {
                let earlier = flight.attempts();
                self.halves.push_front(Flight::new(second, earlier));
                self.halves.push_front(Flight::new(first, earlier));
            }
            // Not reached: one batch alone is never split.
            None => self.account.not_attempted(&flight.request),
        }
    }

    fn give_up(&mut self, flight: &Flight, answer: &Answer) {
        self.account.gave_up(flight, answer);
        self.given_up += 1;
        if self.given_up >= self.policy.max_given_up {
            let requests = self.given_up;
            self.stop.stop(format!("gave up on {requests} requests in a row: {}", answer.summary()));
        }
    }

    fn stop(&mut self, flight: &Flight, answer: &Answer) {
        self.stop.stop(answer.message.clone().unwrap_or_else(|| answer.summary()));
        // All attempts are spent, and an earlier one may have arrived. A wrong key, though, says nothing about the batches:
        // they are sent again when the key is right.
        if flight.uncertain && answer.outcome == Outcome::Failed(Failure::Connect) {
            self.account.gave_up(flight, answer);
        } else {
            self.account.not_attempted(&flight.request);
        }
    }

    /// A number in `0.0..1.0` (splitmix64).
    fn random(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        #[allow(clippy::cast_precision_loss)] // 53 bits are what a float holds.
        let (bits, bound) = ((bits >> 11) as f64, (1_u64 << 53) as f64);
        bits / bound
    }
}
