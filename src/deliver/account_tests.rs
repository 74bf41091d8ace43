//! Tests of the account: whatever the service does, every batch of the input is counted once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use proptest::prelude::*;

use super::*;
use crate::Endpoint;
use crate::deliver::dead_letter::DeadLetter;
use crate::deliver::{Failure, Policy, Sender, Transport};
use crate::input::RawBatch;
use crate::pack::{Packer, Paths, Planner, RequestIds, Unit};
use crate::validate::Limits;

/// Answers at random, but the same for the same seed.
struct Moody {
    seed: u64,
    posts: AtomicU64,
    stops: bool,
}

impl Transport for Moody {
    async fn post(&self, _: Endpoint, _: Bytes) -> Answer {
        let number = self.posts.fetch_add(1, Ordering::Relaxed);
        let mut random = (self.seed ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        random ^= random >> 29;
        random = random.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        random ^= random >> 32;
        let bad = |index: u64| {
            ApiError::new("BAD_REQUEST", format!("Bad. Path '[{index}].x', line 1, position 9."))
        };
        tokio::time::sleep(Duration::from_millis(random % 7)).await;
        match (random >> 8) % 12 {
            0 => Answer::status(202).with_errors(vec![bad((random >> 16) % 6)]),
            1 => Answer::status(202).with_errors(vec![bad(0), bad((random >> 16) % 3)]),
            2 | 3 => Answer::status(400),
            4 => Answer::status(503),
            5 => Answer::failed(Failure::Timeout, "no answer"),
            6 if self.stops && number > 3 => Answer::status(401),
            _ => Answer::status(202),
        }
    }
}

/// What the observer was told, kept apart from the account.
#[derive(Default)]
struct Told {
    parts: BTreeMap<(u64, u32), &'static str>,
    /// Fates by batch of the input.
    batches: BTreeMap<u64, BTreeSet<&'static str>>,
    letters: Vec<DeadLetter>,
}

impl Told {
    fn part(&mut self, part: &Part, fate: &'static str) {
        assert_eq!(self.parts.insert(part.key(), fate), None, "told twice of {:?}", part.key());
        let members = part.origin.members();
        let alone = members.is_empty().then_some(part.offset);
        for offset in alone.into_iter().chain(members.iter().map(|member| member.offset)) {
            self.batches.entry(offset).or_default().insert(fate);
        }
    }

    fn count(&self, fate: &str, but: &[&str]) -> u64 {
        let has =
            |fates: &&BTreeSet<&str>| fates.contains(fate) && !but.iter().any(|but| fates.contains(but));
        self.batches.values().filter(has).count() as u64
    }
}

impl Observer for Told {
    fn accepted(&mut self, _: &Request, parts: &[Part]) -> io::Result<()> {
        parts.iter().for_each(|part| self.part(part, "accepted"));
        Ok(())
    }

    fn rejected(&mut self, rejection: &Rejection<'_>) -> io::Result<()> {
        self.letters.push(DeadLetter::rejected(rejection));
        if rejection.is_last() {
            self.part(rejection.part, "rejected");
        }
        Ok(())
    }

