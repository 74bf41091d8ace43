//! What rules across batches need to know of a batch that was accepted, without a document having been built.

use super::number::Number;
use super::scanner::Raw;
use crate::validate::Limits;
use crate::validate::rules::memory::hash;

/// What a rule across batches says of a batch that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It would find nothing, and has remembered what it needs.
    Clean,
    /// It may find something, and has remembered nothing: show it the document.
    Unsure,
}

/// Entries for which the memory is kept from batch to batch: most have fewer, and many buffers can wait for their turn.
const KEPT: usize = 64;

/// A part of the document, or of [`Buffer::decoded`].
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    decoded: bool,
}

/// Collects facts while a batch is walked over. One buffer serves batch after batch.
///
/// Of what is only compared, the hash is kept, so that the thread that compares has the least to do.
#[derive(Debug, Default)]
pub(in crate::validate) struct Buffer {
    /// Texts that had escapes.
    decoded: String,
    /// Something could not be put down exactly.
    unclear: bool,
    environment: Option<Span>,
    request_id: Option<u64>,
    mpid: Option<u64>,
    customer_id: Option<u64>,
    /// All identities of the user: names, and values as JSON.
    identities: Vec<(Span, Span)>,
    attributes: Vec<(Span, AttributeFacts)>,
    /// Hash of all of them in a row.
    kinds: u64,
    events: Vec<EventFacts>,
}

/// The facts about one batch.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) buffer: &'a Buffer,
    /// Which batch it is.
    pub(in crate::validate) number: u64,
    pub(in crate::validate) limits: &'a Limits,
    /// The time it is checked at.
    pub(in crate::validate) now_ms: i64,
}

/// The facts about one event.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::validate) struct EventFacts {
    /// Hash of `source_message_id`, when it is an id.
    pub(in crate::validate) message_id: Option<u64>,
    /// `timestamp_unixtime_ms`.
    pub(in crate::validate) time: Option<i64>,
    /// Hash of the member that holds its name, and the name.
    pub(in crate::validate) name: Option<u64>,
}

/// The facts about one attribute of the user that is not null.
#[derive(Clone, Copy, Debug)]
pub(in crate::validate) struct AttributeFacts {
    /// Hash of its name.
    pub(in crate::validate) name: u64,
    pub(in crate::validate) is_list: bool,
}

impl Buffer {
    /// Whether there is an id in `source_request_id`.
    pub(in crate::validate) fn has_request_id(&self) -> bool {
        self.request_id.is_some()
    }
}

/// Takes out what is in the list, and gives back the memory that only a very large batch needs.
fn empty<T>(list: &mut Vec<T>) {
    list.clear();
    list.shrink_to(KEPT);
}

