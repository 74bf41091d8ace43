//! The rate follows what is said of it.

use proptest::prelude::*;

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Answers that tell of the last second alone.
fn told(peak: Option<f64>, share: f64, measured: f64) -> Told {
    Told { peak, share, measured, limit: None, most: None, window: None }
}

/// Follows a reading that is a function of the rate for so many tenths of a second, from a time on.
fn follow(speed: &mut Speed, from: u64, tenths: u64, peak: impl Fn(f64) -> Option<f64>) -> f64 {
    for tenth in 0..tenths {
        let rate = speed.rate().unwrap();
        speed.follow(ms(from + tenth * 100), &told(peak(rate), 1.0, rate), true);
    }
    speed.rate().unwrap()
}

#[test]
fn it_settles_where_the_readings_say_whatever_was_configured() {
    for limit in [50.0, 135.0, 200.0, 270.0, 500.0] {
        let mut speed = Speed::new(Some(270.0), 135.0);
        let rate = follow(&mut speed, 0, 3000, |rate| Some(rate / limit * 100.0));
        let expected = (limit * 0.99).min(270.0 * MARGIN);
        assert!((rate / expected - 1.0).abs() < 0.011, "{limit}: {rate}");
    }
}

#[test]
fn it_grows_above_what_is_configured_only_when_allowed() {
    let mut speed = Speed::new(Some(270.0), 135.0);
    speed.maximum(1000.0);
    let rate = follow(&mut speed, 0, 3000, |rate| Some(rate / 5.4));
    assert!((520.0..540.0).contains(&rate), "{rate}");
    assert_eq!(follow(&mut Speed::new(Some(270.0), 135.0), 0, 3000, |_| Some(1.0)), 270.0 * MARGIN);
}

#[test]
fn it_does_not_grow_when_nobody_waits() {
    let mut speed = Speed::new(Some(270.0), 100.0);
    (0..100).for_each(|tenth| speed.follow(ms(tenth * 100), &told(Some(5.0), 1.0, 10.0), false));
    assert_eq!(speed.rate(), Some(100.0));
}

#[test]
fn a_429_cuts_once_for_all_that_was_in_the_air() {
    let mut speed = Speed::new(Some(270.0), 200.0);
    assert!(speed.too_fast(ms(5000), ms(4900), &told(None, 1.0, 200.0)));
    let cut = speed.rate().unwrap();
    assert_eq!(cut, 160.0);
    assert!(!speed.too_fast(ms(5010), ms(4950), &told(None, 1.0, 200.0)));
    assert_eq!(speed.rate(), Some(cut));
    speed.taken(ms(5650), ms(5600));
    assert!(speed.too_fast(ms(5900), ms(5800), &told(None, 0.1, 200.0)));
    assert_eq!(speed.rate(), Some(cut * 0.5));
}

#[test]
fn a_429_that_a_reading_explains_costs_little() {
    let mut speed = Speed::new(Some(270.0), 200.0);
    speed.too_fast(ms(5000), ms(4900), &told(Some(99.9), 1.0, 200.0));
    assert_eq!(speed.rate(), Some(199.0));
    assert!(speed.wall.is_none());
}

#[test]
fn many_429_after_it_halve_the_rate_whatever_their_number() {
    let left = |taken: u32, refused: u32| {
        let mut speed = Speed::new(Some(270.0), 200.0);
        speed.too_fast(ms(5000), ms(4900), &told(Some(99.9), 1.0, 200.0));
        (0..taken).for_each(|_| speed.taken(ms(5100), ms(5050)));
        (0..refused).for_each(|_| {
            speed.too_fast(ms(5200), ms(4950), &told(Some(99.9), 1.0, 200.0));
        });
        speed.taken(ms(5600), ms(5550));
        speed.rate().unwrap()
    };
    assert_eq!([left(50, 0), left(50, 10)], [199.0, 199.0], "strays");
    assert_eq!([left(50, 40), left(50, 60), left(10, 90)], [99.5, 99.5, 99.5]);
}

