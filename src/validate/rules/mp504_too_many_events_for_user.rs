//! MP504: very many events of one user in a day.

use super::memory::{Memory, hash};
use super::prelude::*;
use super::times::{DAY_MS, EVENT_TIME, Unit};
use super::views::{count, integer, is_blank, plain};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP504",
    name: "too-many-events-for-user",
    severity: Severity::Warning,
    summary: "A user has more than 150 events on one day",
    why: "The service reckons with so many events of a user a day on average, and may restrict a workspace \
          that sends more. A single user far beyond it is mostly a test account, a robot, or one id that \
          many people share.",
    source: "Default Service Limits page: 150 on average in 24 hours. A single user may have more, hence a \
             warning, once a user and day (UTC). An event without a time counts for the day of the check; \
             users are told apart by `mpid`, else `customer_id`, else all their identities; the last 500000 \
             are remembered, as hashes. The page's other average, 175 in 30 days, is one over all users of a \
             workspace: no file shows it, and an active user is far beyond it.",
    fires: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{}},{"event_type":"session_start","data":{}}]}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{}}]}"#,
    ])
    .with(&[("events_per_user_day", 2)]),
    silent: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{}},{"event_type":"session_start","data":{}}]}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"events":[{"event_type":"session_start","data":{}}]}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"session_start","data":{"timestamp_unixtime_ms":1768348800000}}]}"#,
    ])
    .with(&[("events_per_user_day", 2)]),
    check: Check::Across(|| Box::new(Days(Memory::new(), Vec::new(), Vec::new()))),
};

/// Events by user and day. And room for the keys of one batch, in the order of its events and sorted.
struct Days(Memory<u64>, Vec<u64>, Vec<u64>);

impl AcrossCheck for Days {
    fn check(&mut self, batch: &BatchView<'_>, findings: &mut Findings<'_>) {
        let Some(user) = user(batch) else { return };
        let limit = batch.limits.events_per_user_day;
        for event in batch.events() {
            let time =
                event.get(EVENT_TIME).and_then(integer).filter(|ms| Unit::of(*ms) == Unit::Milliseconds);
            let day = time.unwrap_or(batch.now_ms).div_euclid(DAY_MS);
            let (_, number) = self.0.recall(hash((user, day)), 0);
            *number = number.saturating_add(1);
            if *number == limit.saturating_add(1) {
                findings
                    .add(
                        Pointer::root().key("events").index(event.index),
                        "the user has very many events on this day",
                    )
                    .measured(format!("more than {limit} events of one user on one day"))
                    .allowed(format!("{limit} a day on average"))
                    .help(
                        "is this a test account, or an id that many people share? Send fewer, larger events \
                         otherwise",
                    );
            }
        }
    }

    fn forgot(&self) -> bool {
        self.0.forgot()
    }

    fn observe(&mut self, facts: &Facts<'_>) -> Seen {
        let Some(user) = user_of(facts) else { return Seen::Clean };
        let limit = facts.limits.events_per_user_day;
        let day_of = |event: &EventFacts| event.time.unwrap_or(facts.now_ms).div_euclid(DAY_MS);
        let Some(first) = facts.events().first().map(day_of) else { return Seen::Clean };
        let number = count(facts.events().len());
        let over = |so_far: u64, more: u64| so_far <= limit && so_far.saturating_add(more) > limit;
        if facts.events().iter().all(|event| day_of(event) == first) {
            let key = hash((user, first));
            // So many would be over by themselves, and are not to be remembered then.
            if number > limit && over(self.0.get(key).copied().unwrap_or_default(), number) {
                return Seen::Unsure;
            }
            let (_, sum) = self.0.recall(key, 0);
            if over(*sum, number) {
                return Seen::Unsure;
            }
            *sum = sum.saturating_add(number);
            return Seen::Clean;
        }
        // One of several days could be forgotten in the middle.
        if !self.0.has_room(facts.events().len()) {
            return Seen::Unsure;
        }
        self.1.clear();
        self.1.extend(facts.events().iter().map(|event| hash((user, day_of(event)))));
        self.2.clone_from(&self.1);
        self.2.sort_unstable();
        for day in self.2.chunk_by(|one, next| one == next) {
            let so_far = day.first().and_then(|key| self.0.get(*key)).copied().unwrap_or_default();
            if over(so_far, count(day.len())) {
                return Seen::Unsure;
            }
        }
        for key in &self.1 {
            let (_, sum) = self.0.recall(*key, 0);
            *sum = sum.saturating_add(1);
        }
        Seen::Clean
    }
}

/// The same as [`user`].
fn user_of(facts: &Facts<'_>) -> Option<u64> {
    if let Some(known) = facts.mpid().or(facts.customer_id()) {
        return Some(known);
    }
    let mut all: Vec<(&str, &str)> = facts.identities().collect();
    all.sort_unstable();
    (!all.is_empty()).then(|| hash(("all", all)))
}

fn user(batch: &BatchView<'_>) -> Option<u64> {
    if let Some(mpid) = batch.get("mpid").and_then(plain).filter(|mpid| mpid != "0") {
        return Some(hash(("mpid", mpid)));
    }
    let identities = batch.object("user_identities")?;
    if let Some(id) = identities.get("customer_id").and_then(plain) {
        return Some(hash(("customer_id", id)));
    }
    let mut all: Vec<(&str, String)> = identities
        .iter()
        .filter(|(_, value)| !is_blank(value))
        .map(|(name, value)| (name.as_str(), value.to_string()))
        .collect();
    all.sort_unstable();
    (!all.is_empty()).then(|| hash(("all", all)))
}
