//! How deep in brackets a place of JSON text stands, counted 64 bytes at a time.

use super::lanes::{Bytes16, Bytes64, Difference};

/// Follows strings and brackets through a text that comes in stretches. Which kind a bracket is makes no difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Brackets that are open; below zero when more were closed than opened.
    pub(crate) level: i64,
    /// The text so far ends within a string.
    pub(crate) in_string: bool,
    /// And there behind a backslash.
    escaped: bool,
}

impl Depth {
    /// Goes on over the next stretch.
    pub(crate) fn pass(&mut self, text: &[u8]) {
        let (blocks, rest) = text.as_chunks();
        let mut change = Difference::default();
        for block in blocks {
            self.block(block, block, &mut change);
        }
        if !rest.is_empty() {
            let mut block = [b' '; 64];
            if let Some(start) = block.get_mut(..rest.len()) {
                start.copy_from_slice(rest);
            }
            self.block(&block, rest, &mut change);
        }
        self.level += change.sum();
    }

    /// Goes on over a block, or over the text at its start, when only spaces follow.
    #[inline(always)]
    fn block(&mut self, block: &[u8; 64], text: &[u8], change: &mut Difference) {
        let block = Bytes64::new(block);
        let Some(inside) = self.strings(block, text.len()) else { return self.bytes(text) };
        let (opening, closing) = (block.find(Bytes16::opening), block.find(Bytes16::closing));
        // Hardly ever does a string hold a bracket.
        if (opening | closing).bits() & inside == 0 {
            change.count(opening, closing);
        } else {
            let count = |bits: u64| i64::from((bits & !inside).count_ones());
            self.level += count(opening.bits()) - count(closing.bits());
        }
    }

    /// Follows the strings of a block of which so many bytes count; a bit for each byte from an opening quote to the one before the
    /// closing quote. Nothing, and nothing is changed, when there is a backslash outside: it has no meaning there, and this is not JSON.
    #[inline(always)]
    fn strings(&mut self, block: Bytes64, length: usize) -> Option<u64> {
        let quotes = block.find(|text| text.equal(b'"')).bits();
        let backslashes = block.find(|text| text.equal(b'\\'));
        let inside = if self.escaped || backslashes.any() {
            let backslashes = backslashes.bits();
            let escapes = escapes(backslashes, self.escaped);
            let escaped = escapes << 1 | u64::from(self.escaped);
            let inside = self.inside(quotes & !escaped);
            if backslashes & !inside != 0 {
                return None;
            }
            self.escaped = escapes >> length.saturating_sub(1) & 1 == 1;
            inside
        } else {
            self.inside(quotes)
        };
        self.in_string = inside >> 63 == 1;
        Some(inside)
    }

    /// What lies between quotes that count.
    #[inline(always)]
    fn inside(&self, quotes: u64) -> u64 {
        // Each bit becomes the sum of those up to it.
        let mut inside = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        // Inverted where the text before ended in a string.
        inside ^ 0_u64.wrapping_sub(u64::from(self.in_string))
    }

    /// The same for text of any kind, byte by byte.
    #[cold]
    fn bytes(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'"' => self.in_string = !self.in_string,
                b'\\' => self.escaped = self.in_string,
                b'{' | b'[' if !self.in_string => self.level += 1,
                b'}' | b']' if !self.in_string => self.level -= 1,
                _ => {}
            }
        }
    }
}

/// Those of the backslashes that escape what follows, and are not escaped themselves.
fn escapes(backslashes: u64, first_is_escaped: bool) -> u64 {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    // Of a run of backslashes every second one counts, from the first on. Subtracting each from the bit behind it carries through a
    // run, and leaves bits in places that are even or odd as its first one is.
    let starts = backslashes & !u64::from(first_is_escaped);
    let runs = ((starts << 1) | ODD).wrapping_sub(starts);
    (runs ^ ODD) & backslashes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        let depth = |text: &str| {
            let mut depth = Depth::default();
            depth.pass(text.as_bytes());
            (depth.level, depth.in_string)
        };
        for padding in [0, 1, 30, 60, 63, 64, 70, 200] {
            let long = "x".repeat(padding);
            assert_eq!(depth(&format!("{{\"{long}\":[{{\"a\":\"]}}{long}]\\\"}}\"")), (3, false));
            assert_eq!(depth(&format!("[\"{long}[\\\\\",[],{{}}")), (1, false));
            assert_eq!(depth(&format!("{{\"{long}\":\"[{long}")), (1, true));
            assert_eq!(depth(&format!("{long}]]")), (-2, false));
        }
    }

    /// Backslashes and brackets anywhere.
    const ANY: &str = "[a\"\\\\\\[\\]{}:, é]{0,400}";
    /// Backslashes within strings only, as in JSON.
    const ESCAPED: &str = r#"([a\[\]{}:, ]{0,40}"([a\[{é]|\\["\\n]){0,90}"){0,6}"#;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn blocks_and_single_bytes_come_to_the_same(text in prop_oneof![ANY, ESCAPED], at in 0_usize..400) {
            let text = text.as_bytes();
            let (first, second) = text.split_at(at.min(text.len()));
            let (mut parts, mut single) = (Depth::default(), Depth::default());
            parts.pass(first);
            parts.pass(second);
            single.bytes(text);
            prop_assert_eq!(parts, single);
        }
    }
}
