//! The limiter as a state machine: a queue, a meter, a span and a speed, on a clock that is passed in.

use std::time::Duration;

use super::aimd::Window;
use super::meter::Meter;
use super::queue::{Queue, Ticket};
use super::span::Span;
use super::speed::{Speed, Told};
use crate::deliver::{Answer, Outcome};

/// The share of the configured rate that is begun with.
const START: f64 = 0.5;
/// A pause for all after a 429 that does not say for how long; it doubles until something is taken.
const BREATH: Duration = Duration::from_millis(100);
const LONGEST_BREATH: Duration = Duration::from_secs(4);
/// What a request takes of a share, in percent, counts up to this.
const LARGEST_GRAIN: f64 = 5.0;
/// The demand of so long ago still counts as demand: no growth while nobody needs it.
const DEMAND: Duration = Duration::from_secs(2);

/// Says when the next request may go, and learns from the answers how fast that can be.
///
/// - Requests are spaced evenly and in the order of their coming: one of 100 batches at 200 a second keeps the next one waiting for half a
///   second. There is no burst allowance, because the service limits not only the speed but also its growth.
/// - The rate starts at half of what is configured and grows up to a little below it, as long as somebody waits.
///   `X-mp-rate-limit-percentage-used` steers it so that about 99 % of the service's limit are used, whoever else uses the same account.
/// - A configured rate that is too high is found out, by these percentages or by the first 429s. One that is too low is kept to, for it may
///   be meant so; [`maximum`](Self::maximum) lets the rate grow above it.
/// - Over how many seconds the service counts is learned from how these percentages rise and fall, or, where there are none, from how long
///   429s last. Until then what is left of the limit is spread over as much time again as has passed, unless what is configured makes it a
///   window of 10 or 60 seconds: that is believed as long as nothing speaks against it.
/// - Without percentages the limit is known by its 429s only: a rate that was too much is remembered for 15 minutes, then tried again.
/// - What was learned is kept in memory only: the next run of a program learns it anew.
/// - 429 for speed cuts the rate and holds all requests for as long as `Retry-After` says; for `acceleration` the rate stays and its
///   growth is halved, to recover within minutes.
///
/// Limiters that do not know of each other, as in two programs with one account, come to about the same rate. Where the service counts by the
/// second they always do. Where it counts over many seconds they do so when its limit has become another one: in the twelve windows after that
/// each grows by as much as the other and gives up the same part, and from then on keeps the share that it has. In a model of a service that
/// counts over 10 or 60 seconds, with a limit that halved and doubled, two were then 0 to 45 % apart, half of them less than 13 %, and
/// used 98 to 99 % together; one request in a thousand was refused at most, and up to four where each took a hundredth of the limit. In the
/// twelve windows before they used 91 to 94 %, and up to 16 requests in a thousand were refused.
///
/// Not solved: where it counts over many seconds, shares that differ stay so until the limit changes, and who comes later may get much less
/// than the others.
///
/// Time is what has passed since any fixed moment. Programs want a [`Limiter`](super::Limiter), which is this with a clock.
///
/// ```
/// use std::time::Duration;
/// use mparticle_events::deliver::{Answer, RateLimiter};
///
/// let mut limiter = RateLimiter::new(200.0).start(200.0);
/// let now = Duration::ZERO;
/// assert_eq!(limiter.try_take(now, 100), Ok(()));
/// assert_eq!(limiter.try_take(now, 100), Err(Duration::from_millis(500)));
/// limiter.observe(now, now, 100, &Answer::status(429).with_retry_after(Duration::from_secs(3)));
/// assert_eq!(limiter.try_take(now, 100), Err(Duration::from_secs(3)));
/// assert!(limiter.rate().unwrap() < 200.0);
/// ```
#[derive(Clone, Debug)]
pub struct RateLimiter {
    queue: Queue,
    meter: Meter,
    span: Span,
    speed: Speed,
    longest_hold: Duration,
    wanted: Option<Duration>,
    breath: Duration,
}

