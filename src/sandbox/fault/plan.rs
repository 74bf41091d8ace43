//! Which faults a request meets: a decision by counters and seeded randomness.

use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;

use super::{Fault, Form, Kind, LimitKind, RetryAfter};
use crate::Endpoint;

/// What is known of a request before it is settled.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Situation {
    /// The path it was sent to.
    pub endpoint: Endpoint,
    /// Batches in it that would be taken.
    pub good_batches: usize,
    /// Milliseconds since the sandbox was started.
    pub elapsed_ms: u64,
}

/// What a request meets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Decision {
    /// Another end than usual.
    pub outcome: Option<Outcome>,
    /// How much later the answer comes.
    pub answer_delay: Duration,
    /// How much later its body ends.
    pub body_delay: Duration,
    /// What a 2xx says of the limit.
    pub percentage: Option<u64>,
}

/// Another end than usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    /// Refused with this status.
    Status { status: u16, retry_after: Option<RetryAfter>, limit: Option<LimitKind> },
    /// Some batches are refused, the others taken; `seed` chooses which.
    Partial { form: Form, batches: u64, seed: u64 },
    /// No answer, nothing taken.
    DropBefore,
    /// No answer, the batches taken.
    DropAfter,
}

/// The faults in force, and how often each was met.
#[derive(Debug)]
pub(in super::super) struct Faults {
    seed: u64,
    /// Faults ever set, so that one that is added later has randomness of its own.
    set: u64,
    active: Vec<Active>,
}

#[derive(Debug, Serialize)]
struct Active {
    #[serde(flatten)]
    fault: Fault,
    /// Requests it could have hit, by its path and window.
    seen: u64,
    /// Requests it did hit.
    fired: u64,
    #[serde(skip)]
    since_ms: u64,
    #[serde(skip)]
    rng: Rng,
}

impl Faults {
    /// None. The same seed and the same requests in the same order meet the same faults.
    pub fn new(seed: u64) -> Self {
        Self { seed, set: 0, active: Vec::new() }
    }