#[test]
fn what_is_known_of_a_long_window_goes_before_the_last_second() {
    let mut speed = Speed::new(Some(270.0), 200.0);
    let known =
        |limit: f64, most: f64| Told { limit: Some(limit), most: Some(most), ..told(Some(1.0), 1.0, 200.0) };
    (0..600).for_each(|tenth| speed.follow(ms(tenth * 100), &known(150.0, 1000.0), true));
    assert!((speed.rate().unwrap() / 149.0 - 1.0).abs() < 0.01, "{:?}", speed.rate());
    speed.follow(ms(60_100), &known(150.0, 50.0), true);
    assert_eq!(speed.rate(), Some(50.0));
}

#[test]
fn without_readings_it_keeps_below_the_rate_that_was_too_much() {
    let mut speed = Speed::new(Some(270.0), 200.0);
    speed.too_fast(ms(1000), ms(900), &told(None, 1.0, 200.0));
    assert_eq!(follow(&mut speed, 1000, 3000, |_| None), 190.0);
    // Much later it is tried again.
    let rate = follow(&mut speed, 301_000, 9000, |_| None);
    assert!(rate > 200.0, "{rate}");
}

#[test]
fn readings_that_fall_make_it_forget_the_rate_that_was_too_much() {
    let mut speed = Speed::new(Some(270.0), 200.0);
    speed.too_fast(ms(1000), ms(900), &told(Some(70.0), 1.0, 200.0));
    let rate = follow(&mut speed, 1000, 600, |rate| Some(rate * 0.35));
    assert_eq!(rate, 190.0, "as much use a batch as then");
    let rate = follow(&mut speed, 61_000, 600, |rate| Some(rate * 0.1));
    assert!(rate > 200.0, "{rate}");
}

#[test]
fn acceleration_keeps_the_rate_and_slows_its_growth() {
    let grown = |halvings: u64| {
        let mut speed = Speed::new(Some(270.0), 50.0);
        (0..halvings).for_each(|n| assert!(speed.too_steep(ms(n * 600), ms(n * 600))));
        assert_eq!(speed.rate(), Some(50.0));
        follow(&mut speed, 10_000, 50, |_| Some(10.0)) - 50.0
    };
    let [none, one, three, many] = [0, 1, 3, 12].map(grown);
    assert!(none > one && one > three && three > many && many > 0.0, "{none} {one} {three} {many}");
    assert!((one / none - 0.5).abs() < 0.1, "{one} {none}");
}

#[test]
fn after_a_pause_it_starts_again() {
    let mut speed = Speed::new(Some(270.0), 100.0);
    assert!(follow(&mut speed, 0, 600, |_| Some(1.0)) > 250.0);
    speed.follow(ms(200_000), &told(None, 1.0, 0.0), true);
    assert_eq!(speed.rate(), Some(100.0));
}

#[test]
fn no_ceiling_stays_none_until_there_is_a_reason() {
    let mut speed = Speed::new(None, f64::MAX);
    speed.follow(ms(100), &told(Some(50.0), 1.0, 5000.0), true);
    assert_eq!(speed.rate(), None);
    speed.follow(ms(200), &told(Some(99.9), 1.0, 5000.0), true);
    assert!(speed.rate().is_some_and(|rate| rate < 5000.0), "{:?}", speed.rate());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_the_rate_is_a_rate(
        configured in prop::option::of(0.1_f64..5000.0),
        events in prop::collection::vec((0_u8..4, any::<u32>(), any::<[Option<f64>; 3]>(), any::<f64>()), 0..200),
    ) {
        let mut speed = Speed::new(configured, configured.unwrap_or(f64::MAX) / 2.0);
        for (kind, at, [peak, limit, most], number) in events {
            let (now, peak) = (ms(at.into()), peak.filter(|peak| peak.is_finite() && *peak >= 0.0));
            let told = Told { limit: limit.map(f64::abs), most: most.map(f64::abs), ..told(peak, number.abs().min(1.0), number.abs()) };
            match kind {
                0 => speed.follow(now, &told, true),
                1 => { speed.too_fast(now, now, &told); }
                2 => { speed.too_steep(now, now); }
                _ => speed.taken(now, now),
            }
            if let Some(rate) = speed.rate() {
                prop_assert!(rate.is_finite() && rate > 0.0);
                prop_assert!(configured.is_none_or(|most| rate <= most));
            }
        }
    }
}
