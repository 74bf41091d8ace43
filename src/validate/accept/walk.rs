//! Walks the bytes of a batch along the tables. Every function answers `None` as soon as it cannot be sure.

use std::net::IpAddr;

use super::facts::Record;
use super::rules::Rules;
use super::scanner::{Number, Raw, Scanner};
use super::table::{Hook, Node, Object, Shape, Text, Union, kind};

/// Keys of maps that are open at one time; more than the usual limits on attributes.
const KEYS: usize = 128;

pub(super) struct Walk<'a, R> {
    pub(super) scan: Scanner<'a>,
    pub(super) rules: Rules<'a, R>,
    /// Hashes of the keys of the maps that are open, inner ones behind outer ones.
    keys: [u64; KEYS],
    used: usize,
}

impl<'a, R: Record> Walk<'a, R> {
    pub(super) fn new(text: &'a str, rules: Rules<'a, R>) -> Self {
        Self { scan: Scanner::new(text), rules, keys: [0; KEYS], used: 0 }
    }

    /// The whole document.
    pub(super) fn document(&mut self, root: &'static Node) -> Option<()> {
        if self.scan.token()? != b'{' {
            return None;
        }
        self.value(root)?;
        self.scan.is_over().then_some(())
    }

    fn value(&mut self, node: &'static Node) -> Option<()> {
        match self.scan.token()? {
            b'"' => {
                let raw = self.scan.string()?;
                allow(node, kind::STRING)?;
                check_text(&node.text, raw)?;
                self.rules.text(node.hook, raw)
            }
            b'{' => {
                allow(node, kind::OBJECT)?;
                self.object(node)
            }
            b'[' => {
                allow(node, kind::ARRAY)?;
                self.list(node)
            }
            b't' => {
                self.scan.literal(b"true")?;
                allow(node, kind::BOOL)?;
                self.rules.boolean(node.hook, true)
            }
            b'f' => {
                self.scan.literal(b"false")?;
                allow(node, kind::BOOL)?;
                self.rules.boolean(node.hook, false)
            }
            b'n' => {
                // No rule minds a null that the schema allows: to all of them it is as good as absent.
                self.scan.literal(b"null")?;
                allow(node, kind::NULL)
            }
            b'-' | b'0'..=b'9' => {
                let number = self.scan.number()?;
                allow(node, kinds_of(number))?;
                self.rules.number(node.hook, number)
            }
            _ => None,
        }
    }

    fn object(&mut self, node: &'static Node) -> Option<()> {
        self.rules.open(node.hook);
        self.scan.at += 1;
        let count = match node.shape {
            Shape::Object(object) => self.members(object)?,
            Shape::Map(value) => self.entries(node.hook, value)?,
            Shape::Union(union) => self.union(union)?,
            Shape::List(_) | Shape::None => return None,
        };
        self.rules.close(node.hook, count)
    }

