//! What rules across batches need to know of a batch that was accepted, without a document having been built.

use super::scanner::{Number, Raw};
use crate::validate::Limits;

/// What a rule across batches says of a batch that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It would find nothing, and has remembered what it needs.
    Clean,
    /// It may find something, and has remembered nothing: show it the document.
    Unsure,
}

/// A part of the document, or of [`Buffer::decoded`].
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    decoded: bool,
}

/// Collects facts while a batch is walked over. One buffer serves batch after batch.
#[derive(Debug, Default)]
pub(in crate::validate) struct Buffer {
    /// Texts that had escapes.
    decoded: String,
    /// Something could not be put down exactly.
    unclear: bool,
    environment: Option<Span>,
    request_id: Option<Span>,
    mpid: Option<Span>,
    customer_id: Option<Span>,
    /// All identities of the user: names, and values as JSON.
    identities: Vec<(Span, Span)>,
    attributes: Vec<(Span, bool)>,
    events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Event {
    message_id: Option<Span>,
    time: Option<i64>,
    name: Option<(&'static str, Span)>,
}

/// The facts about one batch.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub(super) text: &'a str,
    pub(super) buffer: &'a Buffer,
    /// Which batch it is.
    pub(in crate::validate) number: u64,
    pub(in crate::validate) limits: &'a Limits,
    /// The time it is checked at.
    pub(in crate::validate) now_ms: i64,
}

/// The facts about one event.
#[derive(Clone, Copy, Debug)]
pub(in crate::validate) struct EventFacts<'a> {
    /// `source_message_id`, when it is an id.
    pub(in crate::validate) message_id: Option<&'a str>,
    /// `timestamp_unixtime_ms`.
    pub(in crate::validate) time: Option<i64>,
    /// The member that holds its name, and the name.
    pub(in crate::validate) name: Option<(&'static str, &'a str)>,
}

impl<'a> Facts<'a> {
    fn at(&self, span: Span) -> &'a str {
        let text = if span.decoded { self.buffer.decoded.as_str() } else { self.text };
        text.get(span.start..span.end).unwrap_or_default()
    }

    pub(in crate::validate) fn environment(&self) -> Option<&'a str> {
        self.buffer.environment.map(|span| self.at(span))
    }

    pub(in crate::validate) fn request_id(&self) -> Option<&'a str> {
        self.buffer.request_id.map(|span| self.at(span))
    }

    pub(in crate::validate) fn mpid(&self) -> Option<&'a str> {
        self.buffer.mpid.map(|span| self.at(span))
    }

    pub(in crate::validate) fn customer_id(&self) -> Option<&'a str> {
        self.buffer.customer_id.map(|span| self.at(span))
    }

    /// Names of identities that are not blank, and their values as JSON; in the order of the document.
    pub(in crate::validate) fn identities(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let facts = *self;
        self.buffer.identities.iter().map(move |(name, value)| (facts.at(*name), facts.at(*value)))
    }

    /// Names of user attributes that are not null, and whether they are lists; in the order of the document.
    pub(in crate::validate) fn attributes(&self) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        let facts = *self;
        self.buffer.attributes.iter().map(move |(name, is_list)| (facts.at(*name), *is_list))
    }

    pub(in crate::validate) fn events(&self) -> impl Iterator<Item = EventFacts<'a>> + Clone + use<'a> {
        let facts = *self;
        self.buffer.events.iter().map(move |event| EventFacts {
            message_id: event.message_id.map(|span| facts.at(span)),
            time: event.time,
            name: event.name.map(|(member, span)| (member, facts.at(span))),
        })
    }
}

