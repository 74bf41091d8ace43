//! MP404: events so old that they belong on the historical path.

use super::prelude::*;
use super::times::{EventTime, historical_min_age, live_max_age, sound_event_times, spoken};
use super::views::list_indices;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP404",
    name: "live-event-too-old",
    severity: Severity::Warning,
    summary: "An event that is not bound for the historical path is more than 30 days old",
    why: "The live paths reckon with data of the last 30 days. They accept older events, but audiences are \
          computed wrongly from them, and they are forwarded to partners as if they were new.",
    source: "HTTP API page, historical data: older than 30 days belongs on `/bulkevents/historical`. The \
             live paths accept it nevertheless, hence a warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764547200000}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1765843200000}}]}"#,
    ]),
    check: Check::Batch(check),
};

/// Events too old for the live paths, and the indices of those too young for the historical one or without a time.
pub(super) fn sides(batch: &BatchView<'_>) -> (Vec<EventTime>, Vec<usize>) {
    let (least, most) = (historical_min_age(batch), live_max_age(batch));
    let mut old = Vec::new();
    let mut young: Vec<usize> = batch
        .events()
        .filter(|event| event.get(super::times::EVENT_TIME).is_none())
        .map(|event| event.index)
        .collect();
    for time in sound_event_times(batch) {
        match time.age(batch) {
            age if age > most => old.push(time),
            age if age < least => young.push(time.index),
            _ => {}
        }
    }
    young.sort_unstable();
    (old, young)
}

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if batch.route == Route::Historical {
        return;
    }
    let (old, young) = sides(batch);
    // With the path still open, MP405 tells how to split.
    if batch.route == Route::Either && !young.is_empty() {
        return;
    }
    let indices: Vec<usize> = old.iter().map(|time| time.index).collect();
    let Some(oldest) = old.into_iter().max_by_key(|time| time.age(batch)) else { return };
    let age = oldest.age(batch);
    findings
        .add(oldest.pointer(), "the event is too old for the live paths")
        .measured(format!("{} old; too old: events {}", spoken(age), list_indices(&indices)))
        .allowed(format!("at most {} old", spoken(live_max_age(batch))))
        .help(if young.is_empty() {
            "send the batch to `/bulkevents/historical`"
        } else {
            "send the old events to `/bulkevents/historical` in a batch of their own"
        });
}
