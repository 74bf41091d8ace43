//! Two that do not know of each other, with a count that looks back, and nothing else.

use std::collections::VecDeque;

use super::*;

const CONFIGURED: f64 = 270.0;

fn window(used: f64) -> Window {
    Window { seconds: 10.0, used, grain: 0.0 }
}

/// Two rates from when the limit has halved, to the end, and how much of it they used then.
fn two(mut rates: [f64; 2]) -> ([f64; 2], f64) {
    let (limit, mut sent) = (135.0, VecDeque::from(vec![0.0; 100]));
    let mut both = [Aimd::default(), Aimd::default()];
    let mut used = 0.0;
    for tenth in 0..2000_u32 {
        let now = f64::from(tenth) / 10.0;
        let own =
            rates.map(|rate| if tenth < 400 { 2.0 * rate } else { limit * rate / (rates[0] + rates[1]) });
        sent.pop_front();
        sent.push_back((rates[0] + rates[1]) / 10.0);
        used = sent.iter().sum::<f64>() / (limit * 10.0) * 100.0;
        for (index, aimd) in both.iter_mut().enumerate() {
            if aimd.notice(now, own[index], CONFIGURED, &window(used)) {
                rates[index] =
                    aimd.follow(now, (rates[index], own[index], CONFIGURED), &window(used), 0.1, true);
            }
        }
    }
    assert!(both.iter().all(|aimd| aimd.phase.is_none()), "{both:?}");
    (rates, used)
}

#[test]
fn who_has_more_and_who_has_less_come_to_the_same() {
    for part in [0.25, 0.4, 0.7] {
        let ([one, other], used) = two([133.0 * part, 133.0 * (1.0 - part)]);
        assert!((one / other - 1.0).abs() < 0.15, "{part}: {one} {other}");
        assert!((85.0..110.0).contains(&used), "{part}: {used}");
    }
}

#[test]
fn what_is_still_found_out_is_no_change() {
    let mut aimd = Aimd::default();
    let noticed = |aimd: &mut Aimd, now: f64, limit: f64| aimd.notice(now, limit, CONFIGURED, &window(90.0));
    assert!(!noticed(&mut aimd, 0.0, 50.0));
    assert!(!noticed(&mut aimd, 20.0, 200.0) && !noticed(&mut aimd, 36.0, 200.0));
    assert!(!noticed(&mut aimd, 37.0, 190.0) && !noticed(&mut aimd, 60.0, 210.0), "hardly another");
    assert!(!noticed(&mut aimd, 61.0, 100.0), "what was sent before still counts");
    assert!(noticed(&mut aimd, 77.0, 100.0));
    assert!(!noticed(&mut aimd, 300.0, 100.0), "over");
}

#[test]
fn who_has_all_that_is_configured_goes_on_as_before() {
    let mut aimd = Aimd::default();
    for (now, limit) in [(0.0, 100.0), (40.0, 260.0), (60.0, 260.0), (90.0, 100.0), (120.0, 100.0)] {
        assert!(!aimd.notice(now, limit, CONFIGURED, &window(90.0)));
    }
    assert_eq!(aimd.decrease(121.0, 250.0, &window(99.0)), None);
}

#[test]
fn it_gives_up_a_part_once_for_all_that_was_in_the_air() {
    let mut aimd = Aimd::default();
    for (now, limit) in [(0.0, 200.0), (40.0, 100.0), (56.0, 100.0)] {
        aimd.notice(now, limit, CONFIGURED, &window(99.0));
    }
    let left = aimd.decrease(56.0, 100.0, &window(99.0)).unwrap();
    assert!((84.9..86.0).contains(&left), "{left}");
    assert_eq!(aimd.decrease(56.1, left, &window(99.0)), Some(left));
    assert!(aimd.decrease(57.3, left, &window(99.0)).unwrap() < left);
}
