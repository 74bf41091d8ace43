//! The file of a run: real traffic with a mark in every event, and batches that will go wrong on purpose.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::scenario::Scenario;
use crate::bench::traffic::{self, NOW_MS, Random, Size};

const DAY_MS: i64 = 86_400_000;

/// What has to become of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is wrong with it.
    Good,
    /// The validator finds an error, and so does the sandbox.
    Invalid,
    /// It has the id of an earlier one: they are the same batch, and the validator objects.
    Repeated,
    /// Too large for any request, and its events cannot be sent apart.
    TooLarge,
}

/// One batch of the file.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The place of its first byte, before packing.
    pub offset: u64,
    /// The line of its first byte, from 1.
    pub line: u64,
    /// As it stands in the file.
    pub text: String,
    /// What has to become of it.
    pub fate: Fate,
}

/// A batch before it has a place.
type Draft = (String, Fate);

/// The batches of a file, and the file.
#[derive(Clone, Debug)]
pub struct Input {
    /// In their order.
    pub batches: Vec<Batch>,
    /// What is written to the disk.
    pub bytes: Vec<u8>,
}

impl Input {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// Only when it cannot be packed.
    pub fn generate(scenario: &Scenario, random: &mut Random) -> io::Result<Self> {
        let mut drafts: Vec<Draft> = Vec::new();
        while drafts.len() < scenario.batches {
            add(&mut drafts, scenario, random);
        }
        let (batches, plain) = lay_out(drafts, scenario, random);
        let bytes = if scenario.gzip {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(&plain)?;
            packed.finish()?
        } else {
            plain
        };
        Ok(Self { batches, bytes })
    }
}

/// Adds one batch, or several that belong together.
fn add(drafts: &mut Vec<Draft>, scenario: &Scenario, random: &mut Random) {
    match random.below(100) {
        0..=2 => drafts.push((invalid(random, scenario), Fate::Invalid)),
        3 if scenario.oversize => drafts.push((with_many_events(random), scenario.fate_of_many_events())),
        4 if scenario.oversize => drafts.push((with_large_event(random), Fate::TooLarge)),
        5..=7 => {
            // Equal lines: without an id each is a batch of its own, with one they are the same batch.
            let (text, fate) = match good(random) {
                text if random.one_in(3) => (text, Fate::Repeated),
                text => (without_id(&text), Fate::Good),
            };
            drafts.push((text.clone(), Fate::Good));
            drafts.extend(vec![(text, fate); 1 + random.below(3)]);
        }
        8..=13 if scenario.merge => drafts.extend(of_one_user(random)),
        14..=21 if scenario.ages => drafts.push((of_age(random, scenario), Fate::Good)),
        _ => {
            let text = good(random);
            drafts.push((if random.one_in(2) { text } else { without_id(&text) }, Fate::Good));
        }
    }
}

fn good(random: &mut Random) -> String {
    let size = if random.one_in(20) { Size::Mixed } else { Size::Small };
    traffic::batch(random, size)
}

/// Taken out of the text, so that nothing else of it changes.
fn without_id(text: &str) -> String {
    let Some(start) = text.find("\"source_request_id\":") else { return text.to_owned() };
    // The name, a colon, and a UUID in quotes.
    let end = start + "\"source_request_id\":".len() + 38;
    let (before, after) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
    match after.strip_prefix(',') {
        Some(after) => format!("{before}{after}"),
        None => format!("{}{after}", before.strip_suffix(',').unwrap_or(before)),
    }
}

/// Changes a good batch.
fn altered(random: &mut Random, change: impl FnOnce(&mut Value, &mut Random)) -> String {
    // The generator makes JSON only.
    let mut batch: Value = serde_json::from_str(&good(random)).unwrap_or_default();
    change(&mut batch, random);
    if random.one_in(2)
        && let Some(members) = batch.as_object_mut()
    {
        members.remove("source_request_id");
    }
    batch.to_string()
}

fn invalid(random: &mut Random, scenario: &Scenario) -> String {
    match random.below(4) {
        // In an array there would be no telling where the next batch begins.
        0 if !scenario.array => format!("{{\"environment\":\"production\",\"events\":[{}", random.next()),
        1 => altered(random, |batch, _| set(batch, "environment", json!("staging"))),
        2 => altered(random, |batch, _| set(batch, "user_identities", json!(["a"]))),
        _ => altered(random, |batch, _| set(batch, "events", json!("none"))),
    }
}

fn set(value: &mut Value, name: &str, to: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), to);
    }
}

fn custom_event(random: &mut Random, at: i64, attributes: Value) -> Value {
    json!({"event_type": "custom_event", "data": {
        "event_name": "Chaos", "custom_event_type": "other", "timestamp_unixtime_ms": at,
        "source_message_id": format!("m-{:016x}{:016x}", random.next(), random.next()),
        "custom_attributes": attributes,
    }})
}

