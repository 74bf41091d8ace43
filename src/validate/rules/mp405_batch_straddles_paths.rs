//! MP405: a batch that no path takes as a whole.

use super::mp404_live_event_too_old::sides;
use super::prelude::*;
use super::times::{historical_min_age, live_max_age, spoken};
use super::views::list_indices;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP405",
    name: "batch-straddles-paths",
    severity: Severity::Warning,
    summary: "A batch holds events too old for the live paths beside events too young for the historical one",
    why: "Events older than 30 days belong on the historical path, which does not process a batch with an \
          event younger than 72 hours or without a time. A batch with both kinds is wrong wherever it is \
          sent: in part on a live path, as a whole on the historical one.",
    source: "HTTP API page, historical data: 72 hours and 30 days. The live paths accept the batch, hence a \
             warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764547200000}},{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768348800000}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1767225600000}},{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768348800000}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    if batch.route != Route::Either {
        return;
    }
    let (old, young) = sides(batch);
    if old.is_empty() || young.is_empty() {
        return;
    }
    let old: Vec<usize> = old.iter().map(|time| time.index).collect();
    let (least, most) = (historical_min_age(batch), live_max_age(batch));
    findings
        .add(Pointer::root().key("events"), "no path takes the batch as a whole")
        .measured(format!(
            "{} too old for the live paths, {} too young for the historical one",
            old.len(),
            young.len()
        ))
        .allowed(format!("all events at most {} old, or all at least {}", spoken(most), spoken(least)))
        .help(format!(
            "split it: events {} to `/bulkevents/historical`, events {} to `/bulkevents`; the rest goes with \
             either",
            list_indices(&old),
            list_indices(&young),
        ));
}

#[cfg(test)]
mod tests {
    use super::super::testing::run_one;
    use super::*;

    #[test]
    fn an_event_without_a_time_counts_as_young() {
        let batch = r#"{"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1764547200000}},{"event_type":"session_end","data":{}}]}"#;
        let found = run_one(&RULE, Route::Either, batch);
        let help = found.first().and_then(|finding| finding.help.as_deref()).unwrap();
        assert!(help.starts_with("split it: events 0 to `/bulkevents/historical`, events 1 to"), "{help}");
        assert!(run_one(&RULE, Route::Live, batch).is_empty());
        assert_eq!(run_one(&super::super::mp404_live_event_too_old::RULE, Route::Live, batch).len(), 1);
    }
}
