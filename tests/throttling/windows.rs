//! Limits that are counted over many seconds, and a configuration that is right, too low or too high.

use mparticle_events::deliver::RateLimiter;

use crate::model::{Client, Counting, Random, Service, simulate};
use crate::{Faults, SEEDS, two};

/// Long windows, and batches in a request.
const LONG: [(Counting, u64); 4] = [
    (Counting::Sliding(10.0), 10),
    (Counting::Fixed(10.0), 10),
    (Counting::Sliding(60.0), 100),
    (Counting::Fixed(60.0), 100),
];

/// One sender alone: what the service allows, and what is configured.
#[derive(Clone, Copy, Debug)]
pub struct Alone {
    pub counting: Counting,
    pub batches: u64,
    pub limit: f64,
    pub configured: f64,
    /// Whether the rate may grow above what is configured.
    pub above: bool,
    pub header: bool,
    pub rounded: bool,
}

/// In percent of what can be used, and the share of refused requests: while the window is learned, and in the ten minutes after.
pub struct Came {
    pub used: [f64; 2],
    pub refused: [f64; 2],
}

impl Alone {
    pub fn new(counting: Counting, batches: u64, limit: f64, configured: f64) -> Self {
        Self { counting, batches, limit, configured, above: false, header: true, rounded: false }
    }

    /// Runs for three windows and the time that growth takes, and ten minutes more. It begins anywhere within a window.
    pub fn run(&self, seed: u64) -> Came {
        let mut service = Service::new(self.counting, self.limit);
        (service.header, service.rounded) = (self.header, self.rounded);
        let mut limiter = RateLimiter::new(self.configured);
        if self.above {
            limiter = limiter.maximum(1000.0);
        }
        let window = self.counting.seconds();
        let mut clients = [Client::new(limiter, self.batches)];
        let begins = Random(seed).next() * window;
        clients[0].begins = begins;
        let (begins, learned) = (begins as usize, (begins + 3.0 * window) as usize + 30);
        let ends = learned + 600;
        simulate(&mut service, &mut clients, ends, seed);
        let most = if self.above { self.limit } else { self.limit.min(self.configured) };
        let spans = [(begins, learned), (learned, ends)];
        Came {
            used: spans.map(|(from, to)| clients[0].rate(from, to) / most * 100.0),
            refused: spans.map(|(from, to)| clients[0].refused(from, to)),
        }
    }
}

#[test]
fn a_long_window_is_learned_whatever_is_configured() {
    let mut faults = Faults::default();
    for (counting, batches) in LONG {
        for (limit, configured, above) in [
            (270.0, 270.0, false),
            (270.0, 135.0, false),
            (270.0, 135.0, true),
            (135.0, 270.0, false),
            (135.0, 540.0, false),
        ] {
            for seed in SEEDS {
                let alone = Alone {
                    above,
                    rounded: seed % 2 == 1,
                    ..Alone::new(counting, batches, limit, configured)
                };
                let Came { used, refused } = alone.run(seed);
                // Four times too much is found out as well, but a few 429 later.
                let seldom = if configured > 2.0 * limit { 0.005 } else { 0.001 };
                let fine = used[1] > 95.0 && refused[1] < seldom && used[0] > 50.0 && refused[0] < 0.1;
                faults.unless(fine, format!("{alone:?} seed {seed}: {used:.2?} %, {refused:.5?} refused"));
            }
        }
    }
}

#[test]
fn without_readings_a_long_window_is_learned_from_how_long_it_is_closed() {
    let mut faults = Faults::default();
    for (counting, batches) in LONG {
        for configured in [270.0, 540.0] {
            let alone = Alone { header: false, ..Alone::new(counting, batches, 135.0, configured) };
            for seed in SEEDS {
                let Came { used, refused } = alone.run(seed);
                let fine = used[1] > 60.0 && refused[1] < 0.015;
                faults.unless(fine, format!("{alone:?} seed {seed}: {used:.2?} %, {refused:.5?} refused"));
            }
        }
    }
}

#[test]
fn a_limit_of_a_long_window_that_halves_and_doubles_is_followed() {
    let mut faults = Faults::default();
    for (counting, batches) in LONG {
        for seed in SEEDS {
            let mut service = Service::new(counting, 270.0);
            service.limits = vec![(0.0, 270.0), (600.0, 135.0), (1500.0, 270.0)];
            let mut clients = [Client::new(RateLimiter::new(270.0), batches)];
            simulate(&mut service, &mut clients, 2400, seed);
            let what = format!("{counting:?} seed {seed}");
            faults.unless_used(95.0, 135.0, &clients[0], (900, 1500), &what);
            faults.unless_used(95.0, 270.0, &clients[0], (1800, 2400), &what);
        }
    }
}

