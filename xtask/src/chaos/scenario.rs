//! What happens in a run, drawn from its seed: options, what the file is like, what goes wrong and when.

use std::time::Duration;

use anyhow::{Context as _, Result};
use mparticle_events::sandbox::Fault;
use mparticle_events::validate::Limits;

use super::input::Fate;
use super::process::Disturbance;
use crate::bench::traffic::Random;

/// The limit of one batch; small, so that one beyond it is quickly made.
const BATCH_BYTES: u64 = 24_000;
const BATCH_BYTES_HARD: u64 = 24_576;

/// One run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Batches in the file, at least.
    pub batches: usize,
    /// A JSON array instead of lines.
    pub array: bool,
    /// Packed.
    pub gzip: bool,
    /// Whether some batches are over the limit.
    pub oversize: bool,
    /// Whether batches may be split.
    pub split: bool,
    /// Whether batches may be merged.
    pub merge: bool,
    /// Whether some events are old enough for the historical path.
    pub ages: bool,
    /// Whether some batches have both such events and young ones.
    pub straddle: bool,
    /// Whether batches are checked before they are sent.
    pub validate: bool,
    /// `--endpoint`.
    pub endpoint: &'static str,
    /// Batches in a request.
    pub per_request: usize,
    /// `--concurrency`.
    pub concurrency: usize,
    /// `--max-attempts`.
    pub max_attempts: usize,
    /// What goes wrong at the service.
    pub faults: Vec<String>,
    /// What goes wrong with the process, one after another.
    pub disturbances: Vec<Disturbance>,
    /// Whether to resume once more when all is done.
    pub once_more: bool,
    /// Whether the command knows how to split and merge.
    plans: bool,
}

impl Scenario {
    /// Draws one; `plans` when the command knows how to split and merge.
    #[must_use]
    pub fn draw(random: &mut Random, plans: bool) -> Self {
        let endpoint = ["bulk", "bulk", "auto", "auto", "events"];
        let endpoint = endpoint.get(random.below(endpoint.len())).copied().unwrap_or("bulk");
        let scale = if endpoint == "events" { 4 } else { 1 };
        let batches = [200, 600, 1200, 3000].get(random.below(4)).copied().unwrap_or(200) / scale;
        let split = plans && !random.one_in(3);
        let ages = endpoint == "auto";
        let mut scenario = Self {
            batches,
            array: random.one_in(4),
            gzip: random.one_in(4),
            oversize: !random.one_in(3),
            split,
            merge: plans && random.one_in(2),
            ages,
            straddle: ages && split,
            validate: !random.one_in(3),
            endpoint,
            per_request: [10, 25, 100].get(random.below(3)).copied().unwrap_or(100),
            concurrency: 1 + random.below(8),
            max_attempts: [1, 2, 8, 8].get(random.below(4)).copied().unwrap_or(8),
            faults: Vec::new(),
            disturbances: Vec::new(),
            once_more: random.one_in(2),
            plans,
        };
        scenario.faults = faults(random);
        scenario.disturbances = disturbances(random, batches);
        scenario
    }

    /// What becomes of a batch that is over the limit and has many events.
    #[must_use]
    pub fn fate_of_many_events(&self) -> Fate {
        if self.split { Fate::Good } else { Fate::TooLarge }
    }

    /// The limits, also those of the sandbox.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.set("batch_bytes", BATCH_BYTES);
        limits.set("batch_bytes_hard", BATCH_BYTES_HARD);
        limits
    }

    /// The faults, as the sandbox takes them.
    ///
    /// # Errors
    ///
    /// When the sandbox does not know one.
    pub fn parsed_faults(&self) -> Result<Vec<Fault>> {
        self.faults.iter().map(|text| text.parse().with_context(|| text.clone())).collect()
    }

    /// The options of `send`.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let mut options = vec![
            format!("--endpoint={}", self.endpoint),
            format!("--concurrency={}", self.concurrency),
            format!("--max-attempts={}", self.max_attempts),
            format!("--limit=batches_per_request={}", self.per_request),
            format!("--limit=batch_bytes={BATCH_BYTES}"),
            format!("--limit=batch_bytes_hard={BATCH_BYTES_HARD}"),
        ];
        let flags = [
            (!self.validate, "--no-validate"),
            (self.merge, "--merge"),
            (self.plans && !self.split, "--no-split"),
        ];
        options.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| (*flag).to_owned()));
        options
    }
}

fn faults(random: &mut Random) -> Vec<String> {
    let rate = |random: &mut Random, percent: usize| (1 + random.below(percent)) as f64 / 100.0;
    let mut faults = vec![format!("slow-answer:delay={},rate={}", 2 + random.below(40), rate(random, 60))];
    let burst = (random.below(20), 1 + random.below(4));
    let others = [
        format!("503:after={},count={}", burst.0, burst.1),
        format!("drop-before:rate={}", rate(random, 10)),
        format!("drop-after:rate={}", rate(random, 15)),
        format!("429:retry-after=0,rate={}", rate(random, 10)),
        format!("429:limit=acceleration,rate={}", rate(random, 10)),
        format!("429:retryafter=0,limit=none,rate={}", rate(random, 5)),
        format!("partial:form=path,batches={},rate={}", 1 + random.below(4), rate(random, 20)),
        format!("partial:form=position,batches=1,rate={}", rate(random, 20)),
        format!("500:rate={}", rate(random, 10)),
        format!("502:retry-after=0,rate={}", rate(random, 5)),
        format!("400:rate={}", rate(random, 8)),
        format!("413:rate={}", rate(random, 4)),
        format!("401:after={},count=1", random.below(30)),
        format!("slow-body:delay={},rate={}", 1 + random.below(20), rate(random, 20)),
    ];
    faults.extend(others.into_iter().filter(|_| random.one_in(3)));
    faults
}

fn disturbances(random: &mut Random, batches: usize) -> Vec<Disturbance> {
    let expected = 150 + batches;
    let moment = |random: &mut Random| Duration::from_micros(random.below(expected * 1000) as u64);
    let number = 1 + random.below(6);
    (0..number)
        .map(|_| match random.below(8) {
            0 => Disturbance::Interrupt(moment(random)),
            1 => Disturbance::InterruptTwice(moment(random), Duration::from_millis(random.below(30) as u64)),
            _ => Disturbance::Kill(moment(random)),
        })
        .collect()
}
