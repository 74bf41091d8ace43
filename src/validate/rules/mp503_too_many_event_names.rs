//! MP503: more names of events and screens than a workspace takes.

use super::memory::{CAPACITY, Hashes, hash};
use super::prelude::*;
use super::views::{count, name_member};

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP503",
    name: "too-many-event-names",
    severity: Severity::Warning,
    summary: "The batches have more than 1000 different names of events and screens",
    why: "A workspace takes a limited number of different event and screen names; events with new names \
          beyond it are dropped. Names with ids, dates or amounts in them use up the number within a day, \
          for every source of the workspace.",
    source: "Default Service Limits page: 1000 unique names. The workspace may have more or fewer already \
             and the limit can be raised, hence a warning, once a file.",
    fires: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Order 17","custom_event_type":"other"}}]}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Order 18","custom_event_type":"other"}},{"event_type":"screen_view","data":{"screen_name":"Order 18"}}]}"#,
    ])
    .with(&[("unique_event_names", 2)]),
    silent: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Order","custom_event_type":"other"}}]}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"custom_event","data":{"event_name":"Order","custom_event_type":"other"}},{"event_type":"screen_view","data":{"screen_name":"Order"}}]}"#,
    ])
    .with(&[("unique_event_names", 2)]),
    check: Check::Across(|| Box::new(Names::default())),
};

/// Hashes of the names so far; empty again and silent once the limit was crossed.
#[derive(Default)]
struct Names {
    seen: Hashes,
    told: bool,
}

impl AcrossCheck for Names {
    fn check(&mut self, batch: &BatchView<'_>, findings: &mut Findings<'_>) {
        if self.told {
            return;
        }
        let limit = batch.limits.unique_event_names.min(count(CAPACITY));
        for event in batch.events() {
            let Some(member) = name_member(&event) else { continue };
            let Some(name) = event.get(member).and_then(Value::as_str) else { continue };
            self.seen.insert(hash((member, name)));
            if count(self.seen.len()) > limit {
                findings
                    .add(
                        event.data_pointer().key(member),
                        "with this one there are more different names than a workspace takes",
                    )
                    .measured(format!("{} names up to here", self.seen.len()))
                    .allowed(format!("at most {limit} names of events and screens"))
                    .help(
                        "move what varies, such as ids, dates and amounts, from the names into \
                         `custom_attributes`",
                    );
                *self = Self { seen: Hashes::default(), told: true };
                return;
            }
        }
    }

    fn observe(&mut self, facts: &Facts<'_>) -> Seen {
        if self.told {
            return Seen::Clean;
        }
        let limit = facts.limits.unique_event_names.min(count(CAPACITY));
        let names = facts.events().iter().filter_map(|event| event.name);
        let new = names.clone().filter(|name| !self.seen.contains(name)).count();
        // A name that is new twice counts twice here, which only makes the rule look for itself.
        if count(self.seen.len().saturating_add(new)) > limit {
            return Seen::Unsure;
        }
        if new > 0 {
            self.seen.extend(names);
        }
        Seen::Clean
    }
}
