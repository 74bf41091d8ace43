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
    /// Retries that are allowed for each request posted for the first time; those after 429 are not counted. See [`Budget`](super::Budget).
    pub retry_share: f64,
    /// Retries that are allowed before there was any request.
    pub retry_burst: f64,
    /// Retries a second that are allowed when all others are used up; the rest waits.
    pub retries_per_second: f64,
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
            retry_share: 0.2,
            retry_burst: 20.0,
            retries_per_second: 1.0,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attempt(number: u32, batches: usize) -> Attempt {
        Attempt { number, batches, ..Attempt::default() }
    }

    fn after(answer: &Answer, attempt: &Attempt) -> Decision {
        decide(attempt, answer, &Policy::default(), 0.5)
    }

    #[test]
    fn what_each_status_leads_to() {
        for (status, many, one) in [
            (200, Decision::Done, Decision::Done),
            (202, Decision::Done, Decision::Done),
            (302, Decision::Stop, Decision::Stop),
            (400, Decision::Split, Decision::Reject),
            (401, Decision::Stop, Decision::Stop),
            (403, Decision::Stop, Decision::Stop),
            (404, Decision::Stop, Decision::Stop),
            (409, Decision::Reject, Decision::Reject),
            (413, Decision::Split, Decision::Reject),
            (422, Decision::Split, Decision::Reject),
        ] {
            let answer = Answer::status(status);
            assert_eq!(after(&answer, &attempt(1, 2)), many, "{status}, two batches");
            assert_eq!(after(&answer, &attempt(1, 1)), one, "{status}, one batch");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            let wait = Decision::RetryAfter(Duration::from_millis(250));
            assert_eq!(after(&Answer::status(status), &attempt(1, 1)), wait, "{status}");
        }
    }

    #[test]
    fn attempts_run_out_differently() {
        let last = attempt(8, 5);
        assert_eq!(after(&Answer::status(503), &last), Decision::GiveUp);
        assert_eq!(after(&Answer::failed(Failure::Timeout, ""), &last), Decision::GiveUp);
        assert_eq!(after(&Answer::failed(Failure::Dropped, ""), &last), Decision::GiveUp);
        assert_eq!(after(&Answer::failed(Failure::Connect, ""), &last), Decision::Stop);
        assert_eq!(after(&Answer::failed(Failure::Permanent, ""), &attempt(1, 5)), Decision::Stop);
        let throttled = Attempt { number: 50, throttled: 50, ..last };
        assert!(matches!(after(&Answer::status(429), &throttled), Decision::RetryAfter(_)));
        assert!(matches!(after(&Answer::status(503), &throttled), Decision::RetryAfter(_)));
        assert_eq!(after(&Answer::status(429), &Attempt { throttled: 100, ..throttled }), Decision::GiveUp);
    }

    #[test]
    fn no_wait_goes_beyond_the_deadline() {
        let late = Attempt { elapsed: Duration::from_secs(15 * 60), ..attempt(2, 1) };
        assert_eq!(after(&Answer::status(503), &late), Decision::GiveUp);
    }

    fn answer() -> impl Strategy<Value = Answer> {
        let failure = prop_oneof![
            Just(Failure::Connect),
            Just(Failure::Permanent),
            Just(Failure::Timeout),
            Just(Failure::Dropped)
        ];
        let outcome =
            prop_oneof![(100_u16..700).prop_map(Outcome::Status), failure.prop_map(Outcome::Failed)];
        (outcome, prop::option::of(any::<u64>())).prop_map(|(outcome, asked)| Answer {
            outcome,
            retry_after: asked.map(Duration::from_millis),
            ..Answer::status(0)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_decision_keeps_to_the_policy(
            answer in answer(),
            number in 1_u32..,
            share in 0_u32..=100,
            elapsed in any::<u32>(),
            batches in 1_usize..200,
            random in any::<f64>(),
            base in any::<u32>(),
        ) {
            let policy = Policy { base: Duration::from_millis(base.into()), ..Policy::default() };
            let throttled = (u64::from(number) * u64::from(share) / 100) as u32;
            let elapsed = Duration::from_millis(elapsed.into());
            let attempt = Attempt { number, throttled, elapsed, batches };
            match decide(&attempt, &answer, &policy, random) {
                Decision::Done => prop_assert!(matches!(answer.outcome, Outcome::Status(200..=299))),
                Decision::RetryAfter(wait) => {
                    prop_assert!(elapsed + wait <= policy.deadline);
                    prop_assert!(wait >= answer.retry_after.unwrap_or_default().min(policy.max_retry_after));
                    prop_assert!(answer.retry_after.is_some() || wait <= policy.max_backoff);
                    prop_assert!(number - throttled < policy.max_attempts || throttled < policy.max_throttled);
                }
                Decision::Split => prop_assert!(batches > 1),
                Decision::Reject => prop_assert!(matches!(answer.outcome, Outcome::Status(400..=499))),
                Decision::GiveUp => prop_assert!(!matches!(answer.outcome, Outcome::Status(200..=299))),
                Decision::Stop => prop_assert!(answer.status_code().is_none_or(|status| status < 500)),
            }
        }
    }
}
