//! `send --dry-run`: everything but the sending.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::args::SendArgs;
use super::intake::{Intake, SharedIntake, lock};
use super::producer::{Item, Producer};
use crate::Endpoint;
use crate::cli::args::Output;
use crate::cli::exit::{Exit, Failure};
use crate::cli::inputs::Input;
use crate::cli::output::{Paint, Streams, bytes, count, grouped};
use crate::pack::Request;
use crate::validate::Limits;

/// What would go to one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    requests: u64,
    batches: u64,
    bytes: u64,
}

impl Load {
    fn add(&mut self, request: &Request) {
        self.requests += 1;
        self.batches += u64::try_from(request.len()).unwrap_or_default();
        self.bytes += u64::try_from(request.body_bytes()).unwrap_or_default();
    }
}

/// What would be sent without merging: packs as the packer does, but sizes only.
struct Unmerged {
    limits: Limits,
    plan: BTreeMap<Endpoint, Load>,
    /// Batches and bytes of the request that is being filled.
    open: BTreeMap<Endpoint, (u64, u64)>,
}

impl Unmerged {
    fn new(limits: Limits) -> Self {
        Self { limits, plan: BTreeMap::new(), open: BTreeMap::new() }
    }

    fn add(&mut self, request: &Request) {
        for (index, part) in request.parts().iter().enumerate() {
            match part.origin.members().len() {
                0 => self.batch(request.endpoint(), length(part.range.len())),
                members => {
                    let added = part.spliced.as_ref().map_or(0, ExactSizeIterator::len);
                    for member in 0..members {
                        let bytes = request.member(index, member).map_or(0, |bytes| bytes.len());
                        self.batch(request.endpoint(), length(bytes + added));
                    }
                }
            }
        }
    }

    fn batch(&mut self, endpoint: Endpoint, bytes: u64) {
        let load = self.plan.entry(endpoint).or_default();
        let brackets = if endpoint.is_bulk() { 2 } else { 0 };
        let (batches, so_far) = self.open.entry(endpoint).or_default();
        let most = if endpoint.is_bulk() { self.limits.batches_per_request } else { 1 };
        let grown = *so_far + 1 + bytes;
        if *batches == 0 || *batches >= most || grown >= self.limits.request_bytes {
            load.requests += 1;
            load.bytes += brackets + bytes;
            (*batches, *so_far) = (1, brackets + bytes);
        } else {
            load.bytes += 1 + bytes;
            (*batches, *so_far) = (*batches + 1, grown);
        }
        load.batches += 1;
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Checks and packs the inputs, and says what would be sent.
///
/// # Errors
///
/// When it cannot begin, or standard output cannot be written to.
pub fn run(args: &SendArgs, inputs: &[Input], streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let intake = SharedIntake::default();
    let producer = Producer::new(args, streams.err_color, Arc::clone(&intake), None)?;
    let mut plan = Loads::new();
    let mut unmerged = Unmerged::new(args.check.limits());
    producer.run(inputs, &mut |item| {
        match item {
            Item::Request(request) => {
                plan.entry(request.endpoint()).or_default().add(&request);
                if args.merge {
                    unmerged.add(&request);
                }
            }
            Item::Text(text) => {
                let _ = streams.err.write_all(&text);
            }
        }
        true
    });
    let intake = std::mem::take(&mut *lock(&intake));
    for (what, help) in &intake.failures {
        streams.complain(what, help.as_deref());
    }
    let before = args.merge.then_some(unmerged.plan);
    let rate = args.rate.map_or_else(|| args.documented_rate(), f64::from);
    if args.output == Output::Json {
        streams.data(format_args!("{}\n", json_plan(&intake, &plan, before.as_ref(), rate)))?;
    } else if !args.quiet && intake.read > 0 {
        human(&intake, &plan, before.as_ref(), rate, streams);
    }
    if !intake.failures.is_empty() {
        return Ok(Exit::Incomplete);
    }
    Ok(if intake.held_back + intake.unreadable > 0 { Exit::Findings } else { Exit::Clean })
}

type Loads = BTreeMap<Endpoint, Load>;

fn human(intake: &Intake, plan: &Loads, before: Option<&Loads>, rate: f64, streams: &mut Streams<'_>) {
    let paint = Paint(streams.err_color);
    streams.say(format_args!(
        "{}",
        paint.bold(format!("{} read, nothing sent (dry run)", count(intake.read, "batch")))
    ));
    for (endpoint, planned) in plan {
        streams.say(format_args!(
            "{:>9}  would go to {} in {}, {}",
            grouped(planned.batches),
            endpoint.path(),
            count(planned.requests, "request"),
            bytes(planned.bytes)
        ));
    }
    streams.say(format_args!(
        "{:>9}  would be held back and written to the dead letters",
        grouped(intake.held_back)
    ));
    if intake.unreadable > 0 {
        streams.say(format_args!("{:>9}  not readable", grouped(intake.unreadable)));
    }
    intake.planned.say(streams);
    if intake.tally.findings() > 0 {
        streams.say(format_args!("findings"));
        intake.tally.write_codes(streams);
    }
    let seconds = seconds(plan, rate);
    streams.say(format_args!("at {rate:.0} batches a second, that takes {seconds:.1} s at least"));
    if let Some(before) = before {
        let all = all(before);
        streams.say(format_args!(
            "without --merge: {} in {}, {}, {:.1} s at least",
            count(all.batches, "batch"),
            count(all.requests, "request"),
            bytes(all.bytes),
            self::seconds(before, rate)
        ));
    }
}

fn all(plan: &Loads) -> Load {
    plan.values().fold(Load::default(), |all, load| Load {
        requests: all.requests + load.requests,
        batches: all.batches + load.batches,
        bytes: all.bytes + load.bytes,
    })
}

#[allow(clippy::cast_precision_loss)] // an estimate
fn seconds(plan: &Loads, rate: f64) -> f64 {
    all(plan).batches as f64 / rate
}

fn json_plan(intake: &Intake, plan: &Loads, before: Option<&Loads>, rate: f64) -> Value {
    let without = before.map(|before| {
        let Load { requests, batches, bytes } = all(before);
        json!({
            "requests": requests,
            "batches": batches,
            "bytes": bytes,
            "seconds_at_least": seconds(before, rate),
        })
    });
    let endpoints: Map<String, Value> = plan
        .iter()
        .map(|(endpoint, Load { requests, batches, bytes })| {
            (endpoint.to_string(), json!({ "requests": requests, "batches": batches, "bytes": bytes }))
        })
        .collect();
    json!({
        "dry_run": true,
        "read": intake.read,
        "endpoints": endpoints,
        "held_back": intake.held_back,
        "not_readable": intake.unreadable,
        "planned": intake.planned.json(),
        "seconds_at_least": seconds(plan, rate),
        "without_merge": without,
    })
}
