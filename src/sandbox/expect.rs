//! What tests of other programs ask of what arrived: batches found by what is in them, and assertions that say what was there.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use serde_json::Value;

use super::received::{Received, ReceivedBatch};

impl Received {
    /// The first kept batch of the user with this `customer_id`.
    #[must_use]
    pub fn of_customer(&self, customer_id: &str) -> Option<&ReceivedBatch> {
        self.find(|batch| batch.pointer("/user_identities/customer_id").is_some_and(|id| id == customer_id))
    }

    /// The first kept batch with an event of this `event_name`, or a screen view of this `screen_name`.
    #[must_use]
    pub fn with_event(&self, name: &str) -> Option<&ReceivedBatch> {
        self.find(|batch| names(batch).any(|found| found == name))
    }

    /// The first kept batch of which this is true.
    ///
    /// ```
    /// # fn first_of_ios(received: &mparticle_events::sandbox::Received) -> bool {
    /// received.find(|batch| batch["device_info"]["platform"] == "iOS").is_some()
    /// # }
    /// ```
    #[must_use]
    pub fn find(&self, condition: impl Fn(&Value) -> bool) -> Option<&ReceivedBatch> {
        self.batches.iter().find(|batch| condition(&batch.json()))
    }

    /// Insists on the number of batches that were accepted.
    ///
    /// # Panics
    ///
    /// When it is another; the message says what came instead.
    #[track_caller]
    pub fn assert_accepted(&self, batches: u64) -> &Self {
        let counts = self.counts;
        assert!(counts.accepted == batches, "{batches} batches should have been accepted: {self}");
        self
    }

    /// Insists that no batch was refused, and none passed over in silence.
    ///
    /// # Panics
    ///
    /// When one was; the message says which, and why.
    #[track_caller]
    pub fn assert_nothing_refused(&self) -> &Self {
        let counts = self.counts;
        assert!(counts.rejected == 0 && counts.dropped == 0, "no batch should have been refused: {self}");
        self
    }

    /// Insists that no `source_request_id` came twice.
    ///
    /// # Panics
    ///
    /// When one did.
    #[track_caller]
    pub fn assert_no_duplicates(&self) -> &Self {
        assert!(self.counts.duplicate == 0, "no source_request_id should have come twice: {self}");
        self
    }

    /// Insists on a batch of the user with this `customer_id`.
    ///
    /// # Panics
    ///
    /// When none is kept.
    #[track_caller]
    pub fn assert_customer(&self, customer_id: &str) -> &Self {
        assert!(
            self.of_customer(customer_id).is_some(),
            "a batch of customer `{customer_id}` is missing: {self}"
        );
        self
    }

    /// Insists on an event of this `event_name`, or a screen view of this `screen_name`.
    ///
    /// # Panics
    ///
    /// When no kept batch has one; the message lists the names that came.
    #[track_caller]
    pub fn assert_event(&self, name: &str) -> &Self {
        assert!(
            self.with_event(name).is_some(),
            "an event `{name}` is missing; there are {}: {self}",
            self.event_names()
        );
        self
    }

    fn event_names(&self) -> String {
        const SHOWN: usize = 20;
        let mut all = BTreeSet::new();
        for batch in &self.batches {
            all.extend(names(&batch.json()).map(|name| format!("`{name}`")));
        }
        let shown: Vec<_> = all.iter().take(SHOWN).map(String::as_str).collect();
        match (all.is_empty(), all.len().saturating_sub(SHOWN)) {
            (true, _) => "none with a name".to_owned(),
            (false, 0) => shown.join(", "),
            (false, more) => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

fn names(batch: &Value) -> impl Iterator<Item = &str> {
    let events = batch.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    events.iter().filter_map(|event| {
        let data = event.get("data")?;
        data.get("event_name").or_else(|| data.get("screen_name"))?.as_str()
    })
}

/// Counts, statuses and refusals in a few lines; no values of events.
impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        let counts = self.counts;
        write!(
            f,
            "{} accepted, {} rejected, {} seen before, {} not processed; {} requests",
            counts.accepted, counts.rejected, counts.duplicate, counts.dropped, self.requests.total
        )?;
        let statuses: Vec<_> =
            self.requests.by_status.iter().map(|(status, times)| format!("{status} × {times}")).collect();
        if !statuses.is_empty() {
            write!(f, " ({})", statuses.join(", "))?;
        }
        for refusal in self.refusals.iter().take(SHOWN) {
            let id = refusal.source_request_id.as_deref().unwrap_or("without an id");
            write!(f, "\n  refused ({id}): {}", refusal.message)?;
        }
        match self.counts.rejected.saturating_sub(SHOWN as u64) {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}

/// Too few batches were accepted in time: what [`Sandbox::wait_for`](super::Sandbox::wait_for) waited for did not come.
#[derive(Clone, Debug)]
pub struct WaitError {
    pub(super) wanted: u64,
    pub(super) received: Box<Received>,
}

impl WaitError {
    /// What had come by then.
    #[must_use]
    pub fn received(&self) -> &Received {
        &self.received
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} batches were waited for, but time is up: {}", self.wanted, self.received)
    }
}

impl Error for WaitError {}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Endpoint;
    use crate::sandbox::received::Refusal;

    fn received() -> Received {
        let batch = r#"{"user_identities":{"customer_id":"c-42"},"events":[{"data":{"event_name":"Signed up"}},{"data":{"screen_name":"Home"}},{}]}"#;
        let mut received = Received::default();
        received.counts.accepted = 1;
        received.batches.push(ReceivedBatch {
            sequence: 1,
            endpoint: Endpoint::Events,
            api_key: "****".to_owned(),
            received_at_ms: 0,
            source_request_id: None,
            bytes: Bytes::from_static(batch.as_bytes()),
        });
        received
    }

    #[test]
    fn what_is_there_is_found() {
        let received = received();
        received
            .assert_accepted(1)
            .assert_nothing_refused()
            .assert_no_duplicates()
            .assert_customer("c-42")
            .assert_event("Signed up")
            .assert_event("Home");
        assert_eq!(received.of_customer("c-42").unwrap().sequence, 1);
        assert!(received.of_customer("c-4").is_none() && received.with_event("signed up").is_none());
    }

    #[test]
    #[should_panic(expected = "an event `Signed out` is missing; there are `Home`, `Signed up`: 1 accepted")]
    fn a_missing_event_is_said_with_those_that_came() {
        received().assert_event("Signed out");
    }

    #[test]
    #[should_panic(expected = "refused (id-7): Not a number.")]
    fn a_refusal_is_said_with_its_reason() {
        let mut received = received();
        received.counts.rejected = 1;
        received.refusals.push(Refusal {
            endpoint: Endpoint::Events,
            source_request_id: Some("id-7".to_owned()),
            message: "Not a number.".to_owned(),
        });
        received.assert_nothing_refused();
    }

    #[test]
    #[should_panic(expected = "2 batches should have been accepted: 1 accepted, 0 rejected")]
    fn another_number_is_said() {
        received().assert_accepted(2);
    }

    #[test]
    #[should_panic(expected = "no source_request_id should have come twice")]
    fn a_duplicate_is_said() {
        let mut received = received();
        received.counts.duplicate = 1;
        received.assert_no_duplicates();
    }

    #[test]
    #[should_panic(expected = "a batch of customer `c-43` is missing")]
    fn a_missing_customer_is_said() {
        received().assert_customer("c-43");
    }
}
