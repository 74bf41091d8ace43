//! Merges batches of one user: the same bytes but for their events become one batch with all the events, in order.

use std::collections::HashMap;

use bytes::Bytes;

use super::hold::Taken;
use super::wire::Wire;
use crate::input::scan;

/// Batches that will be sent as one.
pub(super) struct Group {
    pub(super) first: u64,
    pub(super) others: Vec<u64>,
    pub(super) wire: Wire,
    /// The end of the events in `merged`, where further ones go; none when nothing may be added.
    events_end: Option<usize>,
    merged: Vec<u8>,
    len: usize,
}

impl Group {
    /// The batch as it is sent.
    pub(super) fn finish(mut self) -> Self {
        if !self.others.is_empty() {
            self.wire.bytes = Bytes::from(std::mem::take(&mut self.merged));
        }
        self
    }
}

/// The batches of a window, grouped.
pub(super) struct Collector {
    groups: Vec<Group>,
    /// The group of each context, and the last one of each identity: only when they agree is the order kept.
    by_context: HashMap<Vec<u8>, usize>,
    by_identity: HashMap<Vec<u8>, usize>,
    bytes: usize,
    max_batch: usize,
    merge: bool,
}

impl Collector {
    pub(super) fn new(max_batch: usize, merge: bool) -> Self {
        Self {
            groups: Vec::new(),
            by_context: HashMap::new(),
            by_identity: HashMap::new(),
            bytes: 0,
            max_batch,
            merge,
        }
    }

    /// How many batches it comes to, and how many bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.groups.len(), self.bytes)
    }

    pub(super) fn into_groups(self) -> Vec<Group> {
        self.groups.into_iter().map(Group::finish).collect()
    }

    /// Adds a batch: to the group of its user and context, or as a group of its own.
    pub(super) fn add(&mut self, taken: Taken) {
        let shape = if self.merge { Shape::of(&taken.wire.bytes) } else { None };
        let next = self.groups.len();
        let Some(shape) = shape else { return self.push(taken, None) };
        // A batch with an id of its own, or one that was sent before, stays as it is. It still is the last of its user.
        let free = !taken.fixed && taken.wire.id.is_some();
        if free && let Some(events) = shape.events.clone() {
            let candidate = self.by_context.get(&shape.context).copied();
            let latest = |at| shape.identities.iter().all(|id| self.by_identity.get(id) == Some(&at));
            if let Some(at) = candidate.filter(|at| !shape.identities.is_empty() && latest(*at))
                && self.append(at, &taken, events)
            {
                return;
            }
            self.by_context.insert(shape.context, next);
        }
        for identity in shape.identities {
            self.by_identity.insert(identity, next);
        }
        self.push(taken, shape.events.filter(|_| free).map(|events| events.end));
    }

    fn push(&mut self, taken: Taken, events_end: Option<usize>) {
        let len = taken.wire.len();
        self.bytes += len + 1;
        self.groups.push(Group {
            first: taken.ticket,
            others: Vec::new(),
            wire: taken.wire,
            events_end,
            merged: Vec::new(),
            len,
        });
    }

    /// Whether the events went in: not when the batch would get too large.
    fn append(&mut self, at: usize, taken: &Taken, events: std::ops::Range<usize>) -> bool {
        let Some(group) = self.groups.get_mut(at) else { return false };
        let (Some(end), Some(more)) = (group.events_end, taken.wire.bytes.get(events)) else { return false };
        if group.len + more.len() + 1 > self.max_batch {
            return false;
        }
        if group.merged.is_empty() {
            group.merged = group.wire.bytes.to_vec();
        }
        group.merged.splice(end..end, std::iter::once(b',').chain(more.iter().copied()));
        group.events_end = Some(end + 1 + more.len());
        group.len += 1 + more.len();
        group.others.push(taken.ticket);
        self.bytes += 1 + more.len();
        true
    }
}

/// What of a batch counts for merging.
struct Shape {
    /// All members but the events.
    context: Vec<u8>,
    identities: Vec<Vec<u8>>,
    /// Where its events stand, without their brackets; none when there are none.
    events: Option<std::ops::Range<usize>>,
}

