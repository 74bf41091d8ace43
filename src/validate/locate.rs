//! JSON pointers → places in the bytes. Only for batches in which something was found.
//!
//! One walk over the bytes serves all findings. A member is found at its key, an element at its first byte, the
//! document at its start. What no finding points into is leapt over. The walk trusts the bytes to be the JSON that was parsed before; on others it stops early.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Finding, Location};

/// Deeper documents are not parsed, so there is nothing to find in them.
const DEEPEST: usize = 130;

/// Gives every finding without a location the place its pointer points to.
pub(super) fn fill(bytes: &[u8], findings: &mut [Finding]) {
    let mut offsets: BTreeMap<&str, Option<usize>> = findings
        .iter()
        .filter(|finding| finding.location.is_none())
        .map(|finding| (finding.pointer.as_str(), None))
        .collect();
    if offsets.is_empty() {
        return;
    }
    Walk { bytes, at: 0, path: String::new(), wanted: &mut offsets }.document();
    let mut places: Vec<usize> = offsets.values().flatten().copied().collect();
    places.sort_unstable();
    places.dedup();
    let places = locations(bytes, &places);
    let located: Vec<Option<Location>> = findings
        .iter()
        .map(|finding| offsets.get(finding.pointer.as_str()).copied().flatten())
        .map(|offset| offset.and_then(|offset| places.get(&offset).copied()))
        .collect();
    for (finding, location) in findings.iter_mut().zip(located) {
        finding.location = finding.location.or(location);
    }
}

/// The place of one byte.
pub(super) fn at(bytes: &[u8], offset: usize) -> Location {
    let offset = offset.min(bytes.len());
    locations(bytes, &[offset]).remove(&offset).unwrap_or(Location { offset, line: 1, column: 1 })
}

/// The place of a byte that comes after one whose place is known.
pub(super) fn from(before: Location, bytes: &[u8], offset: usize) -> Location {
    let Location { mut line, mut column, .. } = before;
    for &byte in bytes.get(before.offset..offset).unwrap_or_default() {
        match byte {
            b'\n' => (line, column) = (line + 1, 1),
            // The bytes after the first of a character in UTF-8.
            0x80..=0xBF => {}
            _ => column += 1,
        }
    }
    Location { offset, line, column }
}

/// Line and column of offsets in ascending order, in one pass.
fn locations(bytes: &[u8], offsets: &[usize]) -> BTreeMap<usize, Location> {
    let mut place = Location { offset: 0, line: 1, column: 1 };
    let mut found = BTreeMap::new();
    for &offset in offsets {
        place = from(place, bytes, offset);
        found.insert(offset, place);
    }
    found
}

struct Walk<'a, 'b> {
    bytes: &'a [u8],
    at: usize,
    path: String,
    wanted: &'b mut BTreeMap<&'a str, Option<usize>>,
}

impl Walk<'_, '_> {
    fn document(&mut self) {
        if self.bytes.starts_with(b"\xEF\xBB\xBF") {
            self.at = 3;
        }
        self.blank();
        self.note(self.at);
        self.value(0);
    }