    /// Adds one, whose window begins now.
    pub fn add(&mut self, fault: Fault, elapsed_ms: u64) {
        // One stream of numbers for each, so that one more does not change when the others fire.
        let rng = Rng::with_seed(self.seed.wrapping_add(self.set.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        self.set += 1;
        self.active.push(Active { fault, seen: 0, fired: 0, since_ms: elapsed_ms, rng });
    }

    /// Puts these in the place of all, and begins with the seed again.
    pub fn replace(&mut self, seed: Option<u64>, faults: impl IntoIterator<Item = Fault>, elapsed_ms: u64) {
        *self = Self::new(seed.unwrap_or(self.seed));
        for fault in faults {
            self.add(fault, elapsed_ms);
        }
    }

    /// What a request meets.
    pub fn decide(&mut self, situation: Situation) -> Decision {
        let mut decision = Decision::default();
        for active in &mut self.active {
            if active.fault.is_decisive() && decision.outcome.is_some() {
                continue;
            }
            if active.fires(situation) {
                active.enter(&mut decision);
            }
        }
        decision
    }

    /// For people and programs.
    pub fn view(&self) -> serde_json::Value {
        serde_json::json!({ "seed": self.seed, "faults": self.active })
    }
}

impl Fault {
    /// Whether it is about how the request ends, of which there is one way.
    fn is_decisive(&self) -> bool {
        !matches!(self.kind, Kind::SlowAnswer(_) | Kind::SlowBody(_) | Kind::Percentage(_))
    }

    fn applies(&self, situation: Situation, age_ms: u64) -> bool {
        let when = &self.when;
        let enough = !matches!(self.kind, Kind::Partial { .. })
            || (situation.endpoint.is_bulk() && situation.good_batches >= 2);
        enough
            && when.path.is_none_or(|path| path == situation.endpoint)
            && when.from_ms.is_none_or(|from| age_ms >= from)
            && when.until_ms.is_none_or(|until| age_ms < until)
    }
}

impl Active {
    fn fires(&mut self, situation: Situation) -> bool {
        if !self.fault.applies(situation, situation.elapsed_ms.saturating_sub(self.since_ms)) {
            return false;
        }
        self.seen += 1;
        let when = &self.fault.when;
        let Some(turn) = self.seen.checked_sub(when.after.unwrap_or(0)).filter(|turn| *turn > 0) else {
            return false;
        };
        let fires = when.every.is_none_or(|every| turn.is_multiple_of(every))
            && when.count.is_none_or(|count| self.fired < count)
            && when.rate.is_none_or(|rate| self.rng.f64() < rate);
        self.fired += u64::from(fires);
        fires
    }

    fn enter(&mut self, decision: &mut Decision) {
        match &self.fault.kind {
            Kind::Status { status, retry_after, limit } => {
                decision.outcome = Some(Outcome::Status {
                    status: *status,
                    retry_after: retry_after.clone(),
                    limit: *limit,
                });
            }
            Kind::Partial { form, batches } => {
                let (form, batches, seed) = (*form, *batches, self.rng.u64(..));
                decision.outcome = Some(Outcome::Partial { form, batches, seed });
            }
            Kind::DropBefore => decision.outcome = Some(Outcome::DropBefore),
            Kind::DropAfter => decision.outcome = Some(Outcome::DropAfter),
            Kind::SlowAnswer(delay) => decision.answer_delay = decision.answer_delay.max(*delay),
            Kind::SlowBody(delay) => decision.body_delay = decision.body_delay.max(*delay),
            Kind::Percentage(value) => decision.percentage = Some(*value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(seed: u64, texts: &[&str]) -> Faults {
        let mut faults = Faults::new(seed);
        faults.replace(None, texts.iter().map(|text| text.parse().unwrap()), 0);
        faults
    }

    fn bulk(elapsed_ms: u64) -> Situation {
        Situation { endpoint: Endpoint::Bulk, good_batches: 3, elapsed_ms }
    }

    /// What so many bulk requests meet: `-` for nothing, the status, `p` for partial, `b` and `a` for drops.
    fn met(faults: &mut Faults, requests: u64) -> Vec<String> {
        let name = |decision: Decision| match decision.outcome {
            None => "-".to_owned(),
            Some(Outcome::Status { status, .. }) => status.to_string(),
            Some(Outcome::Partial { .. }) => "p".to_owned(),
            Some(Outcome::DropBefore) => "b".to_owned(),
            Some(Outcome::DropAfter) => "a".to_owned(),
        };
        (0..requests).map(|_| name(faults.decide(bulk(0)))).collect()
    }

    #[test]
    fn a_burst_begins_and_ends_where_it_is_told_to() {
        assert_eq!(met(&mut faults(0, &["503:after=1,count=2"]), 5), ["-", "503", "503", "-", "-"]);
        assert_eq!(met(&mut faults(0, &["500:every=2"]), 5), ["-", "500", "-", "500", "-"]);
        assert_eq!(met(&mut faults(0, &["502:every=2,after=1,count=1"]), 5), ["-", "-", "502", "-", "-"]);
        assert_eq!(met(&mut faults(0, &["502:count=0"]), 2), ["-", "-"]);
    }

    #[test]
    fn the_first_of_several_decides_and_the_next_keeps_its_turn() {
        let mut faults = faults(0, &["drop-before:count=1", "drop-after:count=1", "partial"]);
        assert_eq!(met(&mut faults, 3), ["b", "a", "p"]);
    }

    #[test]
    fn slowness_and_percentage_come_on_top() {
        let mut faults =
            faults(0, &["slow-answer:delay=5", "503", "percentage:value=7", "slow-body:delay=9"]);
        let decision = faults.decide(bulk(0));
        assert!(matches!(decision.outcome, Some(Outcome::Status { status: 503, .. })));
        assert_eq!((decision.answer_delay.as_millis(), decision.body_delay.as_millis()), (5, 9));
        assert_eq!(decision.percentage, Some(7));
    }

    #[test]
    fn a_window_is_measured_from_when_the_fault_was_set() {
        let mut faults = Faults::new(0);
        faults.add("503:from=10,until=20".parse().unwrap(), 100);
        let mut hit = |elapsed| faults.decide(bulk(elapsed)).outcome.is_some();
        assert_eq!([109, 110, 119, 120].map(&mut hit), [false, true, true, false]);
    }

    #[test]
    fn a_path_is_left_alone_when_another_is_meant() {
        let mut faults = faults(0, &["503:path=historical,every=2"]);
        let mut hit = |endpoint| {
            faults.decide(Situation { endpoint, good_batches: 1, elapsed_ms: 0 }).outcome.is_some()
        };
        use Endpoint::{Bulk, Events, Historical};
        // Requests to other paths are not counted either.
        let hits = [Historical, Bulk, Events, Historical].map(&mut hit);
        assert_eq!(hits, [false, false, false, true]);
    }

    #[test]
    fn only_a_list_of_good_batches_can_be_taken_in_part() {
        let mut faults = faults(0, &["partial"]);
        let mut hit = |endpoint, good_batches| {
            faults.decide(Situation { endpoint, good_batches, elapsed_ms: 0 }).outcome.is_some()
        };
        assert!(!hit(Endpoint::Events, 1) && !hit(Endpoint::Bulk, 1) && hit(Endpoint::Bulk, 2));
    }

    #[test]
    fn chance_is_repeatable_and_about_right() {
        let run = |seed, texts: &[&str]| met(&mut faults(seed, texts), 10_000);
        let first = run(7, &["503:rate=0.1"]);
        assert_eq!(first, run(7, &["503:rate=0.1"]));
        assert_ne!(first, run(8, &["503:rate=0.1"]));
        let hits = first.iter().filter(|met| *met == "503").count();
        assert!((850..1150).contains(&hits), "{hits}");
        // One more does not move the first.
        let both = run(7, &["503:rate=0.1", "500:rate=0.5"]);
        assert!(first.iter().zip(&both).all(|(alone, both)| alone != "503" || both == "503"));
        assert!(run(7, &["503:rate=0"]).iter().all(|met| met == "-"));
        assert!(run(7, &["503:rate=1"]).iter().all(|met| met == "503"));
    }

    #[test]
    fn the_view_says_what_was_met() {
        let mut faults = faults(3, &["503:count=1"]);
        met(&mut faults, 2);
        let fault = serde_json::json!({"kind": "503", "count": 1, "seen": 2, "fired": 1});
        assert_eq!(faults.view(), serde_json::json!({"seed": 3, "faults": [fault]}));
    }
}
