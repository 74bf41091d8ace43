//! Walks the bytes of a batch along the tables. Every function answers `None` as soon as it cannot be sure.

use std::net::IpAddr;

use super::facts::Record;
use super::number::Number;
use super::rules::Rules;
use super::scanner::{Raw, Scanner};
use super::sixteen::is_hexadecimal;
use super::table::{Hook, Node, Object, Shape, Text, Union, kind};

/// Keys of maps that are open at one time; more than the usual limits on attributes.
const KEYS: usize = 128;

pub(super) struct Walk<'a, R> {
    pub(super) scan: Scanner<'a>,
    pub(super) rules: Rules<'a, R>,
    /// Hashes of the keys of the maps that are open, inner ones behind outer ones.
    keys: [u64; KEYS],
    used: usize,
    /// What the names of the user's attributes hash to.
    attributes: Filter,
}

/// A set of hashes that may take others for members, too.
#[derive(Clone, Copy, Debug, Default)]
struct Filter([u64; 4]);

impl Filter {
    fn place(hash: u64) -> (usize, u64) {
        ((hash >> 62) as usize, 1 << (hash >> 56 & 63))
    }

    fn add(&mut self, hash: u64) {
        let (word, bit) = Self::place(hash);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_have(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash);
        self.0.get(word).is_none_or(|word| word & bit != 0)
    }
}

impl<'a, R: Record> Walk<'a, R> {
    pub(super) fn new(text: &'a str, rules: Rules<'a, R>) -> Self {
        Self { scan: Scanner::new(text), rules, keys: [0; KEYS], used: 0, attributes: Filter::default() }
    }

    /// The whole document.
    pub(super) fn document(&mut self, root: &'static Node) -> Option<()> {
        if self.scan.token()? != b'{' {
            return None;
        }
        self.value(root)?;
        self.scan.is_over().then_some(())
    }

    #[inline(always)]
    fn value(&mut self, node: &'static Node) -> Option<()> {
        // Most values are texts.
        if self.scan.is_next(b'"')? {
            let raw = self.scan.string()?;
            allow(node, kind::STRING)?;
            check_text(&node.text, raw)?;
            return self.rules.text(node.hook, raw);
        }
        self.other(node)
    }

    /// A value that is no text.
    fn other(&mut self, node: &'static Node) -> Option<()> {
        match self.scan.peek()? {
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
        if !self.scan.is_next(b'"')? {
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
        let another = self.scan.is_next(b',')?;
        if !another && self.scan.peek()? != end {
            return None;
        }
        self.scan.at += 1;
        Some(another)
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
                self.rules.key = key;
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
        if hook == Hook::UserAttributes {
            self.keys.get(base..self.used)?.iter().for_each(|hash| self.attributes.add(*hash));
        }
        let count = self.used - base;
        self.used = base;
        u64::try_from(count).ok()
    }

    /// Whether a name may be that of an attribute of the user; to be asked at the end of the document.
    pub(super) fn may_be_attribute(&self, name: Raw<'_>) -> bool {
        self.hash(name).is_none_or(|hash| self.attributes.may_have(hash))
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
        if key.bytes() == union.tag.as_bytes() {
            let node = self.tag(union)?;
            if !self.another(b'}')? || self.key()?.bytes() != union.content.as_bytes() {
                return None;
            }
            self.content(node)?;
        } else if key.bytes() == union.content.as_bytes() {
            let expected = self.tag_ahead(union)?;
            self.content(expected)?;
            if !self.another(b'}')? || self.key()?.bytes() != union.tag.as_bytes() {
                return None;
            }
            if !std::ptr::eq(self.tag(union)?, expected) {
                return None;
            }
        } else {
            return None;
        }
        (!self.another(b'}')?).then_some(2)
    }

    /// What the content that stands here should be, by the tag behind it. Whoever calls this has to look again when the tag is reached:
    /// the content may hold another union like it.
    fn tag_ahead(&mut self, union: &'static Union) -> Option<&'static Node> {
        let start = self.scan.at;
        let bytes = self.scan.text.as_bytes();
        let found = start + union.finder.find(bytes.get(start..)?)?;
        if bytes.get(..found)?.ends_with(b"},") {
            self.scan.at = found;
        } else {
            // Within the content, or blanks stand before it.
            self.scan.leap()?;
            if !self.another(b'}')? {
                return None;
            }
        }
        self.key()?;
        let node = self.tag(union);
        self.scan.at = start;
        node
    }

    fn tag(&mut self, union: &'static Union) -> Option<&'static Node> {
        if self.scan.token()? != b'"' {
            return None;
        }
        let tag = self.scan.string()?;
        union.cases.iter().find(|(name, _)| name.as_bytes() == tag.bytes()).map(|(_, node)| *node)
    }

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
    if matches!(wanted, Text::Any) {
        return Some(());
    }
    (!raw.escaped && is_text(wanted, raw)).then_some(())
}

#[inline]
fn is_text(wanted: &Text, raw: Raw<'_>) -> bool {
    match wanted {
        Text::Any => true,
        Text::OneOf(values) => values.iter().any(|value| value.as_bytes() == raw.bytes()),
        Text::Uuid => is_uuid(raw.bytes()),
        Text::Ip => raw.text().parse::<IpAddr>().is_ok(),
    }
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &[u8]) -> bool {
    let Ok(bytes) = <&[u8; 36]>::try_from(text) else { return false };
    let ([first, second], last) = bytes.as_chunks::<16>() else { return false };
    // Four of its hyphens stand among the first 32 bytes, none among the last four.
    is_hexadecimal(first, 1 << 8 | 1 << 13)
        && is_hexadecimal(second, 1 << (18 - 16) | 1 << (23 - 16))
        && last.iter().all(u8::is_ascii_hexdigit)
}