/// How two senders share a limit that halves and doubles.
pub struct Shared {
    /// Together, in percent; before, halved, and doubled again.
    pub used: [f64; 3],
    /// How much more one has than the other, in percent.
    pub apart: [f64; 3],
    /// The share of refused requests of the one that has more of them.
    pub refused: [f64; 3],
}

/// Runs two that come a second after each other, and looks from twenty windows after each change.
pub fn shared(counting: Counting, batches: u64, seed: u64) -> Shared {
    let long = if counting.seconds() > 20.0 { 6 } else { 1 };
    let mut service = Service::new(counting, 270.0);
    service.limits = vec![(0.0, 270.0), (300.0 * long as f64, 135.0), (800.0 * long as f64, 270.0)];
    let clients = two(&mut service, batches, 1.0, 1300 * long, seed);
    let spans = [(270.0, 150, 300), (135.0, 500, 800), (270.0, 1000, 1300)]
        .map(|(limit, from, to)| (limit, from * long, to * long));
    let both = |from, to| clients.each_ref().map(|client| client.rate(from, to));
    Shared {
        used: spans.map(|(limit, from, to)| both(from, to).iter().sum::<f64>() / limit * 100.0),
        apart: spans.map(|(_, from, to)| {
            let [one, other] = both(from, to);
            (one / other).max(other / one) * 100.0 - 100.0
        }),
        refused: spans
            .map(|(_, from, to)| clients.iter().map(|client| client.refused(from, to)).fold(0.0, f64::max)),
    }
}

#[test]
fn two_senders_come_to_about_the_same_share_when_the_limit_of_a_long_window_changes() {
    let mut faults = Faults::default();
    for (counting, batches) in LONG {
        // Where a request takes more than a hundredth of what fits a window, and both may send the last one, the share is less.
        let (least, seldom) = if counting == Counting::Fixed(60.0) { (97.5, 0.006) } else { (98.0, 0.0015) };
        let came: Vec<Shared> = (4300..4303).map(|seed| shared(counting, batches, seed)).collect();
        for at in [1, 2] {
            let mut apart: Vec<f64> = came.iter().map(|came| came.apart[at]).collect();
            apart.sort_by(f64::total_cmp);
            faults.unless(
                apart[1] < 20.0 && apart[2] < 100.0,
                format!("{counting:?}, {at}: {apart:.1?} % apart"),
            );
            for Shared { used, refused, .. } in &came {
                let fine = used[at] > least && refused[at] < seldom;
                faults.unless(
                    fine,
                    format!("{counting:?}, {at}: {:.2} %, {:.5} refused", used[at], refused[at]),
                );
            }
        }
    }
}

#[test]
fn what_is_configured_right_is_used_while_a_long_window_is_learned() {
    let mut faults = Faults::default();
    for (counting, batches) in LONG {
        for seed in 4300..4301 {
            let Came { used, refused } = Alone::new(counting, batches, 270.0, 270.0).run(seed);
            let fine = used[0] > 91.0 && refused[0] == 0.0;
            faults.unless(fine, format!("{counting:?} seed {seed}: {used:.2?} %, {refused:.5?} refused"));
        }
    }
}

/// A sender that has something to send for five seconds of ten does not take its own pauses for the service's windows.
#[test]
fn pauses_are_not_taken_for_windows() {
    let mut faults = Faults::default();
    for counting in
        [Counting::Sliding(1.0), Counting::Fixed(1.0), Counting::Sliding(10.0), Counting::Fixed(10.0)]
    {
        for seed in SEEDS {
            let mut service = Service::new(counting, 270.0);
            let mut clients = [Client::new(RateLimiter::new(270.0), 3)];
            clients[0].busy = Some((5.0, 10.0));
            simulate(&mut service, &mut clients, 400, seed);
            let (rate, refused) = (clients[0].rate(200, 400), clients[0].refused(0, 400));
            let what = format!("{counting:?} seed {seed}: {rate:.1}, {refused:.5} refused");
            faults.unless(rate > 135.0 * 0.9 && refused < 0.001, what);
        }
    }
}
