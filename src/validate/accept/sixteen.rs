//! Sixteen bytes at a time: where a run of plain text or of anything but brackets ends, and whether digits are hexadecimal.

use crate::input::lanes::Bytes16;

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

#[cfg(test)]
mod tests {
    use super::*;

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
