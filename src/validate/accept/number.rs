//! Numbers of a JSON document, and what they are worth.

use super::scanner::Scanner;

/// A number as it stands in the document.
#[derive(Clone, Copy, Debug)]
pub(in crate::validate) struct Number<'a> {
    pub(super) document: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Its value, when it is written as an integer that fits.
    pub(super) integer: Option<i64>,
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

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// Powers of ten.
const TENS: [i64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// Digits that certainly fit into 64 bits.
const SAFE_DIGITS: usize = 18;
/// A number this short, with an exponent of at most two digits, is certainly finite.
const SAFE_NUMBER: usize = 64;

impl<'a> Scanner<'a> {
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
}

/// How many digits a word begins with, and what they are worth.
#[inline(always)]
pub(super) fn leading_digits(word: u64) -> (usize, i64) {
    let values = word ^ (ONES * 0x30);
    // Adding does not carry from byte to byte.
    let other = (((values & !HIGHS) + ONES * 0x76) | values) & HIGHS;
    let bits = other.trailing_zeros() & !7;
    // To the end, behind zeros.
    let digits = values.checked_shl(64 - bits).unwrap_or_default();
    // Neighbours are put together in three steps: digits to pairs, pairs to fours, fours to eight.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    (bits as usize / 8, i64::try_from(eight).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_up_to_the_first_other_byte() {
        let read = |text: &[u8; 8]| leading_digits(u64::from_le_bytes(*text));
        assert_eq!(read(b"01234567"), (8, 1_234_567));
        assert_eq!(read(b"99999999"), (8, 99_999_999));
        for place in 0..8 {
            for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
                let mut text = *b"12345678";
                text[place] = byte;
                assert_eq!(
                    read(&text),
                    (place, 12_345_678 / 10_i64.pow(8 - place as u32)),
                    "{byte} at {place}"
                );
                // Whatever stands behind it.
                text[place + 1..].fill(byte ^ 0xff);
                assert_eq!(
                    read(&text),
                    (place, 12_345_678 / 10_i64.pow(8 - place as u32)),
                    "{byte} at {place}"
                );
            }
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
