//! How deep in brackets a place of JSON text stands, counted 64 bytes at a time.

use wide::u8x16;

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
        for block in blocks {
            self.block(block);
        }
        self.bytes(rest);
    }

    fn block(&mut self, block: &[u8; 64]) {
        let Masks { quote, backslash, open, close } = Masks::of(block);
        if self.escaped || backslash != 0 {
            return self.bytes(block);
        }
        // Each bit becomes the sum of those up to it: set from an opening quote to the byte before the closing one.
        let mut inside = quote;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        if self.in_string {
            inside = !inside;
        }
        self.in_string = inside >> 63 == 1;
        self.level += i64::from((open & !inside).count_ones()) - i64::from((close & !inside).count_ones());
    }

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

/// A bit for each byte of a block that is one of these.
#[derive(Default)]
struct Masks {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
}

impl Masks {
    fn of(block: &[u8; 64]) -> Self {
        let mut masks = Self::default();
        for (number, part) in block.as_chunks().0.iter().enumerate() {
            let part = u8x16::new(*part);
            // `[` and `{` differ in this bit only, and so do `]` and `}`.
            let folded = part | u8x16::splat(0x20);
            let bits = |found: u8x16| u64::from(found.to_bitmask()) << (16 * number);
            masks.quote |= bits(part.simd_eq(u8x16::splat(b'"')));
            masks.backslash |= bits(part.simd_eq(u8x16::splat(b'\\')));
            masks.open |= bits(folded.simd_eq(u8x16::splat(b'{')));
            masks.close |= bits(folded.simd_eq(u8x16::splat(b'}')));
        }
        masks
    }
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

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn blocks_and_single_bytes_come_to_the_same(text in "[a\"\\\\\\[\\]{}:, é]{0,400}", at in 0_usize..400) {
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
