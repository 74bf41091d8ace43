//! What the generated tables are made of, and the tables themselves.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::scanner::Raw;

/// What may stand at one place of a batch.
#[derive(Debug)]
pub(super) struct Node {
    /// Kinds of values, as bits of [`kind`].
    pub(super) kinds: u8,
    /// What a text has to be.
    pub(super) text: Text,
    /// What an object or a list has to be.
    pub(super) shape: Shape,
    /// The rule that looks at the value.
    pub(super) hook: Hook,
}

/// Bits of [`Node::kinds`].
pub(super) mod kind {
    pub(in super::super) const NULL: u8 = 1;
    pub(in super::super) const BOOL: u8 = 2;
    pub(in super::super) const INTEGER: u8 = 4;
    pub(in super::super) const NUMBER: u8 = 8;
    pub(in super::super) const STRING: u8 = 16;
    pub(in super::super) const ARRAY: u8 = 32;
    pub(in super::super) const OBJECT: u8 = 64;
}

#[derive(Debug)]
pub(super) enum Text {
    Any,
    OneOf(&'static [&'static str]),
    Uuid,
    Ip,
}

#[derive(Debug)]
pub(super) enum Shape {
    /// Neither an object nor a list.
    None,
    Object(&'static Object),
    Map(&'static Node),
    List(&'static Node),
    Union(&'static Union),
}

/// An object with known members only.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) members: &'static [Member],
    /// Bits of the members that must be there.
    pub(super) required: u64,
    multiplier: u64,
    shift: u32,
    /// By hash: the first member.
    slots: &'static [u8],
}

#[derive(Debug)]
pub(super) struct Member {
    name: &'static str,
    /// The first and last eight bytes of the name.
    first: u64,
    last: u64,
    /// The eight bytes after the first ones, of names longer than sixteen bytes.
    middle: u64,
    pub(super) node: &'static Node,
    /// The next member with the same hash.
    next: u8,
}

/// An object with two members, the first of which says what the second is.
#[derive(Debug)]
pub(super) struct Union {
    pub(super) tag: &'static str,
    /// Finds the name of the tag in its quotes.
    pub(super) finder: LazyLock<Finder<'static>>,
    pub(super) content: &'static str,
    pub(super) cases: &'static [(&'static str, &'static Node)],
}

/// Rules written by hand that look at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the generated tables use those whose place the schema has")]
pub(super) enum Hook {
    None,
    Action,
    ActionIdentifier,
    AdvertisingId,
    CommerceData,
    Consent,
    Country,
    Currency,
    CustomEventType,
    CustomName,
    CustomerId,
    DeletedAttributes,
    DeletedName,
    DeviceId,
    Environment,
    EventAttribute,
    EventAttributes,
    EventData,
    EventTime,
    Events,
    Identity,
    IntegrationAttributes,
    Latitude,
    Law,
    Location,
    LocationSource,
    Longitude,
    Mpid,
    OtherName,
    OwnAdvertisingId,
    ProductAction,
    ProductActionKind,
    ProductActionProducts,
    ScreenName,
    SourceMessageId,
    SourceRequestId,
    Time,
    Transition,
    TransitionFlag,
    UserAttribute,
    UserAttributeEntry,
    UserAttributes,
    UserIdentity,
}

impl Object {
    /// The member with this name: its bit's number, and what it may be. `first` and `last` are the first and last
    /// eight bytes of the name, the first padded with zeros and the last zero for shorter names.
    #[inline(always)]
    pub(super) fn find(&self, name: Raw<'_>, first: u64, last: u64) -> Option<(u32, &'static Member)> {
        let length = name.len();
        let mixed = first ^ last.rotate_left(23) ^ length as u64;
        let slot = usize::try_from(mixed.wrapping_mul(self.multiplier) >> self.shift).ok()?;
        let mut index = *self.slots.get(slot)?;
        loop {
            let member = self.members.get(usize::from(index))?;
            // The three words cover all of a name of up to 24 bytes.
            if member.first == first
                && member.last == last
                && member.name.len() == length
                && (length <= 16 || member.middle == name.middle())
                && (length <= 24 || member.name == name.text())
            {
                return Some((u32::from(index), member));
            }
            index = member.next;
        }
    }
}

#[cfg(test)]
impl Object {
    pub(super) fn names(&self) -> impl Iterator<Item = (&'static str, &'static Member)> + use<> {
        self.members.iter().map(|member| (member.name, member))
    }
}

mod generated {
    #![allow(clippy::unreadable_literal)]
    use super::{Finder, Hook, LazyLock, Member, Node, Object, Shape, Text, Union};
    include!(concat!(env!("OUT_DIR"), "/accept.rs"));
}

pub(super) use generated::ROOT;
