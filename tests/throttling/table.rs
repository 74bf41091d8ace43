//! What the limiter comes to, over seeds that it was not tuned on, as a table.

use crate::model::Counting;
use crate::windows::{Alone, Came, Shared, shared};

const SEEDS: std::ops::Range<u64> = 71_000..71_020;

const KINDS: [(Counting, u64); 6] = [
    (Counting::Sliding(1.0), 1),
    (Counting::Fixed(1.0), 1),
    (Counting::Sliding(10.0), 10),
    (Counting::Fixed(10.0), 10),
    (Counting::Sliding(60.0), 100),
    (Counting::Fixed(60.0), 100),
];

/// The lowest, the middle, and the highest.
fn range(values: impl Iterator<Item = f64>) -> String {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |part: usize| values[(values.len() - 1) * part / 2];
    format!("{:.1} {:.1} {:.1}", at(0), at(1), at(2))
}

#[test]
#[ignore = "prints a table, which takes some seconds in a release build: cargo test --release --test throttling -- --ignored --nocapture"]
fn table() {
    println!(
        "One sender, lowest, middle and highest of 20 seeds: % used, ‰ refused; the same of the first three windows and 30 s."
    );
    for header in [true, false] {
        for (what, limit, configured, above) in [
            ("right", 270.0, 270.0, false),
            ("half", 270.0, 135.0, false),
            ("half, may grow", 270.0, 135.0, true),
            ("double", 135.0, 270.0, false),
        ] {
            for (counting, batches) in KINDS {
                if above && !header {
                    continue;
                }
                let alone = Alone { header, above, ..Alone::new(counting, batches, limit, configured) };
                let came: Vec<Came> = SEEDS.map(|seed| alone.run(seed)).collect();
                let column = |at: usize| {
                    let used = range(came.iter().map(|came| came.used[at]));
                    format!("{used} | {}", range(came.iter().map(|came| came.refused[at] * 1000.0)))
                };
                let told = if header { "told" } else { "not told" };
                println!("| {told} | {what} | {counting:?} | {} | {} |", column(1), column(0));
            }
        }
    }
    println!(
        "Two senders while the limit halves and doubles: % used, % apart, ‰ refused; before, halved, doubled again."
    );
    for (counting, batches) in KINDS {
        let came: Vec<Shared> = SEEDS.map(|seed| shared(counting, batches, seed)).collect();
        let columns: Vec<String> = (0..3)
            .flat_map(|at| {
                let column = |of: fn(&Shared) -> &[f64; 3], times: f64| {
                    range(came.iter().map(|came| of(came)[at] * times))
                };
                [
                    column(|came| &came.used, 1.0),
                    column(|came| &came.apart, 1.0),
                    column(|came| &came.refused, 1000.0),
                ]
            })
            .collect();
        println!("| {counting:?} | {} |", columns.join(" | "));
    }
}
