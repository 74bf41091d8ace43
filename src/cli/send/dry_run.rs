//! `send --dry-run`: everything but the sending.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::args::SendArgs;
use super::producer::{Intake, Item, Producer, SharedIntake, lock};
use crate::Endpoint;
use crate::cli::args::Output;
use crate::cli::exit::{Exit, Failure};
use crate::cli::inputs::Input;
use crate::cli::output::{Paint, Streams, bytes, count, grouped};
use crate::pack::Request;

/// What would go to one path.
#[derive(Clone, Copy, Debug, Default)]
struct Planned {
    requests: u64,
    batches: u64,
    bytes: u64,
}

impl Planned {
    fn add(&mut self, request: &Request) {
        self.requests += 1;
        self.batches += u64::try_from(request.len()).unwrap_or_default();
        self.bytes += u64::try_from(request.body().len()).unwrap_or_default();
    }
}

/// Checks and packs the inputs, and says what would be sent.
///
/// # Errors
///
/// When it cannot begin, or standard output cannot be written to.
pub fn run(args: &SendArgs, inputs: &[Input], streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let intake = SharedIntake::default();
    let producer = Producer::new(args, streams.err_color, Arc::clone(&intake), None)?;
    let mut plan: BTreeMap<Endpoint, Planned> = BTreeMap::new();
    producer.run(inputs, &mut |item| {
        match item {
            Item::Request(request) => plan.entry(request.endpoint()).or_default().add(&request),
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
    let rate = args.rate.map_or_else(|| args.documented_rate(), f64::from);
    if args.output == Output::Json {
        streams.data(format_args!("{}\n", json_plan(&intake, &plan, rate)))?;
    } else if !args.quiet && intake.read > 0 {
        human(&intake, &plan, rate, streams);
    }
    if !intake.failures.is_empty() {
        return Ok(Exit::Incomplete);
    }
    Ok(if intake.held_back + intake.unreadable > 0 { Exit::Findings } else { Exit::Clean })
}

fn human(intake: &Intake, plan: &BTreeMap<Endpoint, Planned>, rate: f64, streams: &mut Streams<'_>) {
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
    if intake.tally.findings() > 0 {
        streams.say(format_args!("findings"));
        intake.tally.write_codes(streams);
    }
    let seconds = seconds(plan, rate);
    streams.say(format_args!("at {rate:.0} batches a second, that takes {seconds:.1} s at least"));
}

#[allow(clippy::cast_precision_loss)] // an estimate
fn seconds(plan: &BTreeMap<Endpoint, Planned>, rate: f64) -> f64 {
    plan.values().map(|planned| planned.batches as f64).sum::<f64>() / rate
}

fn json_plan(intake: &Intake, plan: &BTreeMap<Endpoint, Planned>, rate: f64) -> Value {
    let endpoints: Map<String, Value> = plan
        .iter()
        .map(|(endpoint, Planned { requests, batches, bytes })| {
            (endpoint.to_string(), json!({ "requests": requests, "batches": batches, "bytes": bytes }))
        })
        .collect();
    json!({
        "dry_run": true,
        "read": intake.read,
        "endpoints": endpoints,
        "held_back": intake.held_back,
        "not_readable": intake.unreadable,
        "seconds_at_least": seconds(plan, rate),
    })
}
