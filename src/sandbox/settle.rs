//! How a request ends: faults on demand first, then the rate limit, then what its batches deserve. No I/O.

use super::account::{Account, Incoming};
use super::answer::{Answer, ApiError, LIMIT_EXCEEDED, PERCENTAGE_USED};
use super::auth::ApiKey;
use super::decide::{Batch, Judged, Verdict};
use super::fault::{Form, LimitKind, Outcome, RetryAfter};
use super::limiter::{Over, RateLimiter};
use super::message;
use super::reason::Reason;

/// What the request is settled with.
pub(super) struct Settlement<'a> {
    /// The key it was sent with.
    pub key: &'a ApiKey,
    /// Its body.
    pub body: &'a [u8],
    /// Milliseconds since the sandbox was started.
    pub elapsed_ms: u64,
    /// Another end than usual.
    pub outcome: Option<Outcome>,
    /// What a 2xx says of the limit, instead of the truth.
    pub percentage: Option<u64>,
}

impl Settlement<'_> {
    /// Enters the request into the account, and says the answer to it; `None` to close the connection instead.
    pub fn settle(
        self,
        judged: Result<Judged, Answer>,
        limiter: &mut RateLimiter,
        account: &mut Account,
    ) -> Option<Answer> {
        let refused = match &self.outcome {
            Some(Outcome::Status { status, retry_after, limit }) => {
                Some((Reason::Status(*status), Some(of_status(*status, retry_after.as_ref(), *limit))))
            }
            Some(Outcome::DropBefore) => Some((Reason::DropBefore, None)),
            _ => None,
        };
        let mut judged = match (refused, judged) {
            (Some((reason, answer)), judged) => {
                if let Ok(judged) = judged {
                    self.turn_away(&judged, reason, account);
                }
                return answer;
            }
            (None, Ok(judged)) => judged,
            (None, Err(answer)) => return self.unless_dropped(answer),
        };
        let percentage = match limiter.take(self.elapsed_ms, judged.batches.len()) {
            Ok(percentage) => self.percentage.unwrap_or(percentage),
            Err(Over { limit, retry_after }) => {
                self.turn_away(&judged, Reason::RateLimit, account);
                let retry_after =
                    retry_after.map(|seconds| RetryAfter { name: "retry-after", value: seconds.to_string() });
                return self.unless_dropped(of_status(429, retry_after.as_ref(), Some(limit)));
            }
        };
        let victims = match self.outcome {
            Some(Outcome::Partial { form, batches, seed }) => {
                refuse_some(&mut judged, form, batches, seed, self.body)
            }
            _ => Vec::new(),
        };
        let answer = self.take(&judged, &victims, percentage, account);
        self.unless_dropped(answer)
    }

    fn unless_dropped(&self, answer: Answer) -> Option<Answer> {
        (self.outcome != Some(Outcome::DropAfter)).then_some(answer)
    }

    fn incoming<'a>(&'a self, judged: &Judged, batch: &'a Batch) -> Incoming<'a> {
        Incoming {
            endpoint: judged.endpoint,
            key: self.key,
            id: batch.id.as_deref(),
            digest: batch.digest,
            bytes: self.body.get(batch.range.clone()).unwrap_or_default(),
            now_ms: judged.now_ms,
        }
    }

    fn turn_away(&self, judged: &Judged, reason: Reason, account: &mut Account) {
        for batch in &judged.batches {
            account.turn_away(self.incoming(judged, batch), reason);
        }
    }

    /// What the batches deserve.
    fn take(&self, judged: &Judged, victims: &[usize], percentage: u64, account: &mut Account) -> Answer {
        let mut errors = Vec::new();
        for (index, batch) in judged.batches.iter().enumerate() {
            let incoming = self.incoming(judged, batch);
            match &batch.verdict {
                Verdict::Accepted => account.accept(incoming),
                Verdict::Dropped => account.drop_silently(incoming),
                Verdict::Rejected(error) => {
                    let reason = if victims.contains(&index) { Reason::Partial } else { Reason::Invalid };
                    account.reject(incoming, reason, &error.message);
                    errors.push(error.clone());
                }
            }
        }
        if errors.len() == judged.batches.len() {
            return Answer::errors(400, &errors);
        }
        let answer = if errors.is_empty() { Answer::empty(202) } else { Answer::errors(202, &errors) };
        answer.with_header(PERCENTAGE_USED, percentage.to_string())
    }
}

/// Refuses some of the good batches, one at least left; which.
fn refuse_some(judged: &mut Judged, form: Form, batches: u64, seed: u64, body: &[u8]) -> Vec<usize> {
    let is_good = |batch: &Batch| matches!(batch.verdict, Verdict::Accepted);
    let mut good: Vec<usize> = judged
        .batches
        .iter()
        .enumerate()
        .filter(|(_, batch)| is_good(batch))
        .map(|(index, _)| index)
        .collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut good);
    let number = usize::try_from(batches).unwrap_or(usize::MAX).min(good.len().saturating_sub(1));
    good.truncate(number);
    for index in &good {
        if let Some(batch) = judged.batches.get_mut(*index) {
            let place = message::Place { body, start: batch.range.start, index: Some(*index) };
            batch.verdict = Verdict::Rejected(message::of_fault(form, place));
        }
    }
    good
}

/// The answer that a fault on demand or the rate limit gives to a request as a whole.
fn of_status(status: u16, retry_after: Option<&RetryAfter>, limit: Option<LimitKind>) -> Answer {
    const WHY: &str = "The sandbox was told to refuse this.";
    let mut answer = match status {
        400 | 413 => Answer::errors(status, &[ApiError::bad_request(WHY)]),
        408 => Answer::empty(status).with_header("connection", "close"),
        _ => Answer::empty(status),
    };
    if let Some(limit) = limit {
        answer = answer.with_header(LIMIT_EXCEEDED, limit.name());
    }
    if let Some(RetryAfter { name, value }) = retry_after {
        answer = answer.with_header(name, value);
    }
    answer
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
