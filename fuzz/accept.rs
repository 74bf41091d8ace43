//! A libFuzzer target: reports of the validator as users have it, and of the one that asks the rules about every batch.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mparticle_events::clock::FixedClock;
use mparticle_events::validate::{Route, Validator};
use mutate::mutate;
use traffic::{NOW_MS, Random};

#[path = "../tests/accept/mutate.rs"]
mod mutate;
#[path = "../tests/accept/traffic.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod traffic;

/// For each route a validator with the accepting pass, and one without.
static PAIRS: LazyLock<Vec<(Validator, Validator)>> = LazyLock::new(|| {
    let make = |route, explain_only| {
        let builder = Validator::builder().clock(Arc::new(FixedClock(NOW_MS)));
        builder.route(route).explain_only(explain_only).build()
    };
    let routes = [Route::Either, Route::Live, Route::Historical];
    routes.map(|route| (make(route, false), make(route, true))).into()
});

fuzz_target!(|batch: &[u8]| {
    for (fast, slow) in PAIRS.iter() {
        assert_eq!(fast.check_bytes(batch), slow.check_bytes(batch));
    }
});

// Half of the changes keep JSON what it is; libFuzzer's own know no structure, but the dictionary.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(u64::from(seed));
    if random.one_in(2) {
        return fuzzer_mutate(data, size, max_size);
    }
    let batch = mutate(&mut random, &[data[..size].to_vec()]);
    let size = batch.len().min(max_size);
    data[..size].copy_from_slice(&batch[..size]);
    size
});
