//! Eight bytes at a time: where a run of plain text ends, and what eight digits are worth.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of the first byte that ends a run of plain text: a quote, a backslash or a control character.
/// Bytes after it may be marked wrongly.
#[inline(always)]
pub(super) fn ends(word: u64) -> u64 {
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    let found = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    found & HIGHS
}

/// The same for the first quote or bracket.
#[inline(always)]
pub(super) fn brackets(word: u64) -> u64 {
    let quote = word ^ (ONES * 0x22);
    // `[` and `{` differ in this bit only, and so do `]` and `}`.
    let folded = word | (ONES * 0x20);
    let (open, close) = (folded ^ (ONES * 0x7b), folded ^ (ONES * 0x7d));
    let found = (quote.wrapping_sub(ONES) & !quote)
        | (open.wrapping_sub(ONES) & !open)
        | (close.wrapping_sub(ONES) & !close);
    found & HIGHS
}

/// The value of eight digits, if that is what they are.
#[inline(always)]
pub(super) fn eight_digits(word: u64) -> Option<i64> {
    let high = ONES * 0xf0;
    let carried = word.wrapping_add(ONES * 0x06);
    if (word & high) != ONES * 0x30 || (carried & high) != ONES * 0x30 {
        return None;
    }
    // Neighbours are put together in three steps: digits to pairs, pairs to fours, fours to eight.
    let pairs = word.wrapping_sub(ONES * 0x30);
    let pairs = pairs.wrapping_mul(10).wrapping_add(pairs >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    i64::try_from(eight).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_are_digits_only() {
        let read = |text: &[u8; 8]| eight_digits(u64::from_le_bytes(*text));
        assert_eq!(read(b"01234567"), Some(1_234_567));
        assert_eq!(read(b"99999999"), Some(99_999_999));
        for place in 0..8 {
            for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
                let mut text = *b"12345678";
                text[place] = byte;
                assert_eq!(read(&text), None, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn the_first_byte_that_ends_a_run_is_found() {
        let first = |found: u64| found.trailing_zeros() / 8;
        for place in 0..8 {
            for byte in 0..=255_u8 {
                let mut text = [b'a'; 8];
                text[place] = byte;
                let word = u64::from_le_bytes(text);
                let is_end = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(first(ends(word)), if is_end { place as u32 } else { 8 }, "{byte} at {place}");
                let is_bracket = matches!(byte, b'"' | b'[' | b']' | b'{' | b'}');
                assert_eq!(
                    first(brackets(word)),
                    if is_bracket { place as u32 } else { 8 },
                    "{byte} at {place}"
                );
            }
        }
    }
}
