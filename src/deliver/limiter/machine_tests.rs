//! Queue, meter and speed together.

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_rate_that_is_none_is_no_ceiling() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut limiter = RateLimiter::new(rate);
        assert_eq!(limiter.rate(), None);
        assert_eq!(limiter.try_take(ms(0), 100), Ok(()));
        assert_eq!(limiter.try_take(ms(0), u64::MAX), Ok(()), "{rate}");
    }
}

#[test]
fn it_begins_with_half_of_what_is_configured() {
    assert_eq!(RateLimiter::new(270.0).rate(), Some(135.0));
    assert_eq!(RateLimiter::new(270.0).start(1000.0).rate(), Some(270.0));
}

#[test]
fn what_the_service_asks_for_is_kept_whatever_the_answer_and_cut_to_a_ceiling() {
    for status in [202, 429, 503] {
        let mut limiter = RateLimiter::unlimited().longest_hold(ms(9000));
        limiter.observe(ms(0), ms(0), 1, &Answer::status(status).with_retry_after(ms(2000)));
        assert_eq!(limiter.try_take(ms(500), 1), Err(ms(1500)), "{status}");
        limiter.observe(ms(0), ms(0), 1, &Answer::status(status).with_retry_after(Duration::MAX));
        assert_eq!(limiter.try_take(ms(500), 1), Err(ms(8500)), "{status}");
    }
}

#[test]
fn only_acceleration_alone_keeps_the_rate() {
    for (names, kept) in [
        (Some("acceleration"), true),
        (Some(" Acceleration "), true),
        (Some("acceleration,account"), false),
        (Some("account"), false),
        (Some(""), false),
        (Some("something new"), false),
        (None, false),
    ] {
        let mut limiter = RateLimiter::new(100.0);
        let mut answer = Answer::status(429);
        answer.limit_exceeded = names.map(str::to_owned);
        limiter.observe(ms(1000), ms(900), 10, &answer);
        assert_eq!(limiter.rate() == Some(50.0), kept, "{names:?}");
    }
}

#[test]
fn pauses_after_429_double_until_something_is_taken() {
    let mut limiter = RateLimiter::unlimited();
    let mut now = ms(1000);
    let mut waits = Vec::new();
    for _ in 0..8 {
        limiter.observe(now, now, 0, &Answer::status(429));
        let wait = limiter.try_take(now, 0).unwrap_err();
        waits.push(wait.as_millis());
        now += wait.max(ms(600));
    }
    assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 4000, 4000]);
    limiter.observe(now, now, 1, &Answer::status(202));
    limiter.observe(now, now, 0, &Answer::status(429));
    assert_eq!(limiter.try_take(now, 0).unwrap_err(), ms(100));
}
