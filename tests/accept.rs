//! The pass that accepts batches without building a document, held against the rules themselves: what it accepts, they
//! find nothing in. A short run of the mutation harness here; a long one with
//!
//! ```text
//! ACCEPT_EXECUTIONS=2000000 ACCEPT_SEED=7 cargo test --release --test accept -- mutations --nocapture
//! ```

#![allow(clippy::indexing_slicing, reason = "indices come from below the length")]

use std::collections::BTreeSet;
use std::sync::Arc;

use mparticle_events::clock::FixedClock;
use mparticle_events::validate::rule::Example;
use mparticle_events::validate::{Limits, Report, Route, Validator, rules};
use mutate::mutate;
use traffic::{NOW_MS, Random, Size};

#[path = "accept/faults.rs"]
mod faults;
#[path = "accept/mutate.rs"]
mod mutate;
#[path = "accept/traffic.rs"]
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod traffic;

/// The same validator twice: as users have it, and without the accepting pass.
struct Pair {
    fast: Validator,
    slow: Validator,
}

fn pair(route: Route, limits: &Limits) -> Pair {
    let make = |explain_only| {
        Validator::builder()
            .clock(Arc::new(FixedClock(NOW_MS)))
            .route(route)
            .limits(limits.clone())
            .explain_only(explain_only)
            .build()
    };
    Pair { fast: make(false), slow: make(true) }
}

/// Low enough that ordinary batches come near them.
fn low_limits() -> Limits {
    let mut limits = Limits::default();
    for (name, value) in [
        ("event_name_chars", 17),
        ("event_attributes", 6),
        ("event_attribute_name_chars", 14),
        ("event_attribute_value_chars", 60),
        ("user_attributes", 7),
        ("user_attribute_name_chars", 10),
        ("user_attribute_value_chars", 20),
        ("user_attribute_list_entries", 2),
        ("user_attribute_list_entry_chars", 6),
        ("action_identifier_chars", 6),
        ("batch_bytes", 6000),
        ("batch_bytes_hard", 6500),
        ("unique_event_names", 8),
        ("events_per_user_day", 2),
    ] {
        assert!(limits.set(name, value), "{name}");
    }
    limits
}

fn pairs() -> Vec<Pair> {
    let default = Limits::default();
    vec![
        pair(Route::Either, &default),
        pair(Route::Live, &default),
        pair(Route::Historical, &default),
        pair(Route::Either, &low_limits()),
    ]
}

/// Mostly the usual settings: with the others, few batches are good.
fn pick<'a>(random: &mut Random, pairs: &'a [Pair]) -> &'a Pair {
    &pairs[if random.one_in(3) { random.below(pairs.len()) } else { 0 }]
}

/// Batches to begin with: examples of all rules, generated ones, and real ones where there are some.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for rule in rules::ALL {
        for example in [&rule.fires, &rule.silent] {
            seeds.extend(example.batches.iter().map(|batch| batch.as_bytes().to_vec()));
        }
    }
    let mut random = Random(1);
    for index in 0..900 {
        let size = if index % 3 == 0 { Size::Mixed } else { Size::Small };
        seeds.push(traffic::batch(&mut random, size).into_bytes());
    }
    let root = env!("CARGO_MANIFEST_DIR");
    if let Ok(text) = std::fs::read_to_string(format!("{root}/examples/batches.ndjson")) {
        seeds.extend(text.lines().map(|line| line.as_bytes().to_vec()));
    }
    let mut cases: Vec<_> =
        std::fs::read_dir(format!("{root}/../shared/corpus/cases")).into_iter().flatten().flatten().collect();
    cases.sort_by_key(std::fs::DirEntry::path);
    seeds.extend(cases.into_iter().filter_map(|case| std::fs::read(case.path()).ok()));
    seeds.retain(|seed| seed.len() < 20_000);
    seeds
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn the_clock_of_the_generated_batches_is_that_of_the_examples() {
    assert_eq!(NOW_MS, Example::NOW_MS);
}

#[test]
fn good_batches_are_accepted() {
    let Pair { fast, slow } = pair(Route::Either, &Limits::default());
    for size in [Size::Small, Size::Mixed, Size::Large] {
        for batch in traffic::corpus(size, 400_000) {
            let report = slow.check_bytes(&batch);
            let text = String::from_utf8_lossy(&batch);
            assert!(report.is_clean(), "{report} in {text:.3000}");
            assert!(fast.accepts(&batch), "not accepted: {text:.3000}");
        }
    }
}

#[test]
fn faulty_batches_get_the_same_reports_and_faults_are_of_many_kinds() {
    let Pair { fast, slow } = pair(Route::Either, &Limits::default());
    let (mut one, mut other) = (fast.across(), slow.across());
    let mut codes = BTreeSet::new();
    for batch in faults::corpus(700_000) {
        let report = fast.check_bytes(&batch);
        let text = String::from_utf8_lossy(&batch);
        assert!(!report.is_clean(), "no fault: {text}");
        assert_eq!(report, slow.check_bytes(&batch), "{text}");
        assert_eq!(one.check_bytes(&batch), other.check_bytes(&batch), "{text}");
        codes.extend(report.findings().iter().map(|finding| finding.code));
    }
    assert!(codes.len() >= 20, "only {codes:?}");
}

