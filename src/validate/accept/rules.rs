//! The rules written by hand, as conservative predicates over tokens: whatever might make one of them speak makes
//! the accept path unsure. Each says which rule it stands in for.

use super::facts::{Plain, Record};
use super::number::Number;
use super::scanner::Raw;
use super::table::Hook;
use crate::validate::rules::{
    codes, mp311_unknown_reserved_attribute as mp311, mp315_unknown_location_source as mp315,
};
use crate::validate::rules::{times, times::Unit};
use crate::validate::{Limits, Route};

/// What the rules remember while a batch is walked over.
pub(super) struct Rules<'a, R> {
    limits: &'a Limits,
    route: Route,
    /// Times of events that no rule minds.
    oldest: i64,
    youngest: i64,
    /// The key that was read last, where a hook wants to know.
    pub(super) key: Raw<'a>,
    pub(super) record: R,
    identified: bool,
    has_environment: bool,
    has_events: bool,
    has_law: bool,
    has_attributes: Option<usize>,
    deleted: Vec<Raw<'a>>,
    place: Place,
    event: Event,
}

/// The location being read.
#[derive(Default)]
struct Place {
    latitude_zero: bool,
    longitude_zero: bool,
}

/// The event being read.
#[derive(Default)]
struct Event {
    has_time: bool,
    actions: u32,
    purchase: bool,
    products: bool,
    initialized: bool,
    flagged: bool,
}

impl<'a, R: Record> Rules<'a, R> {
    pub(super) fn new(limits: &'a Limits, route: Route, now_ms: i64, record: R) -> Self {
        // MP406, MP407, MP410: the unit. MP409: the future. MP403, MP404, MP405: the path.
        let mut oldest = 100_000_000_000;
        let mut youngest = 99_999_999_999_999.min(now_ms.saturating_add(times::DAY_MS));
        if route == Route::Historical {
            youngest = youngest.min(now_ms.saturating_sub(times::historical_min_age_ms(limits)));
        } else {
            oldest = oldest.max(now_ms.saturating_sub(times::live_max_age_ms(limits)));
        }
        let key = Raw { document: "", start: 0, end: 0, escaped: false };
        Self {
            limits,
            route,
            oldest,
            youngest,
            key,
            record,
            identified: false,
            has_environment: false,
            has_events: false,
            has_law: false,
            has_attributes: None,
            deleted: Vec::new(),
            place: Place::default(),
            event: Event::default(),
        }
    }

    #[inline]
    pub(super) fn text(&mut self, hook: Hook, raw: Raw<'a>) -> Option<()> {
        if hook == Hook::None {
            return Some(());
        }
        self.text_of(hook, raw)
    }

    fn text_of(&mut self, hook: Hook, raw: Raw<'a>) -> Option<()> {
        match hook {
            Hook::EventAttribute => return within(raw, self.limits.event_attribute_value_chars),
            Hook::UserAttribute => {
                self.record.attribute(self.key, false);
                return within(raw, self.limits.user_attribute_value_chars);
            }
            Hook::UserAttributeEntry => return within(raw, self.limits.user_attribute_list_entry_chars),
            Hook::ActionIdentifier => return within(raw, self.limits.action_identifier_chars),
            Hook::OtherName => return within(raw, self.limits.event_name_chars),
            Hook::CustomName => return self.name("event_name", raw),
            Hook::ScreenName => return self.name("screen_name", raw),
            Hook::Environment => {
                self.has_environment = true;
                self.record.environment(raw);
            }
            Hook::SourceRequestId => self.record.request_id(Plain::Text(raw)),
            Hook::SourceMessageId => self.record.message_id(Plain::Text(raw)),
            Hook::Identity | Hook::UserIdentity | Hook::CustomerId => self.identity(hook, raw),
            Hook::DeviceId => self.identified |= has_digit(raw),
            Hook::AdvertisingId | Hook::OwnAdvertisingId => {
                // MP318
                let tracked = has_digit(raw);
                self.identified |= tracked && hook == Hook::OwnAdvertisingId;
                return tracked.then_some(());
            }
            // MP308: its demands are left to the rule.
            Hook::CustomEventType => {
                return (!raw.escaped && !raw.bytes().eq_ignore_ascii_case(b"attribution")).then_some(());
            }
            Hook::Transition => {
                self.event.initialized = raw.bytes().eq_ignore_ascii_case(b"application_initialized");
            }
            Hook::ProductActionKind => {
                self.event.purchase = raw.escaped || raw.bytes().eq_ignore_ascii_case(b"purchase");
            }
            Hook::DeletedName if !raw.escaped => self.deleted.push(raw),
            Hook::Country => return (!raw.escaped && codes::is_country(raw.text())).then_some(()),
            Hook::Currency => return (!raw.escaped && codes::is_currency(raw.text())).then_some(()),
            Hook::LocationSource => return mp315::is_known(raw.text()).then_some(()),
            _ => return None,
        }
        Some(())
    }

