//! What the limiter comes to, over seeds that it was not tuned on, as a table.

use crate::model::{Counting, Service};
use crate::two;
use crate::windows::{Alone, Came};

const SEEDS: std::ops::Range<u64> = 71_000..71_020;

const KINDS: [(Counting, u64); 6] = [
    (Counting::Sliding(1.0), 1),
    (Counting::Fixed(1.0), 1),
    (Counting::Sliding(10.0), 10),
    (Counting::Fixed(10.0), 10),
    (Counting::Sliding(60.0), 100),
    (Counting::Fixed(60.0), 100),
];

/// The lowest and the highest.
fn range(values: impl Iterator<Item = f64> + Clone) -> String {
    let (low, high) = (values.clone().fold(f64::MAX, f64::min), values.fold(f64::MIN, f64::max));
    format!("{low:.1} to {high:.1}")
}

#[test]
#[ignore = "prints a table, which takes a minute: cargo test --release --test throttling -- --ignored --nocapture"]
fn table() {
    println!(
        "One sender, lowest to highest of 20 seeds: % used, ‰ refused; the same of the first three windows and 30 s."
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
        let long = if counting.seconds() > 1.0 { 2 } else { 1 };
        let mut rows = vec![Vec::new(); 9];
        for seed in SEEDS {
            let mut service = Service::new(counting, 270.0);
            service.limits = vec![(0.0, 270.0), (300.0 * long as f64, 135.0), (800.0 * long as f64, 270.0)];
            let clients = two(&mut service, batches, 1.0, 1300 * long, seed);
            for (at, (limit, from, to)) in
                [(270.0, 150, 300), (135.0, 500, 800), (270.0, 1000, 1300)].iter().enumerate()
            {
                let (from, to) = (from * long, to * long);
                let rates = clients.each_ref().map(|client| client.rate(from, to));
                let refused = clients.each_ref().map(|client| client.refused(from, to) * 1000.0);
                rows[at * 3].push((rates[0] + rates[1]) / limit * 100.0);
                rows[at * 3 + 1].push((rates[0] / rates[1]).max(rates[1] / rates[0]) * 100.0 - 100.0);
                rows[at * 3 + 2].push(refused[0].max(refused[1]));
            }
        }
        let columns: Vec<String> = rows.iter().map(|row| range(row.iter().copied())).collect();
        println!("| {counting:?} | {} |", columns.join(" | "));
    }
}
