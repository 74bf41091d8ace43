//! Prints how fast batches are checked, beside what else one could do with their bytes: `cargo bench --bench validate`.
//!
//! All rows are measured in turns in one run, and the best of several turns counts, so that ratios hold on a machine
//! that is doing other things as well. With `-- --quick` a run takes seconds and only shows that everything works.

#![allow(clippy::indexing_slicing, reason = "rows and sizes are fixed")]

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mparticle_events::clock::FixedClock;
use mparticle_events::validate::{Validator, schema_json};
use serde::de::IgnoredAny;
use serde_json::Value;
use traffic::{NOW_MS, Size};

#[path = "../tests/accept/faults.rs"]
mod faults;
#[path = "../tests/accept/traffic.rs"]
mod traffic;

type Corpus = [Vec<u8>];

/// One way to go over a corpus; gives a number that depends on all of it.
type Row<'a> = (&'static str, Box<dyn Fn(&Corpus) -> usize + Sync + 'a>);

fn validator(explain_only: bool) -> Validator {
    Validator::builder().clock(Arc::new(FixedClock(NOW_MS))).explain_only(explain_only).build()
}

fn clean(validator: &Validator, corpus: &Corpus) -> usize {
    corpus.iter().filter(|batch| validator.check_bytes(batch).is_clean()).count()
}

/// Half of the corpus on each of two threads.
fn on_two_threads(corpus: &Corpus, work: &(dyn Fn(&Corpus) -> usize + Sync)) -> usize {
    let (one, other) = corpus.split_at(corpus.len() / 2);
    thread::scope(|scope| {
        let helper = scope.spawn(|| work(other));
        work(one) + helper.join().unwrap_or_default()
    })
}

fn rows<'a>(fast: &'a Validator, slow: &'a Validator, schema: &'a jsonschema::Validator) -> Vec<Row<'a>> {
    let each =
        |work: fn(&[u8]) -> bool| move |corpus: &Corpus| corpus.iter().filter(|batch| work(batch)).count();
    vec![
        ("newline scan (memchr)", Box::new(each(|batch| memchr::memchr(b'\n', batch).is_none()))),
        (
            "skip: sonic-rs IgnoredAny",
            Box::new(each(|batch| sonic_rs::from_slice::<IgnoredAny>(batch).is_ok())),
        ),
        (
            "skip: serde_json IgnoredAny",
            Box::new(each(|batch| serde_json::from_slice::<IgnoredAny>(batch).is_ok())),
        ),
        ("build serde_json::Value", Box::new(each(|batch| serde_json::from_slice::<Value>(batch).is_ok()))),
        (
            "jsonschema: parse + is_valid",
            Box::new(move |corpus| {
                let parse = |batch: &Vec<u8>| serde_json::from_slice(batch).ok();
                corpus.iter().filter_map(parse).filter(|document| schema.is_valid(document)).count()
            }),
        ),
        ("validator, explaining only", Box::new(move |corpus| clean(slow, corpus))),
        ("validator", Box::new(move |corpus| clean(fast, corpus))),
        ("validator, two threads", Box::new(move |corpus| on_two_threads(corpus, &|part| clean(fast, part)))),
        (
            "validator, across batches",
            Box::new(move |corpus| {
                let mut across = fast.across();
                corpus.iter().filter(|batch| across.check_bytes(batch).is_clean()).count()
            }),
        ),
    ]
}

/// The best of several turns, in MB/s.
fn measure(rows: &[Row<'_>], corpus: &Corpus, turns: usize) -> Vec<f64> {
    let bytes: usize = corpus.iter().map(Vec::len).sum();
    let mut best = vec![Duration::MAX; rows.len()];
    for _ in 0..turns {
        for ((_, work), best) in rows.iter().zip(&mut best) {
            let start = Instant::now();
            black_box(work(black_box(corpus)));
            *best = (*best).min(start.elapsed());
        }
    }
    best.into_iter().map(|time| bytes as f64 / 1e6 / time.as_secs_f64()).collect()
}

#[allow(clippy::print_stdout, clippy::expect_used)]
fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let (bytes, turns) = if quick { (200_000, 1) } else { (8_000_000, 9) };
    let (fast, slow) = (validator(false), validator(true));
    let document: Value = serde_json::from_str(schema_json()).expect("the schema is JSON");
    let schema =
        jsonschema::options().should_validate_formats(true).build(&document).expect("it is a schema");
    let rows = rows(&fast, &slow, &schema);
    let corpora = [
        ("small", traffic::corpus(Size::Small, bytes)),
        ("mixed", traffic::corpus(Size::Mixed, bytes)),
        ("large", traffic::corpus(Size::Large, bytes)),
        ("all wrong", faults::corpus(bytes)),
    ];
    let results: Vec<Vec<f64>> = corpora
        .iter()
        .map(|(name, corpus)| {
            let unsure = corpus.iter().filter(|batch| !fast.accepts(batch)).count();
            let total: usize = corpus.iter().map(Vec::len).sum();
            println!(
                "{name}: {} batches of {} bytes on average, {unsure} not accepted",
                corpus.len(),
                total / corpus.len()
            );
            measure(&rows, corpus, turns)
        })
        .collect();
    println!("\n| MB/s | small | mixed | large | all wrong |\n|---|---|---|---|---|");
    for (index, (name, _)) in rows.iter().enumerate() {
        let cells: Vec<String> = results.iter().map(|row| format!("{:.0}", row[index])).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    println!("\n| ratio | small | mixed | large | all wrong | at least |\n|---|---|---|---|---|---|");
    for (name, one, other, least) in [
        ("validator / sonic-rs skip", 6, 1, "0.6 where good"),
        ("validator / serde_json skip", 6, 2, ""),
        ("validator / jsonschema", 6, 4, "6 where good"),
        ("validator / serde_json::Value", 6, 3, "0.4, also where all is wrong"),
        ("explaining only / serde_json::Value", 5, 3, "0.4"),
        ("across batches / one by one", 8, 6, "0.85"),
        ("two threads / one", 7, 6, "1.7"),
    ] {
        let cells: Vec<String> = results.iter().map(|row| format!("{:.2}", row[one] / row[other])).collect();
        println!("| {name} | {} | {least} |", cells.join(" | "));
    }
}