    fn note(&mut self, offset: usize) {
        if let Some(place) = self.wanted.get_mut(self.path.as_str()) {
            *place = Some(offset);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Skips one value and notes what is in it; `None` when the bytes are no JSON.
    fn value(&mut self, depth: usize) -> Option<()> {
        self.blank();
        match self.peek()? {
            _ if depth > DEEPEST => None,
            b'{' | b'[' if !self.is_wanted_inside() => self.leap(),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.text().map(drop),
            _ => {
                while !matches!(self.peek(), None | Some(b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n')) {
                    self.at += 1;
                }
                Some(())
            }
        }
    }

    /// Whether a finding points into the value that the path leads to.
    fn is_wanted_inside(&mut self) -> bool {
        let outer = self.path.len();
        self.path.push('/');
        let next = self.wanted.range(self.path.as_str()..).next();
        let wanted = next.is_some_and(|(pointer, _)| pointer.starts_with(&self.path));
        self.path.truncate(outer);
        wanted
    }

    /// Skips an object or an array.
    fn leap(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'{' | b'[' => open += 1,
                b'}' | b']' if open <= 1 => break,
                b'}' | b']' => open -= 1,
                b'"' => {
                    self.text()?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
        Some(())
    }

    /// Skips a text, and gives its bytes with the quotes.
    fn text(&mut self) -> Option<&[u8]> {
        let start = self.at;
        self.at += 1;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..)?)?;
            if self.peek()? == b'"' {
                break;
            }
            self.at += 2;
        }
        self.at += 1;
        self.bytes.get(start..self.at)
    }

    /// Skips a key, and adds it to the path.
    fn key(&mut self) -> Option<()> {
        let start = self.at;
        self.text()?;
        let quoted = self.bytes.get(start..self.at)?;
        let decoded: String;
        let key = if memchr::memchr(b'\\', quoted).is_some() {
            decoded = serde_json::from_slice(quoted).ok()?;
            decoded.as_str()
        } else {
            std::str::from_utf8(quoted).ok()?.strip_prefix('"')?.strip_suffix('"')?
        };
        self.path.push('/');
        if memchr::memchr2(b'~', b'/', key.as_bytes()).is_some() {
            self.path.push_str(&key.replace('~', "~0").replace('/', "~1"));
        } else {
            self.path.push_str(key);
        }
        Some(())
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let outer = self.path.len();
        self.at += 1;
        loop {
            self.blank();
            match self.peek()? {
                b'}' => break,
                b',' => self.at += 1,
                b'"' => {
                    let start = self.at;
                    self.key()?;
                    self.note(start);
                    self.blank();
                    if self.peek()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    self.value(depth + 1)?;
                    self.path.truncate(outer);
                }
                _ => return None,
            }
        }
        self.at += 1;
        Some(())
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        let outer = self.path.len();
        self.at += 1;
        let mut index = 0_usize;
        loop {
            self.blank();
            match self.peek()? {
                b']' => break,
                b',' => self.at += 1,
                _ => {
                    write!(self.path, "/{index}").ok()?;
                    self.note(self.at);
                    let before = self.at;
                    self.value(depth + 1)?;
                    if self.at == before {
                        return None;
                    }
                    self.path.truncate(outer);
                    index += 1;
                }
            }
        }
        self.at += 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(text: &str, pointer: &str) -> Option<(usize, usize)> {
        let mut wanted = BTreeMap::from([(pointer, None)]);
        Walk { bytes: text.as_bytes(), at: 0, path: String::new(), wanted: &mut wanted }.document();
        let offset = wanted.remove(pointer).flatten()?;
        let location = at(text.as_bytes(), offset);
        Some((location.line, location.column))
    }

    #[test]
    fn members_are_found_at_their_key_and_elements_at_their_start() {
        let text = "{\n  \"ä\": [true, {\"b\\u002fc\": \"]}\"}],\n  \"d\": 1, \"d\": 2\n}";
        assert_eq!(find(text, ""), Some((1, 1)));
        assert_eq!(find(text, "/ä"), Some((2, 3)));
        assert_eq!(find(text, "/ä/1"), Some((2, 15)));
        assert_eq!(find(text, "/ä/1/b~1c"), Some((2, 16)));
        assert_eq!(
            find(text, "/d"),
            Some((3, 11)),
            "of repeated keys the last, as it is the one that is checked"
        );
        assert_eq!(find(text, "/ä/2"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80), offset in 0_usize..100) {
            let mut wanted = BTreeMap::from([("/a", None)]);
            Walk { bytes: &bytes, at: 0, path: String::new(), wanted: &mut wanted }.document();
            prop_assert!(at(&bytes, offset).offset <= bytes.len());
        }
    }
}