/// Where facts go while a batch is walked over: to a [`Buffer`], or nowhere.
pub(in crate::validate) trait Record {
    fn environment(&mut self, _text: Raw<'_>) {}
    fn request_id(&mut self, _id: Plain<'_>) {}
    fn message_id(&mut self, _id: Plain<'_>) {}
    fn mpid(&mut self, _number: Number<'_>) {}
    fn customer_id(&mut self, _id: Plain<'_>) {}
    fn identity(&mut self, _name: Raw<'_>, _value: Plain<'_>) {}
    fn attribute(&mut self, _name: Raw<'_>, _is_list: bool) {}
    fn time(&mut self, _ms: i64) {}
    fn name(&mut self, _member: &'static str, _name: Raw<'_>) {}
    fn event(&mut self) {}
}

/// A single value that is not blank.
#[derive(Clone, Copy, Debug)]
pub(in crate::validate) enum Plain<'a> {
    Text(Raw<'a>),
    Number(Number<'a>),
    Boolean,
}

/// For a batch that is not compared with others.
impl Record for () {}

impl Buffer {
    pub(super) fn clear(&mut self) {
        self.decoded.clear();
        self.identities.clear();
        self.attributes.clear();
        self.events.clear();
        *self = Self {
            decoded: std::mem::take(&mut self.decoded),
            identities: std::mem::take(&mut self.identities),
            attributes: std::mem::take(&mut self.attributes),
            events: std::mem::take(&mut self.events),
            ..Self::default()
        };
    }

    /// The facts as they stand in the document are complete and exact.
    pub(super) fn is_clear(&self) -> bool {
        !self.unclear
    }

    fn text(&mut self, raw: Raw<'_>) -> Option<Span> {
        if !raw.escaped {
            return Some(Span { start: raw.start, end: raw.end, decoded: false });
        }
        let Some(text) = raw.decode() else {
            self.unclear = true;
            return None;
        };
        let start = self.decoded.len();
        self.decoded.push_str(&text);
        Some(Span { start, end: self.decoded.len(), decoded: true })
    }

    /// An integer is its own text; other numbers have several.
    fn number(&mut self, number: Number<'_>) -> Option<Span> {
        self.unclear |= number.integer.is_none();
        Some(Span { start: number.start, end: number.end, decoded: false })
    }

    fn id(&mut self, id: Plain<'_>) -> Option<Span> {
        match id {
            Plain::Text(raw) => {
                let span = self.text(raw)?;
                let text = if span.decoded { self.decoded.get(span.start..)? } else { raw.text() };
                (!text.trim().is_empty()).then_some(span)
            }
            Plain::Number(number) => self.number(number),
            Plain::Boolean => None,
        }
    }

    /// The event that is being read: its facts come before [`Record::event`].
    fn current(&mut self) -> Option<&mut Event> {
        self.events.last_mut()
    }
}

impl Record for &mut Buffer {
    fn environment(&mut self, text: Raw<'_>) {
        self.environment = self.text(text);
    }

    fn request_id(&mut self, id: Plain<'_>) {
        self.request_id = self.id(id);
    }

    fn message_id(&mut self, id: Plain<'_>) {
        let id = self.id(id);
        if let Some(event) = self.current() {
            event.message_id = id;
        }
    }

    fn mpid(&mut self, number: Number<'_>) {
        self.mpid = self.number(number);
    }

    fn customer_id(&mut self, id: Plain<'_>) {
        self.customer_id = self.id(id);
    }

    fn identity(&mut self, name: Raw<'_>, value: Plain<'_>) {
        let Some(name) = self.text(name) else { return };
        let value = match value {
            // With its quotes.
            Plain::Text(raw) if !raw.escaped => {
                Span { start: raw.start - 1, end: raw.end + 1, decoded: false }
            }
            Plain::Number(number) if number.integer.is_some() => {
                Span { start: number.start, end: number.end, decoded: false }
            }
            _ => {
                self.unclear = true;
                return;
            }
        };
        self.identities.push((name, value));
    }

    fn attribute(&mut self, name: Raw<'_>, is_list: bool) {
        if let Some(name) = self.text(name) {
            self.attributes.push((name, is_list));
        }
    }

    fn time(&mut self, ms: i64) {
        if let Some(event) = self.current() {
            event.time = Some(ms);
        }
    }

    fn name(&mut self, member: &'static str, name: Raw<'_>) {
        let name = self.text(name);
        if let Some(event) = self.current() {
            event.name = name.map(|name| (member, name));
        }
    }

    fn event(&mut self) {
        self.events.push(Event::default());
    }
}