impl<'a> Facts<'a> {
    /// Parts of bytes that are not those that were recorded are empty.
    fn at(&self, span: Span) -> &'a str {
        let text = if span.decoded { self.buffer.decoded.as_bytes() } else { self.bytes };
        let part = text.get(span.start..span.end).unwrap_or_default();
        std::str::from_utf8(part).unwrap_or_default()
    }

    pub(in crate::validate) fn environment(&self) -> Option<&'a str> {
        self.buffer.environment.map(|span| self.at(span))
    }

    /// Hash of `source_request_id`.
    pub(in crate::validate) fn request_id(&self) -> Option<u64> {
        self.buffer.request_id
    }

    /// Hash of `("mpid", mpid)`.
    pub(in crate::validate) fn mpid(&self) -> Option<u64> {
        self.buffer.mpid
    }

    /// Hash of `("customer_id", customer_id)`.
    pub(in crate::validate) fn customer_id(&self) -> Option<u64> {
        self.buffer.customer_id
    }

    /// Names of identities that are not blank, and their values as JSON; in the order of the document.
    pub(in crate::validate) fn identities(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let facts = *self;
        self.buffer.identities.iter().map(move |(name, value)| (facts.at(*name), facts.at(*value)))
    }

    /// User attributes that are not null, in the order of the document.
    pub(in crate::validate) fn attributes(&self) -> impl Iterator<Item = AttributeFacts> + use<'a> {
        self.buffer.attributes.iter().map(|(_, attribute)| *attribute)
    }

    /// The same with their names.
    pub(in crate::validate) fn named_attributes(
        &self,
    ) -> impl Iterator<Item = (&'a str, AttributeFacts)> + use<'a> {
        let facts = *self;
        self.buffer.attributes.iter().map(move |(name, attribute)| (facts.at(*name), *attribute))
    }

    /// Hash of what [`Facts::attributes`] gives, in its order.
    pub(in crate::validate) fn kinds(&self) -> u64 {
        self.buffer.kinds
    }

    pub(in crate::validate) fn events(&self) -> &'a [EventFacts] {
        &self.buffer.events
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
        let Self {
            decoded,
            unclear,
            environment,
            request_id,
            mpid,
            customer_id,
            identities,
            attributes,
            kinds,
            events,
        } = self;
        *unclear = false;
        *environment = None;
        (*request_id, *mpid, *customer_id) = (None, None, None);
        *kinds = 0;
        decoded.clear();
        decoded.shrink_to(KEPT * 16);
        empty(identities);
        empty(attributes);
        empty(events);
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

    /// What [`Buffer::text`] has put down.
    fn text_at<'b>(&'b self, raw: Raw<'b>, span: Span) -> &'b str {
        if span.decoded { self.decoded.get(span.start..span.end).unwrap_or_default() } else { raw.text() }
    }

    /// Hash of a number: an integer is its own text; other numbers have several.
    fn number(&mut self, number: Number<'_>, hash: impl Fn(&str) -> u64) -> u64 {
        self.unclear |= number.integer.is_none();
        hash(number.text())
    }

    /// Hash of an id.
    fn id(&mut self, id: Plain<'_>, hash: impl Fn(&str) -> u64) -> Option<u64> {
        let not_blank = |text: &str| (!text.trim().is_empty()).then(|| hash(text));
        match id {
            Plain::Text(raw) if !raw.escaped => not_blank(raw.text()),
            Plain::Text(raw) => {
                let text = raw.decode();
                self.unclear |= text.is_none();
                not_blank(&text?)
            }
            Plain::Number(number) => Some(self.number(number, hash)),
            Plain::Boolean => None,
        }
    }

    /// The event that is being read: its facts come before [`Record::event`].
    fn current(&mut self) -> Option<&mut EventFacts> {
        self.events.last_mut()
    }
}

impl Record for &mut Buffer {
    fn environment(&mut self, text: Raw<'_>) {
        self.environment = self.text(text);
    }

    fn request_id(&mut self, id: Plain<'_>) {
        self.request_id = self.id(id, |id| hash(id));
    }

    fn message_id(&mut self, id: Plain<'_>) {
        let id = self.id(id, |id| hash(id));
        if let Some(event) = self.current() {
            event.message_id = id;
        }
    }

    fn mpid(&mut self, number: Number<'_>) {
        self.mpid = Some(self.number(number, |mpid| hash(("mpid", mpid))));
    }

    fn customer_id(&mut self, id: Plain<'_>) {
        self.customer_id = self.id(id, |id| hash(("customer_id", id)));
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
        let Some(span) = self.text(name) else { return };
        let name = hash(self.text_at(name, span));
        // An odd number and a turn are enough to tell rows of hashes apart.
        let row = self.kinds.rotate_left(5) ^ name ^ u64::from(is_list);
        self.kinds = row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.attributes.push((span, AttributeFacts { name, is_list }));
    }

    fn time(&mut self, ms: i64) {
        if let Some(event) = self.current() {
            event.time = Some(ms);
        }
    }

    fn name(&mut self, member: &'static str, name: Raw<'_>) {
        let name = self.text(name).map(|span| hash((member, self.text_at(name, span))));
        if let Some(event) = self.current() {
            event.name = name;
        }
    }

    fn event(&mut self) {
        self.events.push(EventFacts::default());
    }
}