impl Shape {
    fn of(batch: &[u8]) -> Option<Self> {
        let mut shape =
            Self { context: Vec::with_capacity(batch.len()), identities: Vec::new(), events: None };
        for member in scan::members(batch)? {
            let (key, value) = (batch.get(member.key.clone())?, batch.get(member.value.clone())?);
            if member.is_named(batch, "events") {
                shape.events = inside(batch, &member.value);
                continue;
            }
            shape.context.extend_from_slice(key);
            shape.context.push(b':');
            shape.context.extend_from_slice(value);
            shape.context.push(b',');
            match key {
                b"\"mpid\"" | b"\"mp_deviceid\"" => shape.identities.push([key, value].concat()),
                b"\"user_identities\"" => shape.add_identities(value, |_| true),
                b"\"device_info\"" => {
                    shape.add_identities(value, |key| key.windows(2).any(|two| two == b"id"))
                }
                _ => {}
            }
        }
        Some(shape)
    }

    fn add_identities(&mut self, object: &[u8], is_identity: fn(&[u8]) -> bool) {
        for member in scan::members(object).unwrap_or_default() {
            if let (Some(key), Some(value)) = (object.get(member.key), object.get(member.value))
                && is_identity(key)
            {
                self.identities.push([key, value].concat());
            }
        }
    }
}

/// What stands between the brackets of an array that is not empty, without the white space at its ends.
fn inside(batch: &[u8], value: &std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let inner = batch.get(value.clone())?.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let before = inner.iter().take_while(|byte| scan::is_space(**byte)).count();
    let after = inner.iter().rev().take_while(|byte| scan::is_space(**byte)).count();
    (before < inner.len()).then(|| value.start + 1 + before..value.end - 1 - after)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn merge(max: usize, batches: &[&str]) -> Vec<(Vec<u64>, String)> {
        let mut collector = Collector::new(max, true);
        for (ticket, batch) in (0..).zip(batches) {
            let own = super::super::wire::has_own_id(batch.as_bytes());
            let id = (!own).then(|| Uuid::from_u128(u128::from(ticket)));
            let wire = Wire { bytes: Bytes::copy_from_slice(batch.as_bytes()), id };
            collector.add(Taken { ticket, wire, fixed: false });
        }
        let groups = collector.into_groups().into_iter();
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        groups.map(|group| ([&[group.first], &group.others[..]].concat(), text(&group.wire.bytes))).collect()
    }

    #[test]
    fn batches_of_one_user_become_one() {
        let batches =
            [r#"{"mpid":1,"events":[1]}"#, r#"{"mpid":2,"events":[2]}"#, r#"{"mpid":1,"events":[ 3, 4 ]}"#];
        let merged = merge(1000, &batches);
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[0], (vec![0, 2], r#"{"mpid":1,"events":[1,3, 4]}"#.to_owned()));
        assert_eq!(merged[1].0, [1]);
    }

    #[test]
    fn anything_that_differs_keeps_them_apart() {
        for other in [
            r#"{"mpid":1,"environment":"production","events":[2]}"#,
            r#"{"mpid":1,"user_attributes":{"a":"b"},"events":[2]}"#,
            r#"{"mpid":1,"consent_state":{},"events":[2]}"#,
            r#"{"mpid":1,"user_identities":{"email":"a"},"events":[2]}"#,
            r#"{"mpid":1,"events":[]}"#,
            r#"{"mpid":1}"#,
            r#"{"mpid":1,"source_request_id":"mine","events":[2]}"#,
        ] {
            assert_eq!(merge(1000, &[r#"{"mpid":1,"events":[1]}"#, other]).len(), 2, "{other}");
        }
        // Nobody's batches are not one user's.
        assert_eq!(merge(1000, &[r#"{"events":[1]}"#, r#"{"events":[1]}"#]).len(), 2);
    }

    #[test]
    fn the_order_of_a_user_is_kept() {
        let one = r#"{"mpid":1,"user_attributes":{"t":"a"},"events":[1]}"#;
        let between = r#"{"mpid":1,"user_attributes":{"t":"b"},"events":[2]}"#;
        assert_eq!(merge(1000, &[one, between, one]).len(), 3);
        let mine = r#"{"mpid":1,"source_request_id":"mine","events":[2]}"#;
        assert_eq!(merge(1000, &[one, mine, one]).len(), 3);
        // Somebody else's does not stand between.
        assert_eq!(merge(1000, &[one, r#"{"mpid":2,"events":[2]}"#, one]).len(), 2);
    }

    #[test]
    fn a_merged_batch_stays_below_the_limit() {
        let one = r#"{"mpid":1,"events":[1]}"#;
        let exactly = one.len() + 60 + 2;
        let merged = merge(exactly, &[one; 4]);
        assert_eq!(merged.iter().map(|(tickets, _)| tickets.len()).collect::<Vec<_>>(), [2, 2]);
    }
}