    /// Key and colon; the next value belongs to it.
    #[inline(always)]
    fn key(&mut self) -> Option<Raw<'a>> {
        if self.scan.token()? != b'"' {
            return None;
        }
        let key = self.scan.string()?;
        if key.escaped {
            return None;
        }
        self.scan.expect(b':')?;
        Some(key)
    }

    /// After a member or an entry: whether another one follows.
    #[inline(always)]
    fn another(&mut self, end: u8) -> Option<bool> {
        let byte = self.scan.token()?;
        self.scan.at += 1;
        match byte {
            b',' => Some(true),
            byte if byte == end => Some(false),
            _ => None,
        }
    }

    fn is_empty(&mut self, end: u8) -> Option<bool> {
        let empty = self.scan.token()? == end;
        self.scan.at += usize::from(empty);
        Some(empty)
    }

    fn members(&mut self, object: &'static Object) -> Option<u64> {
        let mut seen = 0_u64;
        if !self.is_empty(b'}')? {
            loop {
                let key = self.key()?;
                let (first, last) = self.scan.ends_of(key)?;
                let (index, member) = object.find(key, first, last)?;
                let bit = 1_u64 << index;
                if seen & bit != 0 {
                    return None;
                }
                seen |= bit;
                if member.node.hook != Hook::None {
                    self.rules.key = key;
                }
                self.value(member.node)?;
                if !self.another(b'}')? {
                    break;
                }
            }
        }
        (seen & object.required == object.required).then(|| u64::from(seen.count_ones()))
    }

    fn entries(&mut self, hook: Hook, value: &'static Node) -> Option<u64> {
        let base = self.used;
        let mut filter = 0_u64;
        if !self.is_empty(b'}')? {
            loop {
                let key = self.key()?;
                let hash = self.hash(key)?;
                let bit = 1_u64 << (hash >> 58);
                // A key that was there before; or, rarely, another one with its hash.
                if filter & bit != 0 && self.keys.get(base..self.used)?.contains(&hash) {
                    return None;
                }
                filter |= bit;
                *self.keys.get_mut(self.used)? = hash;
                self.used += 1;
                self.rules.key = key;
                self.rules.entry(hook)?;
                self.value(value)?;
                if !self.another(b'}')? {
                    break;
                }
            }
        }
        let count = self.used - base;
        self.used = base;
        u64::try_from(count).ok()
    }

    /// Depends on every byte of the key.
    fn hash(&self, key: Raw<'_>) -> Option<u64> {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let (first, last) = self.scan.ends_of(key)?;
        let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(MIX).rotate_left(29);
        let mut hash = step(step(key.len() as u64, first), last);
        let mut at = key.start + 8;
        while at + 8 < key.end {
            hash = step(hash, self.scan.word(at)?);
            at += 8;
        }
        Some(hash.wrapping_mul(MIX))
    }

    fn list(&mut self, node: &'static Node) -> Option<()> {
        let Shape::List(item) = node.shape else { return None };
        self.rules.open(node.hook);
        self.scan.at += 1;
        let mut count = 0_u64;
        if !self.is_empty(b']')? {
            loop {
                self.value(item)?;
                count += 1;
                if !self.another(b']')? {
                    break;
                }
            }
        }
        self.rules.close(node.hook, count)
    }

    /// The tag may stand before or behind what it is about.
    fn union(&mut self, union: &'static Union) -> Option<u64> {
        let key = self.key()?;
        if key.text() == union.tag {
            let node = self.tag(union)?;
            if !self.another(b'}')? || self.key()?.text() != union.content {
                return None;
            }
            self.content(node)?;
        } else if key.text() == union.content {
            let start = self.scan.at;
            self.scan.leap()?;
            let end = self.scan.at;
            if !self.another(b'}')? || self.key()?.text() != union.tag {
                return None;
            }
            let node = self.tag(union)?;
            let behind = std::mem::replace(&mut self.scan.at, start);
            self.content(node)?;
            if self.scan.at != end {
                return None;
            }
            self.scan.at = behind;
        } else {
            return None;
        }
        (!self.another(b'}')?).then_some(2)
    }

    fn tag(&mut self, union: &'static Union) -> Option<&'static Node> {
        if self.scan.token()? != b'"' {
            return None;
        }
        let tag = self.scan.string()?;
        union.cases.iter().find(|(name, _)| *name == tag.text()).map(|(_, node)| *node)
    }

    /// Leaping over the content is only good for objects.
    fn content(&mut self, node: &'static Node) -> Option<()> {
        if self.scan.token()? != b'{' {
            return None;
        }
        self.value(node)
    }
}

#[inline]
fn allow(node: &Node, kinds: u8) -> Option<()> {
    (node.kinds & kinds != 0).then_some(())
}

/// An integer that fits may stand for either kind of number.
#[inline]
fn kinds_of(number: Number<'_>) -> u8 {
    if number.integer.is_some() { kind::INTEGER | kind::NUMBER } else { kind::NUMBER }
}

#[inline]
fn check_text(wanted: &Text, raw: Raw<'_>) -> Option<()> {
    let fits = match wanted {
        Text::Any => return Some(()),
        _ if raw.escaped => false,
        Text::OneOf(values) => values.contains(&raw.text()),
        Text::Uuid => is_uuid(raw.text()),
        Text::Ip => raw.text().parse::<IpAddr>().is_ok(),
    };
    fits.then_some(())
}

/// Where a UUID has its hyphens.
const DASHES: [bool; 36] = {
    let mut dashes = [false; 36];
    (dashes[8], dashes[13], dashes[18], dashes[23]) = (true, true, true, true);
    dashes
};

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let Ok(bytes) = <&[u8; 36]>::try_from(text.as_bytes()) else { return false };
    // Without branches, so that many bytes are looked at in one step.
    let mut wrong = false;
    for (byte, dash) in bytes.iter().zip(&DASHES) {
        let hexadecimal = byte.wrapping_sub(b'0') < 10 || (byte | 0x20).wrapping_sub(b'a') < 6;
        wrong |= !((hexadecimal & !*dash) | ((*byte == b'-') & *dash));
    }
    !wrong
}
