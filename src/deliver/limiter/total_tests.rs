//! What all use is read off ideal counts.

use proptest::prelude::*;

use super::*;

/// Reads a count of a rate in percent a second every so many seconds, which begins anew after a window or looks back.
fn read(total: &mut Total, seconds: f64, rate: f64, anew: bool, every: f64) {
    for step in 1..(400.0 / every) as u32 {
        let at = f64::from(step) * every;
        let reading = if anew { at % seconds * rate } else { at.min(seconds) * rate };
        total.read(at, reading, seconds);
    }
}

#[test]
fn both_kinds_of_counts_tell_of_the_last_window() {
    for (seconds, rate) in [(10.0, 9.8), (60.0, 1.5)] {
        for anew in [true, false] {
            let mut total = Total::default();
            read(&mut total, seconds, rate, anew, 0.29);
            let used = total.last_window(seconds).unwrap();
            assert!((used / (seconds * rate) - 1.0).abs() < 0.02, "{seconds} {anew}: {used}");
            assert_eq!(total.begins(seconds), anew);
            assert_eq!(total.period().is_some(), anew);
            let exact = total.period().is_none_or(|period| (period / seconds - 1.0).abs() < 0.01);
            assert!(exact, "{:?}", total.period());
        }
    }
}

#[test]
fn beginnings_that_were_hardly_seen_tell_no_period() {
    let mut total = Total::default();
    read(&mut total, 10.0, 9.8, true, 3.1);
    assert_eq!(total.period(), None);
}

#[test]
fn an_answer_that_was_overtaken_is_no_rise() {
    let mut total = Total::default();
    for (at, reading) in [(1.0, 10.0), (5.0, 50.0), (9.9, 99.0), (10.01, 0.5), (10.02, 99.4), (10.03, 0.6)] {
        total.read(at, reading, 10.0);
    }
    let sum = total.used.newest().sum;
    assert!((99.0..103.0).contains(&sum), "{sum}");
}

#[test]
fn a_count_that_was_full_for_long_came_to_no_more_than_all() {
    let mut total = Total::default();
    (1..=50_u32).for_each(|tenth| total.read(f64::from(tenth) / 10.0, f64::from(tenth) * 2.0, 10.0));
    total.read(10.5, 5.0, 10.0);
    assert!(total.used.newest().sum <= 105.0, "{total:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_read_it_tells_numbers(
        readings in prop::collection::vec((0.0_f64..1e4, 0.0_f64..1e3), 0..100),
        window in 1.0_f64..60.0,
    ) {
        let mut total = Total::default();
        for (at, reading) in readings {
            total.read(at, reading, window);
            prop_assert!(total.last_window(window).is_none_or(f64::is_finite), "{total:?}");
            prop_assert!(total.period().is_none_or(|period| period > 0.0), "{total:?}");
        }
    }
}
