//! Tokens of a JSON document whose bytes are known to be UTF-8. Stops at the first byte that is out of place.

use super::words::{first_bracket, first_end, leading_digits};

/// Reads one document from front to back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    bytes: &'a [u8],
    pub(super) at: usize,
}

/// A text between its quotes, as it stands in the document.
#[derive(Clone, Copy, Debug)]
pub(in crate::validate) struct Raw<'a> {
    pub(super) document: &'a str,
    /// Where it begins and ends.
    pub(super) start: usize,
    pub(super) end: usize,
    /// It has escapes, so that it is not yet what it means.
    pub(super) escaped: bool,
}

/// A number as it stands in the document.
#[derive(Clone, Copy, Debug)]
pub(in crate::validate) struct Number<'a> {
    pub(super) document: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Its value, when it is written as an integer that fits.
    pub(super) integer: Option<i64>,
}

impl<'a> Raw<'a> {
    /// What stands between the quotes.
    #[inline(always)]
    pub(super) fn text(&self) -> &'a str {
        self.document.get(self.start..self.end).unwrap_or_default()
    }

    /// The same as bytes.
    #[inline(always)]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.document.as_bytes().get(self.start..self.end).unwrap_or_default()
    }

    /// Its length in bytes.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// The second eight bytes.
    #[inline(always)]
    pub(super) fn middle(&self) -> u64 {
        let rest = self.document.as_bytes().get(self.start + 8..).unwrap_or_default();
        rest.first_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk))
    }

    /// Its first byte.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<u8> {
        if self.start < self.end { self.document.as_bytes().get(self.start).copied() } else { None }
    }

    /// What the text means, as a copy. Escapes were checked before, so that there is always an answer.
    pub(super) fn decode(&self) -> Option<String> {
        serde_json::from_str(&format!("\"{}\"", self.text())).ok()
    }
}

impl<'a> Number<'a> {
    /// As it is written, as bytes.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.document.as_bytes().get(self.start..self.end).unwrap_or_default()
    }

    /// As it is written.
    pub(super) fn text(&self) -> &'a str {
        self.document.get(self.start..self.end).unwrap_or_default()
    }
}