#[test]
fn what_is_accepted_among_mutations_is_clean() {
    let executions = setting("ACCEPT_EXECUTIONS", 60_000);
    let pairs = pairs();
    let seeds = seeds();
    let mut random = Random(setting("ACCEPT_SEED", 1));
    let (mut accepted, mut clean, mut sampled) = (0_u64, 0_u64, 0_u64);
    for execution in 0..executions {
        let batch = mutate(&mut random, &seeds);
        let pair = pick(&mut random, &pairs);
        if pair.fast.accepts(&batch) {
            accepted += 1;
            let report = pair.slow.check_bytes(&batch);
            let text = String::from_utf8_lossy(&batch);
            assert!(report.is_clean(), "execution {execution}: accepted, but {report} in {text}");
        } else if execution % 16 == 0 {
            sampled += 1;
            let report = pair.slow.check_bytes(&batch);
            let text = String::from_utf8_lossy(&batch);
            assert_eq!(pair.fast.check_bytes(&batch), report, "execution {execution}: {text}");
            let is_clean = report.is_clean();
            clean += u64::from(is_clean);
            if is_clean && std::env::var_os("ACCEPT_SHOW").is_some() {
                println!("not accepted: {}", String::from_utf8_lossy(&batch));
            }
        }
    }
    let missed = clean * 16;
    println!(
        "{executions} executions: {accepted} accepted, about {missed} clean ones not accepted ({clean} of {sampled} sampled)"
    );
    assert!(
        accepted * 12 > executions,
        "only {accepted} of {executions} were accepted: the run shows little"
    );
    assert!(accepted > missed * 3, "{accepted} accepted, and about {missed} more would have been clean");
}

#[test]
fn sequences_of_batches_get_the_same_reports() {
    let rounds = setting("ACCEPT_EXECUTIONS", 8_000) / 40;
    let (pairs, seeds) = (pairs(), seeds());
    let mut random = Random(setting("ACCEPT_SEED", 1) + 99);
    let mut faulty = 0;
    for round in 0..rounds {
        let Pair { fast, slow } = pick(&mut random, &pairs);
        let (mut one, mut other) = (fast.across(), slow.across());
        let mut earlier: Vec<Vec<u8>> = Vec::new();
        for step in 0..40 {
            let batch = next_of_sequence(&mut random, &seeds, &earlier);
            let (found, expected): (Report, Report) = (one.check_bytes(&batch), other.check_bytes(&batch));
            assert_eq!(found, expected, "round {round}, step {step}: {}", String::from_utf8_lossy(&batch));
            faulty += usize::from(expected.findings().iter().any(|finding| finding.code.starts_with("MP5")));
            earlier.push(batch);
        }
    }
    assert!(faulty > 0, "no rule across batches had anything to say");
}

/// Mostly good batches, so that the state grows; now and then one that was there before, or a mutation.
fn next_of_sequence(random: &mut Random, seeds: &[Vec<u8>], earlier: &[Vec<u8>]) -> Vec<u8> {
    match random.below(10) {
        0 if !earlier.is_empty() => mutate(random, earlier),
        1 => mutate(random, seeds),
        2 if !earlier.is_empty() => earlier[random.below(earlier.len())].clone(),
        3..=5 => {
            // One user, few names, attributes that change their type.
            let value = ["\"x\"", "[\"x\"]", "1", "null"][random.below(4)];
            let user = [
                "\"mpid\":7",
                "\"user_identities\":{\"customer_id\":\"c\"}",
                "\"user_identities\":{\"email\":\"e\",\"other\":\" \",\"alias\":5}",
                "\"user_identities\":{\"alias\":5,\"email\":\"\\u0065\"}",
            ][random.below(4)];
            let (name, id, day) = (random.below(12), random.below(200), random.below(3) as i64);
            format!(
                "{{\"environment\":\"{}\",{user},\"user_attributes\":{{\"b{}\":{value},\"a\":{value}}},\"source_request_id\":{},\
                 \"events\":[{{\"event_type\":\"custom_event\",\"data\":{{\"event_name\":\"n\\u00e9{name}\",\"custom_event_type\":\"other\",\
                 \"source_message_id\":\"m{id}\",\"timestamp_unixtime_ms\":{}}}}},{{\"event_type\":\"session_start\",\"data\":{{\"source_message_id\":{}}}}}]}}",
                if random.one_in(9) { "development" } else { "production" },
                random.below(3),
                [format!("{id}"), format!("\"r{id}\""), "null".to_owned(), "1.50".to_owned()][random.below(4)],
                NOW_MS - day * 86_400_000 - 5,
                [format!("\"m{}\"", random.below(200)), "null".to_owned(), "true".to_owned(), "17".to_owned()][random.below(4)],
            )
            .into_bytes()
        }
        _ => traffic::batch(random, Size::Small).into_bytes(),
    }
}
