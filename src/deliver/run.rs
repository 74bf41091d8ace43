//! One run of a sender: what is in flight, and what becomes of each answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::account::Account;
use super::attribute::{named, needs_a_closer_look};
use super::flight::{Air, Flight};
use super::retry::{Decision, decide};
use super::{Answer, Budget, Failure, Observer, Outcome, Policy, Sender, Stop, Summary, Transport};
use crate::pack::Request;

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
    let air = Air::new(&sender.transport, stop, &sender.limiter, &sender.policy, sender.concurrency);
    let mut requests = pin!(requests);
    let mut more = true;
    let mut in_flight = InFlight::new();
    let mut control = Control {
        policy: &sender.policy,
        budget: Budget::new(&sender.policy),
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
                if let Some((flight, wait)) = control.land(flight, answer, air.now()) {
                    in_flight.push(Box::pin(air.fly(flight, wait)));
                }
            }
        }
    }
    let mut summary = control.account.close();
    summary.rate = sender.limiter.rate();
    summary
}

/// Decides what becomes of each answer.
struct Control<'a, O: ?Sized> {
    policy: &'a Policy,
    budget: Budget,
    random: u64,
    /// Requests in a row that were given up.
    given_up: u32,
    stop: &'a Stop,
    account: Account<'a, O>,
    halves: VecDeque<Flight>,
}

impl<O: Observer + ?Sized> Control<'_, O> {
    /// A flight and its wait, when it has to be posted again.
    fn land(&mut self, mut flight: Flight, answer: Answer, now: Duration) -> Option<(Flight, Duration)> {
        if flight.number == 1 {
            self.budget.first();
        }
        self.account.posted(&flight.request, flight.number > 1, &answer);
        flight.throttled += u32::from(answer.outcome == Outcome::Status(429));
        flight.uncertain |= answer.is_uncertain();
        let random = self.random();
        let decision = decide(&flight.attempt(), &answer, self.policy, random);
        if matches!(decision, Decision::Done | Decision::Split | Decision::Reject) {
            self.given_up = 0;
        }
        match decision {
            // What was taken is not taken again; what was not is found by itself.
            Decision::Done if needs_a_closer_look(&answer.errors, &flight.request) => self.split(&flight),
            Decision::Done => self.account.done(&flight, &answer),
            Decision::Reject => self.account.refused(&flight, &answer),
            Decision::GiveUp => self.give_up(&flight, &answer),
            Decision::Split if self.take_out(&flight, &answer) => {}
            Decision::Split => self.split(&flight),
            Decision::Stop => self.stop(&flight, &answer),
            Decision::RetryAfter(_) if self.stop.is_stopped() => self.account.not_attempted(&flight.request),
            Decision::RetryAfter(wait) => {
                let throttled = answer.outcome == Outcome::Status(429);
                let wait = if throttled { wait } else { wait.max(self.budget.retry(now)) };
                if flight.attempt().elapsed.saturating_add(wait) > self.policy.deadline {
                    // As if there were no attempt left: others needed the retries.
                    match answer.outcome {
                        Outcome::Failed(Failure::Connect) => self.stop(&flight, &answer),
                        _ => self.give_up(&flight, &answer),
                    }
                    return None;
                }
                self.account.retry(&flight, wait, &answer);
                return Some((flight, wait));
            }
        }
        None
    }

    /// Whether the answer to a request that was refused as a whole names the batches to blame: they are refused, and the rest is posted
    /// once more. When that is refused too, it is halved: a service that names one batch at a time would need as many posts as there are bad
    /// ones.
    fn take_out(&mut self, flight: &Flight, answer: &Answer) -> bool {
        if flight.rest || !matches!(answer.outcome, Outcome::Status(400 | 422)) {
            return false;
        }
        let Some(faults) = named(&answer.errors, &flight.request) else { return false };
        self.account.refused_some(flight, answer, &faults);
        if let Some(request) = flight.request.without(|index| faults.contains_key(&index)) {
            if self.stop.is_stopped() {
                self.account.not_attempted(&request);
            } else {
                let mut rest = Flight::new(request, flight.attempts());
                rest.rest = true;
                self.halves.push_front(rest);
            }
        }
        true
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