/// What remains of a word of which so many bytes count.
const FIRST: [u64; 9] = [
    0,
    0xff,
    0xffff,
    0xff_ffff,
    0xffff_ffff,
    0xff_ffff_ffff,
    0xffff_ffff_ffff,
    0xff_ffff_ffff_ffff,
    u64::MAX,
];
/// Powers of ten.
const TENS: [i64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// Digits that certainly fit into 64 bits.
const SAFE_DIGITS: usize = 18;
/// A number this short, with an exponent of at most two digits, is certainly finite.
const SAFE_NUMBER: usize = 64;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no blank; not consumed.
    #[inline(always)]
    pub(super) fn token(&mut self) -> Option<u8> {
        loop {
            let byte = self.peek()?;
            if byte > b' ' {
                return Some(byte);
            }
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return None;
            }
            self.at += 1;
        }
    }

    /// Whether the next byte that is no blank is this one. Hardly ever does a blank come before it.
    #[inline(always)]
    pub(super) fn is_next(&mut self, wanted: u8) -> Option<bool> {
        Some(self.peek() == Some(wanted) || self.token()? == wanted)
    }

    /// Consumes `wanted`, after blanks.
    #[inline(always)]
    pub(super) fn expect(&mut self, wanted: u8) -> Option<()> {
        self.is_next(wanted)?.then(|| self.at += 1)
    }

    /// Nothing but blanks follows.
    pub(super) fn is_over(&mut self) -> bool {
        self.token().is_none() && self.at >= self.bytes.len()
    }

    pub(super) fn word(&self, at: usize) -> Option<u64> {
        let (chunk, _) = self.bytes.get(at..)?.split_first_chunk::<8>()?;
        Some(u64::from_le_bytes(*chunk))
    }

    /// The first and last eight bytes of a name, as [`super::table::Object::find`] wants them.
    #[inline(always)]
    pub(super) fn ends_of(&self, name: Raw<'_>) -> Option<(u64, u64)> {
        let length = name.len();
        let Some(first) = self.word(name.start) else {
            // A short one, right at the end of the document.
            return Some((name.text().bytes().rev().fold(0, |word, byte| word << 8 | u64::from(byte)), 0));
        };
        // Without branches: lengths of names cannot be foreseen.
        let last = self.word(name.end.saturating_sub(8))? & 0_u64.wrapping_sub(u64::from(length >= 8));
        Some((first & FIRST.get(length.min(8))?, last))
    }

    /// A text, from its opening quote on.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<Raw<'a>> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(at..)?;
            let byte = match rest.first_chunk() {
                Some(chunk) => match first_end(chunk) {
                    Some(end) => {
                        at += end;
                        // What was found lies within the chunk.
                        *chunk.get(end & 15)?
                    }
                    None => {
                        at += chunk.len();
                        continue;
                    }
                },
                None => {
                    let end = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'))?;
                    at += end;
                    *rest.get(end)?
                }
            };
            match byte {
                b'"' => {
                    self.at = at + 1;
                    return Some(Raw { document: self.text, start, end: at, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.at = at;
                    self.escape()?;
                    at = self.at;
                }
                _ => return None,
            }
        }
    }

    /// One escape; both halves of a surrogate pair together.
    fn escape(&mut self) -> Option<()> {
        match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let unit = self.unit()?;
                match unit {
                    0xd800..=0xdbff if matches!(self.unit()?, 0xdc00..=0xdfff) => {}
                    0xd800..=0xdfff => return None,
                    _ => {}
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// `\uXXXX`.
    fn unit(&mut self) -> Option<u32> {
        let (escape, _) = self.bytes.get(self.at..)?.split_first_chunk::<6>()?;
        let [b'\\', b'u', digits @ ..] = escape else { return None };
        self.at += 6;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    }

    /// A number, from its first character on.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Option<Number<'a>> {
        let start = self.at;
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let first = self.at;
        let magnitude = self.digits()?;
        let digits = self.at - first;
        let zero_first = self.bytes.get(first) == Some(&b'0');
        if zero_first && digits > 1 {
            return None;
        }
        let end = self.peek();
        if !matches!(end, Some(b'.' | b'e' | b'E')) {
            // Minus zero is a fraction to some readers.
            let integer = match digits {
                _ if negative && zero_first => None,
                ..=SAFE_DIGITS => Some(if negative { magnitude.wrapping_neg() } else { magnitude }),
                _ => self.text.get(start..self.at)?.parse().ok(),
            };
            let number = Number { document: self.text, start, end: self.at, integer };
            return (digits <= SAFE_NUMBER).then_some(number);
        }
        if end == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            let exponent = self.at;
            self.digits()?;
            if self.at - exponent > 2 {
                return None;
            }
        }
        let number = Number { document: self.text, start, end: self.at, integer: None };
        (self.at - start <= SAFE_NUMBER).then_some(number)
    }

    /// One digit or more, and their value where it fits.
    #[inline(always)]
    fn digits(&mut self) -> Option<i64> {
        let start = self.at;
        let mut value = 0_i64;
        while let Some(word) = self.word(self.at) {
            let (count, digits) = leading_digits(word);
            self.at += count;
            let Some(power) = TENS.get(count) else {
                value = value.wrapping_mul(100_000_000).wrapping_add(digits);
                continue;
            };
            value = value.wrapping_mul(*power).wrapping_add(digits);
            return (self.at > start).then_some(value);
        }
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'));
            self.at += 1;
        }
        (self.at > start).then_some(value)
    }

    /// The rest of a literal such as `null`.
    #[inline(always)]
    pub(super) fn literal(&mut self, literal: &[u8]) -> Option<()> {
        let found = self.bytes.get(self.at..self.at + literal.len())?;
        (found == literal).then(|| self.at += literal.len())
    }

    /// Moves behind the value that begins here without checking more of it than brackets and texts. Whoever calls
    /// this has to read the value properly afterwards.
    pub(super) fn leap(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            // Numbers, commas and the like in one go.
            while let Some(sixteen) = self.bytes.get(self.at..)?.first_chunk() {
                if let Some(found) = first_bracket(sixteen) {
                    self.at += found;
                    break;
                }
                self.at += sixteen.len();
            }
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Option<(&str, bool)> {
        Scanner::new(text).string().map(|raw| (raw.text(), raw.escaped))
    }

    #[test]
    fn texts_end_at_their_quote_wherever_it_stands() {
        for length in 0..40 {
            let plain = "é".repeat(length);
            assert_eq!(string(&format!("\"{plain}\"")), Some((plain.as_str(), false)));
            let document = format!("\"{plain}\\\"\" and more than eight bytes");
            assert_eq!(string(&document).unwrap().0.len(), 2 * length + 2);
            assert!(string(&format!("\"{plain}")).is_none());
            assert!(string(&format!("\"{plain}\u{1f}12345678\"")).is_none());
        }
        assert!(string("\"\u{7f}\u{80}\u{ff}\"").is_some());
    }

    #[test]
    fn escapes_are_those_of_json_and_surrogates_come_in_pairs() {
        for good in [r#""\"\\\/\b\f\n\r\t""#, r#""\u0000\uFFFF""#, r#""\ud83d\uDE00""#] {
            assert!(string(good).is_some_and(|(_, escaped)| escaped), "{good}");
        }
        for bad in [
            r#""\x""#,
            r#""\u12g4""#,
            r#""\u123"#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\u0041""#,
            r#""\""#,
        ] {
            assert!(string(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_read_as_serde_json_reads_them() {
        let parts =
            ["", "-", "0", "1", "12", ".", ".5", "e", "e5", "E+10", "e-7", "00", "9223372036854775808"];
        for a in parts {
            for b in parts {
                for c in parts {
                    let text = format!("{a}{b}{c}");
                    let mut scanner = Scanner::new(&text);
                    let number = scanner.number().filter(|_| scanner.is_over());
                    let Some(number) = number else { continue };
                    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                    if number.integer.is_some() {
                        assert_eq!(number.integer, value.as_i64(), "{text}");
                    }
                }
            }
        }
        assert_eq!(Scanner::new("-0").number().unwrap().integer, None);
        for digits in 1..=18 {
            let text = "987654321012345678".get(..digits).unwrap();
            for document in [text.to_owned(), format!("{text},\"something\":0")] {
                assert_eq!(Scanner::new(&document).number().unwrap().integer, text.parse().ok(), "{text}");
            }
        }
        assert_eq!(Scanner::new("-17,").number().unwrap().integer, Some(-17));
        for edge in [i64::MIN, i64::MAX] {
            assert_eq!(Scanner::new(&edge.to_string()).number().unwrap().integer, Some(edge));
        }
        assert_eq!(Scanner::new("9223372036854775808").number().unwrap().integer, None);
        assert!(Scanner::new("1e999").number().is_none());
    }
}