    /// MP203, MP204, MP205.
    fn name(&mut self, member: &'static str, raw: Raw<'a>) -> Option<()> {
        self.record.name(member, raw);
        if is_blank(raw) {
            return None;
        }
        within(raw, self.limits.event_name_chars)
    }

    fn identity(&mut self, hook: Hook, raw: Raw<'a>) {
        if is_blank(raw) {
            return;
        }
        self.identified = true;
        if hook != Hook::Identity {
            self.record.identity(self.key, Plain::Text(raw));
            if hook == Hook::CustomerId {
                self.record.customer_id(Plain::Text(raw));
            }
        }
    }

    #[inline]
    pub(super) fn number(&mut self, hook: Hook, number: Number<'a>) -> Option<()> {
        match hook {
            Hook::None
            | Hook::EventAttribute
            | Hook::UserAttributeEntry
            | Hook::ActionIdentifier
            | Hook::OtherName
            | Hook::DeviceId
            | Hook::AdvertisingId
            | Hook::OwnAdvertisingId => {}
            Hook::UserAttribute => self.record.attribute(self.key, false),
            // MP408
            Hook::Time => {
                let unit = Unit::of(number.integer?);
                return matches!(unit, Unit::Nothing | Unit::Milliseconds).then_some(());
            }
            Hook::EventTime => {
                let ms = number.integer?;
                self.event.has_time = true;
                self.record.time(ms);
                return (ms >= self.oldest && ms <= self.youngest).then_some(());
            }
            // MP303
            Hook::Mpid => {
                if number.integer? == 0 {
                    return None;
                }
                self.identified = true;
                self.record.mpid(number);
            }
            Hook::Identity | Hook::UserIdentity | Hook::CustomerId => {
                self.identified = true;
                if hook != Hook::Identity {
                    self.record.identity(self.key, Plain::Number(number));
                }
                if hook == Hook::CustomerId {
                    self.record.customer_id(Plain::Number(number));
                }
            }
            Hook::SourceRequestId => self.record.request_id(Plain::Number(number)),
            Hook::SourceMessageId => self.record.message_id(Plain::Number(number)),
            Hook::Latitude => self.place.latitude_zero = is_zero(number, 90.0)?,
            Hook::Longitude => self.place.longitude_zero = is_zero(number, 180.0)?,
            _ => return None,
        }
        Some(())
    }

    #[inline]
    pub(super) fn boolean(&mut self, hook: Hook, value: bool) -> Option<()> {
        match hook {
            Hook::None
            | Hook::EventAttribute
            | Hook::UserAttributeEntry
            | Hook::ActionIdentifier
            | Hook::OtherName
            | Hook::DeviceId
            | Hook::AdvertisingId
            | Hook::OwnAdvertisingId => {}
            Hook::UserAttribute => self.record.attribute(self.key, false),
            Hook::TransitionFlag => self.event.flagged |= value,
            Hook::Identity | Hook::UserIdentity | Hook::CustomerId => {
                self.identified = true;
                if hook != Hook::Identity {
                    self.record.identity(self.key, Plain::Boolean);
                }
            }
            Hook::SourceRequestId => self.record.request_id(Plain::Boolean),
            Hook::SourceMessageId => self.record.message_id(Plain::Boolean),
            _ => return None,
        }
        Some(())
    }

    /// Before the members of an object or the entries of a list.
    #[inline]
    pub(super) fn open(&mut self, hook: Hook) {
        match hook {
            Hook::Location => self.place = Place::default(),
            Hook::EventData | Hook::CommerceData => {
                self.event = Event::default();
                self.record.event();
            }
            Hook::ProductAction => (self.event.purchase, self.event.products) = (false, false),
            Hook::UserAttribute => self.record.attribute(self.key, true),
            Hook::UserAttributes => self.has_attributes = Some(self.key.end),
            _ => {}
        }
    }

    /// A key of a map, which is in [`Rules::key`].
    #[inline]
    pub(super) fn entry(&mut self, hook: Hook) -> Option<()> {
        match hook {
            // MP207, MP208
            Hook::EventAttributes => {
                sound(self.key)?;
                within(self.key, self.limits.event_attribute_name_chars)
            }
            // MP207, MP211, MP311
            Hook::UserAttributes => {
                sound(self.key)?;
                if self.key.first() == Some(b'$') && !mp311::is_reserved(self.key.text()) {
                    return None;
                }
                within(self.key, self.limits.user_attribute_name_chars)
            }
            // MP319
            Hook::IntegrationAttributes => {
                let digits = self.key.text().bytes().all(|byte| byte.is_ascii_digit());
                (digits && !self.key.text().is_empty()).then_some(())
            }
            _ => Some(()),
        }
    }

