//! What to do after an answer: a function without I/O.

use std::time::Duration;

use super::{Answer, Failure, Outcome};

/// How patiently to retry.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Posts of one request in all, those not counted that were answered with 429.
    pub max_attempts: u32,
    /// Posts of one request that may be answered with 429.
    pub max_throttled: u32,
    /// No retry later than this after the first post of a request.
    pub deadline: Duration,
    /// The wait before the first retry is at most this; it doubles with each further one.
    pub base: Duration,
    /// The longest wait of our own choice.
    pub max_backoff: Duration,
    /// The longest wait the service can ask for; what it asks beyond is cut to this.
    pub max_retry_after: Duration,
    /// Requests in a row that were given up before the whole run stops: the service is down.
    pub max_given_up: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_attempts: 8,
            max_throttled: 100,
            deadline: Duration::from_secs(15 * 60),
            base: Duration::from_millis(500),
            max_backoff: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(5 * 60),
            max_given_up: 3,
        }
    }
}

/// What is known about a request when its answer comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// Posts so far, this one included.
    pub number: u32,
    /// Those of them that were answered with 429, this one included.
    pub throttled: u32,
    /// Time since the first post.
    pub elapsed: Duration,
    /// Batches in the request.
    pub batches: usize,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It was taken.
    Done,
    /// Post the same bytes again after this wait.
    RetryAfter(Duration),
    /// Post each half by itself.
    Split,
    /// Refused for what it holds: not to be sent again.
    Reject,
    /// No clear answer, and no attempt left.
    GiveUp,
    /// Nothing will pass: end the run.
    Stop,
}

/// Decides what to do after an answer. `random` is in `0.0..1.0` and only spreads the waits.
///
/// ```
/// use mparticle_events::deliver::{Answer, retry::{Attempt, Decision, Policy, decide}};
///
/// let first = Attempt { number: 1, batches: 100, ..Attempt::default() };
/// let policy = Policy::default();
/// assert_eq!(decide(&first, &Answer::status(202), &policy, 0.5), Decision::Done);
/// assert_eq!(decide(&first, &Answer::status(400), &policy, 0.5), Decision::Split);
/// assert_eq!(decide(&first, &Answer::status(401), &policy, 0.5), Decision::Stop);
/// ```
#[must_use]
pub fn decide(attempt: &Attempt, answer: &Answer, policy: &Policy, random: f64) -> Decision {
    match answer.outcome {
        Outcome::Status(200..=299) => Decision::Done,
        Outcome::Status(400 | 413 | 422) if attempt.batches > 1 => Decision::Split,
        // A key or an address that is wrong is wrong for every request.
        Outcome::Status(300..=399 | 401 | 403 | 404 | 405 | 407) => Decision::Stop,
        Outcome::Status(408 | 425 | 429) => again(attempt, answer, policy, random),
        Outcome::Status(400..=499) => Decision::Reject,
        Outcome::Status(_) => again(attempt, answer, policy, random),
        Outcome::Failed(Failure::Permanent) => Decision::Stop,
        Outcome::Failed(_) => again(attempt, answer, policy, random),
    }
}

fn again(attempt: &Attempt, answer: &Answer, policy: &Policy, random: f64) -> Decision {
    let wait = backoff(attempt, answer.retry_after, policy, random);
    let spent = if answer.outcome == Outcome::Status(429) {
        attempt.throttled >= policy.max_throttled
    } else {
        attempt.number.saturating_sub(attempt.throttled) >= policy.max_attempts
    };
    if !spent && attempt.elapsed.saturating_add(wait) <= policy.deadline {
        return Decision::RetryAfter(wait);
    }
    // Without a connection no batch is to blame, and the next request would fare no better.
    if answer.outcome == Outcome::Failed(Failure::Connect) { Decision::Stop } else { Decision::GiveUp }
}

/// Full jitter: any wait up to a bound that doubles. What the service asks for is the least, cut to the policy's ceiling.
fn backoff(attempt: &Attempt, asked: Option<Duration>, policy: &Policy, random: f64) -> Duration {
    let doublings = attempt.number.saturating_sub(1).min(31);
    let bound = policy.base.saturating_mul(1 << doublings).min(policy.max_backoff);
    let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 1.0 };
    // A bound that is beyond all clocks stays what it is.
    let jittered = Duration::try_from_secs_f64(bound.as_secs_f64() * random).unwrap_or(bound);
    match asked {
        // All workers got the same hint; a little of our own on top keeps them from coming back at the same instant.
        Some(asked) => asked.min(policy.max_retry_after).saturating_add(jittered.min(policy.base)),
        None => jittered,
    }
}
