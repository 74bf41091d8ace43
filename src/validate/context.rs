//! What a rule gets to see, and where it puts what it finds.

use serde_json::{Map, Value};

use super::pointer::Pointer;
use super::rule::Rule;
use super::{Finding, Limits, Route, Severity};

/// One parsed batch with the circumstances it is checked in.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    /// The members of the batch.
    pub members: &'a Map<String, Value>,
    /// Which batch of its file or request it is, from 1; 1 for a batch on its own.
    pub number: u64,
    /// Size of the batch as sent, in bytes.
    pub bytes: usize,
    /// The path it is meant for.
    pub route: Route,
    /// The limits in force.
    pub limits: &'a Limits,
    /// The time it is checked at, Unix milliseconds.
    pub now_ms: i64,
}

/// The body of one bulk request with the circumstances it is checked in.
#[derive(Clone, Copy, Debug)]
pub struct RequestView<'a> {
    /// Batches in it.
    pub batches: usize,
    /// Size of the body as sent, in bytes.
    pub bytes: usize,
    /// The limits in force.
    pub limits: &'a Limits,
}

/// One element of `events`.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'a> {
    /// Position in `events`, from 0.
    pub index: usize,
    /// `event_type` as on the wire, when it is text.
    pub kind: Option<&'a str>,
    /// The members of `data`; absent when it is no object.
    pub data: Option<&'a Map<String, Value>>,
}

impl<'a> BatchView<'a> {
    /// A member that is there and not null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A member that is an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.members.get(name).and_then(Value::as_object)
    }

    /// The events that are objects, in order.
    pub fn events(&self) -> impl Iterator<Item = EventView<'a>> + use<'a> {
        let events =
            self.members.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        events.iter().enumerate().filter_map(|(index, event)| {
            let event = event.as_object()?;
            Some(EventView {
                index,
                kind: event.get("event_type").and_then(Value::as_str),
                data: event.get("data").and_then(Value::as_object),
            })
        })
    }
}

impl<'a> EventView<'a> {
    /// `/events/N/data`.
    #[must_use]
    pub fn data_pointer(&self) -> Pointer<'static> {
        Pointer::root().key("events").index(self.index).key("data")
    }

    /// Whether the event is of the given kind, whatever its case on the wire.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.kind.is_some_and(|given| given.eq_ignore_ascii_case(kind))
    }

    /// A member of `data` that is there and not null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.data?.get(name).filter(|value| !value.is_null())
    }

    /// A member of `data` that is an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.get(name).and_then(Value::as_object)
    }
}

/// Collects findings of one rule at a time.
#[derive(Debug)]
pub struct Findings<'a> {
    rule: &'static Rule,
    show_values: bool,
    list: &'a mut Vec<Finding>,
}

impl<'a> Findings<'a> {
    /// A collector for the findings of `rule`.
    pub fn new(rule: &'static Rule, show_values: bool, list: &'a mut Vec<Finding>) -> Self {
        Self { rule, show_values, list }
    }

    /// Adds a finding: the place, and what is wrong in one sentence without values of the user.
    pub fn add(&mut self, pointer: Pointer<'_>, message: impl Into<String>) -> Detail<'_> {
        self.list.push(Finding {
            code: self.rule.code,
            name: self.rule.name,
            severity: self.rule.severity,
            message: message.into(),
            pointer: pointer.to_string(),
            location: None,
            found: None,
            allowed: None,
            help: None,
        });
        Detail { show_values: self.show_values, finding: self.list.last_mut() }
    }
}

/// The finding just added, for its optional parts.
#[derive(Debug)]
pub struct Detail<'a> {
    show_values: bool,
    finding: Option<&'a mut Finding>,
}

impl Detail<'_> {
    /// What was found; a value of the user is masked unless values are shown.
    pub fn found(self, value: &Value) -> Self {
        let text = super::mask::describe(value, self.show_values);
        self.set(|finding| finding.found = Some(text))
    }

    /// What was found, as a count, size or age that gives nothing away.
    pub fn measured(self, text: impl Into<String>) -> Self {
        self.set(|finding| finding.found = Some(text.into()))
    }

    /// What would be right.
    pub fn allowed(self, text: impl Into<String>) -> Self {
        self.set(|finding| finding.allowed = Some(text.into()))
    }

    /// How to mend it.
    pub fn help(self, text: impl Into<String>) -> Self {
        self.set(|finding| finding.help = Some(text.into()))
    }

    /// How to mend it, with the value that would be right: shown only where values are.
    pub fn help_with(self, text: &str, value: &str) -> Self {
        let text = if self.show_values { format!("{text}: `{value}`") } else { text.to_owned() };
        self.help(text)
    }

    /// Makes this one finding a warning: for remarks on the check itself, such as that it is no longer complete.
    pub fn as_warning(self) -> Self {
        self.set(|finding| finding.severity = Severity::Warning)
    }

    fn set(mut self, change: impl FnOnce(&mut Finding)) -> Self {
        if let Some(finding) = self.finding.as_deref_mut() {
            change(finding);
        }
        self
    }
}