    /// After the last member or entry.
    #[inline]
    pub(super) fn close(&mut self, hook: Hook, count: u64) -> Option<()> {
        let fine = match hook {
            Hook::None | Hook::IntegrationAttributes | Hook::DeletedAttributes => true,
            Hook::Events => {
                self.has_events = count > 0;
                true
            }
            // MP402, MP307
            Hook::EventData => self.is_event_fine(),
            // MP304, MP305
            Hook::CommerceData => self.event.actions == 1 && self.is_event_fine(),
            // MP206
            Hook::EventAttributes => count <= self.limits.event_attributes,
            // MP210
            Hook::UserAttributes => count <= self.limits.user_attributes,
            // MP213
            Hook::UserAttribute => count <= self.limits.user_attribute_list_entries,
            // MP310
            Hook::Law => {
                self.has_law |= count > 0;
                true
            }
            Hook::Consent => self.has_law,
            // MP314
            Hook::Location => !(self.place.latitude_zero && self.place.longitude_zero),
            // MP306
            Hook::ProductAction => {
                self.event.actions += 1;
                count > 0 && (self.event.products || !self.event.purchase)
            }
            Hook::ProductActionProducts => {
                self.event.products = count > 0;
                true
            }
            Hook::Action => {
                self.event.actions += u32::from(count > 0);
                true
            }
            _ => false,
        };
        fine.then_some(())
    }

    fn is_event_fine(&self) -> bool {
        (self.route != Route::Historical || self.event.has_time)
            && (self.event.initialized || !self.event.flagged)
    }

    /// At the end of the batch: where the user's attributes stand and names that they must not have, if any.
    pub(super) fn finish(&self) -> Option<Option<(usize, &[Raw<'a>])>> {
        // MP301, MP302, MP401
        let fine =
            self.identified && self.has_environment && (self.route != Route::Historical || self.has_events);
        let deleted = if self.deleted.is_empty() { None } else { self.has_attributes };
        fine.then(|| deleted.map(|at| (at, self.deleted.as_slice())))
    }
}

/// Not longer than so many characters, counted generously where there are escapes.
#[inline]
fn within(raw: Raw<'_>, limit: u64) -> Option<()> {
    let bytes = raw.len() as u64;
    (bytes <= limit || raw.text().chars().count() as u64 <= limit).then_some(())
}

/// Not blank.
#[inline]
fn sound(key: Raw<'_>) -> Option<()> {
    (!is_blank(key)).then_some(())
}

/// Whether a text is empty but for white space.
#[inline]
fn is_blank(raw: Raw<'_>) -> bool {
    !matches!(raw.first(), Some(b'!'..=b'[' | b']'..=b'~')) && is_blank_inside(raw)
}

fn is_blank_inside(raw: Raw<'_>) -> bool {
    if raw.escaped {
        return raw.decode().is_none_or(|text| text.trim().is_empty());
    }
    raw.text().trim().is_empty()
}

/// An id with something in it that is no zero; escapes do not count.
fn has_digit(raw: Raw<'_>) -> bool {
    !raw.escaped && raw.bytes().iter().any(|byte| byte.is_ascii_alphanumeric() && *byte != b'0')
}

/// The whole degrees of a number without an exponent, whatever its sign, and whether it is zero. It is too short for a fraction that a
/// float would not hold.
fn read_degrees(number: &[u8]) -> Option<(u16, bool)> {
    let (mut whole, mut zero, mut fraction) = (0_u16, true, false);
    for byte in number.strip_prefix(b"-").unwrap_or(number) {
        match byte {
            b'0'..=b'9' => {
                zero &= *byte == b'0';
                if !fraction {
                    whole = whole.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                }
            }
            b'.' => fraction = true,
            _ => return None,
        }
    }
    Some((whole, zero))
}

/// Whether a coordinate is zero; None when it may be out of range. MP313
fn is_zero(number: Number<'_>, bound: f64) -> Option<bool> {
    if let Some((whole, zero)) = read_degrees(number.bytes())
        && f64::from(whole) + 1.0 < bound
    {
        return Some(zero);
    }
    let degrees: f64 = number.text().parse().ok()?;
    // Two readers may round differently at the border itself.
    (degrees.abs() < bound - 1e-9).then_some(degrees == 0.0)
}