    fn not_attempted(&mut self, request: &Request) -> io::Result<()> {
        request.parts().iter().for_each(|part| self.part(part, "not attempted"));
        Ok(())
    }
}

fn ids() -> RequestIds {
    RequestIds::for_input("test")
}

/// Some batches are small and like their neighbours, some have to be split.
fn batches(kinds: &[u8]) -> Vec<RawBatch> {
    let batch = |(index, kind): (usize, &u8)| {
        let events: Vec<String> = (0..=kind * 3).map(|number| format!("{{\"n\":{number}}}")).collect();
        let text = format!("{{\"mpid\":{},\"events\":[{}]}}", index / 5 + 1, events.join(","));
        RawBatch {
            bytes: text.into(),
            column: 1,
            line: index + 1,
            offset: index as u64 * 1000,
            index: index as u64,
        }
    };
    kinds.iter().enumerate().map(batch).collect()
}

fn units(batches: &[RawBatch], merge: bool) -> Vec<Unit> {
    let limits = Limits { batch_bytes: 150, batch_bytes_hard: 160, ..Limits::default() };
    let mut planner = Planner::new(&limits, ids()).merge(merge);
    let mut units = Vec::new();
    for batch in batches {
        planner.plan(batch.clone(), &Paths::One(Endpoint::Bulk), &mut units).unwrap();
    }
    planner.finish(&mut units);
    units
}

fn deliver(units: Vec<Unit>, transport: Moody, told: &mut Told) -> Summary {
    let limits = Limits { batches_per_request: 6, ..Limits::default() };
    let mut packer = Packer::new(Endpoint::Bulk, &limits);
    let mut requests: Vec<Request> = Vec::new();
    for unit in units {
        requests.extend(packer.push_unit(unit).unwrap());
    }
    requests.extend(packer.finish());
    let policy = Policy { max_attempts: 2, ..Policy::default() };
    let sender = Sender::new(transport).policy(policy).batches_per_second(None).seed(1);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(sender.run(stream::iter(requests), &Stop::new(), told))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_batch_ends_in_one_way(
        kinds in prop::collection::vec(0_u8..12, 1..60),
        seed in any::<u64>(),
        (merge, stops) in any::<(bool, bool)>(),
    ) {
        let batches = batches(&kinds);
        let mut told = Told::default();
        let units = units(&batches, merge);
        let keys: Vec<(u64, u32)> = units.iter().map(Unit::key).collect();
        let summary = deliver(units, Moody { seed, stops, posts: AtomicU64::new(0) }, &mut told);
        prop_assert_eq!(summary.total(), batches.len() as u64);
        prop_assert_eq!(told.parts.keys().copied().collect::<BTreeSet<_>>(), keys.into_iter().collect());
        prop_assert_eq!(told.batches.len(), batches.len());
        prop_assert_eq!(summary.rejected, told.count("rejected", &[]));
        prop_assert_eq!(summary.not_attempted, told.count("not attempted", &["rejected"]));
        prop_assert_eq!(summary.accepted, told.count("accepted", &["rejected", "not attempted"]));
        prop_assert!(summary.gave_up <= summary.rejected);
        // A refused batch comes back as it was, under the id it has alone; a piece with its own.
        for letter in &told.letters {
            let index = letter.line - 1;
            if letter.message.contains("(piece ") {
                prop_assert_eq!(&letter.request_id, &None);
                prop_assert!(crate::pack::has_request_id(&letter.batch) == Some(true));
            } else if letter.message.ends_with("merged into one)") {
                prop_assert_eq!(letter.reason, Reason::GaveUp);
                prop_assert_ne!(letter.request_id.clone().unwrap(), ids().id(&batches[index]).to_string());
            } else {
                prop_assert_eq!(&letter.batch, &batches[index].bytes);
                prop_assert_eq!(letter.request_id.clone().unwrap(), ids().id(&batches[index]).to_string());
            }
        }
    }

    #[test]
    fn what_an_earlier_run_settled_is_reckoned_with(
        kinds in prop::collection::vec(0_u8..12, 1..30),
        seed in any::<u64>(),
        rejected_before in prop::option::of(prop::sample::select(vec![Reason::Refused, Reason::GaveUp])),
    ) {
        let batches = batches(&kinds);
        let mut units = units(&batches, false);
        // Every third piece is known, and all whole batches are.
        units.retain(|unit| unit.origin.piece() > 0);
        let mut left: BTreeMap<u64, u32> = BTreeMap::new();
        let mut number = 0;
        let mut known: BTreeMap<u64, u32> = BTreeMap::new();
        units.retain(|unit| {
            number += 1;
            let counts = if number % 3 == 0 { &mut known } else { &mut left };
            *counts.entry(unit.key().0).or_default() += 1;
            number % 3 != 0
        });
        for unit in &mut units {
            if let Some(settled) = known.get(&unit.key().0) {
                unit.settled_earlier(*settled, rejected_before);
            }
        }
        let mut told = Told::default();
        let summary = deliver(units, Moody { seed, stops: false, posts: AtomicU64::new(0) }, &mut told);
        prop_assert_eq!(summary.total(), left.len() as u64);
        let rejected = left
            .keys()
            .filter(|batch| {
                told.batches[batch].contains("rejected") || rejected_before.is_some() && known.contains_key(batch)
            })
            .count();
        prop_assert_eq!(summary.rejected, rejected as u64);
    }
}

#[test]
fn letters_say_what_the_batch_was_a_part_of() {
    struct Refusing;
    impl Transport for Refusing {
        async fn post(&self, _: Endpoint, _: Bytes) -> Answer {
            Answer::status(400)
        }
    }
    let mut told = Told::default();
    let batches = batches(&[0, 0, 6]);
    let mut packer = Packer::new(Endpoint::Bulk, &Limits::default());
    for unit in units(&batches, true) {
        assert!(packer.push_unit(unit).unwrap().is_none());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let sender = Sender::new(Refusing).batches_per_second(None);
    let summary = runtime.block_on(sender.run(stream::iter(packer.finish()), &Stop::new(), &mut told));
    assert_eq!((summary.rejected, summary.accepted), (3, 0));
    let said: Vec<String> =
        told.letters.iter().map(|letter| format!("{}: {}", letter.line, letter.message)).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    1: the service answered 400 without a message (refused together with lines 1–2, into which it was merged)
    2: the service answered 400 without a message (refused together with lines 1–2, into which it was merged)
    3: the service answered 400 without a message (piece 1 of 3)
    3: the service answered 400 without a message (piece 2 of 3)
    3: the service answered 400 without a message (piece 3 of 3)
    ");
}