fn with_many_events(random: &mut Random) -> String {
    altered(random, |batch, random| {
        let padding = "x".repeat(600);
        let events = (0..45 + random.below(60))
            .map(|_| custom_event(random, NOW_MS - 5 * DAY_MS, json!({"padding": padding})));
        let events: Vec<Value> = events.collect();
        set(batch, "events", json!(events));
    })
}

fn with_large_event(random: &mut Random) -> String {
    altered(random, |batch, random| {
        let attributes: serde_json::Map<String, Value> =
            (0..12).map(|number| (format!("a{number}"), json!("y".repeat(3000)))).collect();
        set(batch, "events", json!([custom_event(random, NOW_MS - 5 * DAY_MS, attributes.into())]));
    })
}

/// Batches next to each other that differ in their events only.
fn of_one_user(random: &mut Random) -> Vec<Draft> {
    let first = altered(random, |batch, random| {
        set(batch, "events", json!([custom_event(random, NOW_MS - DAY_MS, json!({}))]));
        if let Some(members) = batch.as_object_mut() {
            members.remove("source_request_id");
        }
    });
    let first: Value = serde_json::from_str(&first).unwrap_or_default();
    let number = 2 + random.below(8);
    let another = |_| {
        let mut batch = first.clone();
        let events: Vec<Value> =
            (0..1 + random.below(3)).map(|_| custom_event(random, NOW_MS - DAY_MS, json!({}))).collect();
        set(&mut batch, "events", json!(events));
        (batch.to_string(), Fate::Good)
    };
    (0..number).map(another).collect()
}

/// Old events; with `straddle` young ones in the same batch as well, every other time.
fn of_age(random: &mut Random, scenario: &Scenario) -> String {
    altered(random, |batch, random| {
        let straddles = scenario.straddle && random.one_in(2);
        let mut events = Vec::new();
        for number in 0..2 + random.below(6) {
            let days = if straddles && number % 2 == 1 { random.below(2) } else { 31 + random.below(300) };
            let days = i64::try_from(days).unwrap_or_default();
            events.push(custom_event(random, NOW_MS - days * DAY_MS - 60_000, json!({})));
        }
        set(batch, "events", json!(events));
    })
}

fn lay_out(drafts: Vec<Draft>, scenario: &Scenario, random: &mut Random) -> (Vec<Batch>, Vec<u8>) {
    let mut bytes = Vec::new();
    let (mut batches, mut line): (Vec<Batch>, u64) = (Vec::new(), 1);
    let one_line = scenario.array && random.one_in(2);
    if scenario.array {
        bytes.push(b'[');
    }
    let count = drafts.len();
    for (index, (text, fate)) in drafts.into_iter().enumerate() {
        if scenario.array && !one_line {
            bytes.push(b'\n');
            line += 1;
        } else if !scenario.array && random.one_in(50) {
            bytes.extend_from_slice(b"\r\n");
            line += 1;
        }
        let offset = u64::try_from(bytes.len()).unwrap_or_default();
        bytes.extend_from_slice(text.as_bytes());
        batches.push(Batch { offset, line, text, fate });
        match (scenario.array, index + 1 == count) {
            (true, true) => bytes.extend_from_slice(b"\n]\n"),
            (true, false) => bytes.push(b','),
            // The last line of a file has an end or none.
            (false, true) if random.one_in(2) => {}
            (false, _) => {
                bytes.push(b'\n');
                line += 1;
            }
        }
    }
    (batches, bytes)
}

#[cfg(test)]
mod tests {
    use mparticle_events::validate::{Limits, Route, Validator};

    use super::*;
    use mparticle_events::clock::FixedClock;

    /// The generator and the validator agree about what is wrong with a batch.
    #[test]
    fn batches_deserve_their_fate() {
        for seed in 0..6 {
            let mut random = Random(seed);
            let mut scenario = Scenario::draw(&mut random, true);
            (scenario.batches, scenario.oversize, scenario.gzip) = (400, true, false);
            let input = Input::generate(&scenario, &mut random).unwrap();
            let limits: Limits = scenario.limits();
            let validator = Validator::builder()
                .limits(limits)
                .clock(std::sync::Arc::new(FixedClock(NOW_MS)))
                .route(Route::Either)
                .build();
            for batch in &input.batches {
                let report = validator.check_bytes(batch.text.as_bytes());
                let codes: Vec<_> = report.errors().map(|finding| finding.code).collect();
                let start = usize::try_from(batch.offset).unwrap();
                assert!(input.bytes[start..].starts_with(batch.text.as_bytes()));
                match batch.fate {
                    Fate::Repeated => assert!(codes.is_empty(), "{codes:?}"),
                    Fate::Good if batch.text.len() < 24_000 => {
                        assert!(codes.is_empty(), "{codes:?}: {}", batch.text)
                    }
                    Fate::Good | Fate::TooLarge => assert_eq!(codes, ["MP201"], "{}", batch.text.len()),
                    Fate::Invalid => assert!(!codes.is_empty(), "{}", batch.text),
                }
            }
        }
    }
}
