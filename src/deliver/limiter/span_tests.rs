//! The window and its limit are read off an ideal count.

use proptest::prelude::*;

use super::*;

/// A count over so many seconds, anew at every multiple of them or over the last of them.
struct Counted {
    seconds: f64,
    anew: bool,
    allowed: f64,
    sent: Vec<(f64, f64)>,
}

impl Counted {
    fn new(seconds: f64, anew: bool, per_second: f64) -> Self {
        Self { seconds, anew, allowed: seconds * per_second, sent: Vec::new() }
    }

    fn reading(&mut self, now: f64, batches: f64) -> f64 {
        let from = if self.anew { (now / self.seconds).floor() * self.seconds } else { now - self.seconds };
        self.sent.push((now, batches));
        let used: f64 = self.sent.iter().filter(|(at, _)| *at >= from).map(|(_, batches)| batches).sum();
        used / self.allowed * 100.0
    }

    /// Sends ten batches at a time at a rate, as long as the span has room, in tenths of a second.
    fn send(&mut self, span: &mut Span, tenths: std::ops::Range<u32>, rate: f64) -> f64 {
        let (mut most_read, mut due) = (0.0_f64, 0.0);
        for tenth in tenths {
            let now = f64::from(tenth) / 10.0 + 0.05;
            let at = Duration::from_secs_f64(now);
            if now < due {
                continue;
            }
            span.sent(at, 10);
            let reading = self.reading(now, 10.0);
            span.taken(at, Some(reading));
            most_read = most_read.max(reading);
            due = now + 10.0 / rate.min(span.most(at, None).unwrap_or(rate)).max(2.0);
        }
        most_read
    }
}

#[test]
fn a_window_and_its_limit_are_learned_without_going_over() {
    for anew in [false, true] {
        for seconds in [5.0, 10.0, 60.0] {
            for rate in [20.0, 40.0, 80.0] {
                let (mut counted, mut span) = (Counted::new(seconds, anew, 40.0), Span::default());
                let tenths = (seconds * 50.0) as u32;
                let most_read = counted.send(&mut span, 33..33 + tenths, rate);
                let what = format!("{seconds} s, anew {anew}, at {rate}: {span:?}, read {most_read}");
                assert!((span.window / seconds - 1.0).abs() < 0.15, "{what}");
                let limit = span.limit(Duration::from_secs_f64(f64::from(33 + tenths) / 10.0));
                assert!(limit.is_some_and(|limit| (34.0..46.0).contains(&limit)), "{limit:?} {what}");
                assert!(most_read <= 105.0, "{what}");
            }
        }
    }
}

#[test]
fn short_windows_are_left_to_the_meter() {
    for anew in [false, true] {
        let (mut counted, mut span) = (Counted::new(1.0, anew, 200.0), Span::default());
        counted.send(&mut span, 0..600, 100.0);
        assert_eq!(
            (span.limit(Duration::from_secs(60)), span.most(Duration::from_secs(60), None)),
            (None, None)
        );
    }
}

#[test]
fn while_the_end_is_not_seen_what_is_left_has_to_do_for_as_much_time_again() {
    let (mut counted, mut span) = (Counted::new(60.0, false, 40.0), Span::default());
    counted.send(&mut span, 0..200, 60.0);
    let now = Duration::from_secs(20);
    assert_eq!(span.limit(now), None);
    let sent: f64 = counted.sent.iter().map(|(_, batches)| batches).sum();
    let expected = (0.996 * 2400.0 - sent) / 20.0;
    assert!(
        span.most(now, None).is_some_and(|most| (most / expected - 1.0).abs() < 0.02),
        "{:?} {expected}",
        span.most(now, None)
    );
}

