//! Several bytes at a time: where a run of plain text ends, and what a run of digits is worth.

use crate::input::bytes::Bytes16;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Where the first byte is that ends a run of plain text, if there is one among sixteen.
///
/// Most names and values are shorter than that, so that one look is enough and the way taken is foreseeable: to the processor, what
/// costs is a loop that ends now here, now there.
#[inline(always)]
pub(super) fn first_end(sixteen: &[u8; 16]) -> Option<usize> {
    let bytes = Bytes16::new(sixteen);
    (bytes.equal(b'"') | bytes.equal(b'\\') | bytes.within(0, 0x1f)).first()
}

/// Where the first quote or bracket is, if there is one among sixteen.
#[inline(always)]
pub(super) fn first_bracket(sixteen: &[u8; 16]) -> Option<usize> {
    let bytes = Bytes16::new(sixteen);
    (bytes.equal(b'"') | bytes.opening() | bytes.closing()).first()
}

/// Whether sixteen bytes are hexadecimal digits but for those whose bit is set, which are hyphens.
#[inline(always)]
pub(super) fn is_hexadecimal(sixteen: &[u8; 16], hyphens: u32) -> bool {
    let bytes = Bytes16::new(sixteen);
    let digits = bytes.within(b'0', b'9') | bytes.folded().within(b'a', b'f');
    bytes.equal(b'-').bits() == hyphens && digits.bits() == 0xffff ^ hyphens
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
    fn the_first_byte_that_ends_a_run_is_found() {
        for place in 0..16 {
            for byte in 0..=255_u8 {
                let mut text = [b'a'; 16];
                text[place] = byte;
                let is_end = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(first_end(&text), is_end.then_some(place), "{byte} at {place}");
                text[place..].fill(byte);
                assert_eq!(first_end(&text), is_end.then_some(place), "{byte} from {place}");
            }
        }
    }

    #[test]
    fn hexadecimal_digits_are_told_from_all_other_bytes() {
        for place in 0..16 {
            for byte in 0..=255_u8 {
                let mut text = *b"0123456789abcDEF";
                text[place] = byte;
                assert_eq!(is_hexadecimal(&text, 0), byte.is_ascii_hexdigit(), "{byte} at {place}");
                assert_eq!(is_hexadecimal(&text, 1 << place), byte == b'-', "{byte} at {place}");
            }
        }
    }

    #[test]
    fn the_first_bracket_is_found() {
        for place in 0..16 {
            for byte in 0..=255_u8 {
                let mut text = [b'a'; 16];
                text[place] = byte;
                let is_bracket = matches!(byte, b'"' | b'[' | b']' | b'{' | b'}');
                assert_eq!(first_bracket(&text), is_bracket.then_some(place), "{byte} at {place}");
                text[place..].fill(byte);
                assert_eq!(first_bracket(&text), is_bracket.then_some(place), "{byte} from {place}");
            }
        }
    }
}