impl RateLimiter {
    /// At most so many batches a second; no ceiling when the number is zero, negative or not finite.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let usable = per_second.is_finite() && per_second > 0.0;
        Self::with(usable.then_some(per_second))
    }

    /// No ceiling, until the service says that it is too much.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::with(None)
    }

    fn with(per_second: Option<f64>) -> Self {
        Self {
            queue: Queue::default(),
            meter: Meter::default(),
            span: Span::default(),
            speed: Speed::new(per_second, per_second.map_or(f64::MAX, |ceiling| ceiling * START)),
            longest_hold: Duration::from_secs(5 * 60),
            wanted: None,
            breath: BREATH,
        }
    }

    /// Begins with this rate rather than half of the configured one, in batches a second; never above the configured one.
    #[must_use]
    pub fn start(mut self, per_second: f64) -> Self {
        if per_second.is_finite() && per_second > 0.0 {
            self.speed.start(per_second);
        }
        self
    }

    /// Lets the rate grow above what is configured, up to this, while the service's readings say that there is room.
    #[must_use]
    pub fn maximum(mut self, per_second: f64) -> Self {
        if per_second > 0.0 {
            self.speed.maximum(per_second);
        }
        self
    }

    /// What the service asks for by `Retry-After` is cut to this; 5 minutes unless set.
    #[must_use]
    pub fn longest_hold(mut self, longest: Duration) -> Self {
        self.longest_hold = longest;
        self
    }

    /// Batches a second at present; `None` when nothing limits them.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.speed.rate()
    }

    /// Takes a place in the queue, for a request of so many batches.
    pub fn enter(&mut self, batches: u64) -> Ticket {
        self.queue.enter(batches)
    }

    /// Whether it is this ticket's turn; then it is used up, and the request goes out now.
    ///
    /// # Errors
    ///
    /// The time at which to ask again; nothing was taken.
    pub fn poll(&mut self, ticket: Ticket, now: Duration) -> Result<(), Duration> {
        let turn = self.queue.poll(ticket, now, self.speed.rate());
        match turn {
            Ok(batches) => self.span.sent(now, batches),
            Err(_) => self.wanted = Some(now),
        }
        turn.map(|_| ())
    }

    /// Gives a place in the queue up.
    pub fn leave(&mut self, ticket: Ticket) {
        self.queue.leave(ticket);
    }

    /// Takes leave to send that many batches now, unless somebody else waits.
    ///
    /// # Errors
    ///
    /// The time to wait before asking again; nothing was taken.
    pub fn try_take(&mut self, now: Duration, batches: u64) -> Result<(), Duration> {
        let ticket = self.enter(batches);
        self.poll(ticket, now).map_err(|due| {
            self.leave(ticket);
            due.saturating_sub(now)
        })
    }

    /// Lets nothing go for that long.
    pub fn hold(&mut self, now: Duration, wait: Duration) {
        self.queue.hold(now.saturating_add(wait));
    }

    /// Learns from the answer to a request of so many batches that was sent at `sent`.
    pub fn observe(&mut self, now: Duration, sent: Duration, batches: u64, answer: &Answer) {
        match answer.outcome {
            Outcome::Status(429) => self.throttled(now, sent, batches, answer),
            Outcome::Status(200..=299) => {
                self.meter.taken(now, batches, answer.percentage_used);
                self.span.taken(sent, answer.percentage_used);
                self.speed.taken(now, sent);
                self.breath = BREATH;
            }
            _ => {}
        }
        if let Some(asked) = answer.retry_after {
            self.hold(now, asked.min(self.longest_hold));
        }
        let wanted = !self.queue.is_empty() || self.wanted.is_some_and(|at| now.saturating_sub(at) < DEMAND);
        self.speed.follow(now, &self.told(now, batches), wanted);
    }

    fn throttled(&mut self, now: Duration, sent: Duration, batches: u64, answer: &Answer) {
        self.meter.refused(now, batches);
        self.span.refused(sent, batches);
        let news = if is_acceleration(answer) {
            self.speed.too_steep(now, sent)
        } else {
            self.span.full(sent);
            self.speed.too_fast(now, sent, &self.told(now, batches))
        };
        if news && answer.retry_after.is_none() {
            self.hold(now, self.breath);
            self.breath = self.breath.saturating_mul(2).min(LONGEST_BREATH);
        }
    }

    /// What the answers tell of the limit, to requests of so many batches.
    fn told(&self, now: Duration, batches: u64) -> Told {
        let limit = self.span.limit(now);
        let window = self.span.used(now).zip(limit).map(|((used, seconds), limit)| {
            #[allow(clippy::cast_precision_loss)] // Far below 2^52.
            let grain = batches as f64 / (limit * seconds).max(f64::MIN_POSITIVE) * 100.0;
            Window { seconds, used, grain: if self.span.begins() { grain.min(LARGEST_GRAIN) } else { 0.0 } }
        });
        Told {
            peak: self.meter.peak(now),
            share: self.meter.share(now),
            measured: self.meter.per_second(now),
            limit,
            most: self.span.most(now, self.speed.configured()),
            window,
        }
    }
}

/// Whether the speed is all right and only its growth is too much.
fn is_acceleration(answer: &Answer) -> bool {
    let mut names = answer.limit_exceeded.iter().flat_map(|names| names.split(',')).map(str::trim).peekable();
    names.peek().is_some() && names.all(|name| name.eq_ignore_ascii_case("acceleration"))
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