#[test]
fn what_is_configured_is_believed_when_it_makes_a_usual_window() {
    let left = |configured: f64| {
        let (mut counted, mut span) = (Counted::new(60.0, false, 40.0), Span::default());
        counted.send(&mut span, 0..390, 30.0);
        span.most(Duration::from_secs(40), Some(configured)).unwrap()
    };
    // Twenty seconds are left of a minute, and no window lasts 44 seconds.
    let (fits, does_not) = (left(40.0), left(55.0));
    assert!((fits / does_not - 2.0).abs() < 0.2, "{fits} {does_not}");
}

#[test]
fn a_second_sender_that_begins_later_does_not_keep_it_from_learning() {
    let (mut counted, mut span) = (Counted::new(10.0, false, 400.0), Span::default());
    for tenth in 0..400_u32 {
        let now = f64::from(tenth) / 10.0;
        let at = Duration::from_secs_f64(now);
        if tenth >= 13 {
            let _ = counted.reading(now, 20.0);
        }
        span.sent(at, 20);
        let reading = counted.reading(now, 20.0);
        span.taken(at, Some(reading));
    }
    assert!((span.window / 10.0 - 1.0).abs() < 0.15, "{span:?}");
}

#[test]
fn a_rise_that_others_make_teaches_nothing() {
    // Few batches for long, and then the readings rise with hardly any more.
    let mut span = Span::default();
    for tenth in 0..2000_u32 {
        let at = Duration::from_millis(u64::from(tenth) * 100);
        span.sent(at, 1);
        span.taken(at, Some(1.0 + f64::from(tenth.saturating_sub(1800))));
    }
    assert_eq!(
        (span.limit(Duration::from_secs(200)), span.most(Duration::from_secs(200), None)),
        (None, None)
    );
}

#[test]
fn pauses_are_no_windows() {
    let (mut counted, mut span) = (Counted::new(1.0, true, 200.0), Span::default());
    for burst in 0..20 {
        counted.send(&mut span, burst * 100..burst * 100 + 50, 100.0);
    }
    assert_eq!(span.limit(Duration::from_secs(200)), None, "{span:?}");
}

#[test]
fn a_service_that_was_closed_for_long_tells_without_readings() {
    let mut span = Span::default();
    // 20 a second for 30 seconds, refused until 60.
    for second in 0..65_u64 {
        let at = Duration::from_secs(second);
        span.sent(at, 20);
        if (30..60).contains(&second) {
            span.refused(at, 20);
            span.full(at);
        } else {
            span.taken(at, None);
        }
    }
    assert!((span.window - 60.0).abs() < 1.0, "{span:?}");
    let limit = span.limit(Duration::from_secs(65)).unwrap();
    assert!((limit / (10.0 * BLIND) - 1.0).abs() < 0.05, "{limit}");
    assert_eq!(span.limit(Duration::from_secs(3600)), None, "forgotten");
}

#[test]
fn a_429_bounds_the_limit_at_once() {
    let (mut counted, mut span) = (Counted::new(10.0, false, 40.0), Span::default());
    counted.send(&mut span, 0..600, 38.0);
    let now = Duration::from_secs(60);
    let before = span.limit(now).unwrap();
    span.sent(now, 10);
    span.refused(now, 10);
    span.full(now);
    let after = span.limit(now).unwrap();
    assert!(after < before && after > 30.0, "{before} {after}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_it_tells_rates(
        events in prop::collection::vec((0_u8..3, 0_u64..200_000, 0_u64..200, prop::option::of(any::<f64>())), 0..200),
    ) {
        let mut span = Span::default();
        for (kind, at, batches, reading) in events {
            let at = Duration::from_millis(at);
            span.sent(at, batches);
            match kind {
                0 => span.taken(at, reading),
                1 => span.taken(at, reading.map(|reading| reading.abs() % 100.0)),
                _ => {
                    span.refused(at, batches);
                    span.full(at);
                }
            }
            for rate in [span.limit(at), span.most(at, None)].into_iter().flatten() {
                prop_assert!(!rate.is_nan(), "{span:?}");
            }
        }
    }
}
