//! Looks at sixteen bytes of text at a time, or at 64: which of them are quotes, brackets and the like.

use std::ops::BitOr;

use wide::u8x16;

/// Sixteen bytes of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes16(u8x16);

/// Those among sixteen bytes that were asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks16(u8x16);

impl Bytes16 {
    /// To be looked at.
    #[inline(always)]
    pub(crate) fn new(bytes: &[u8; 16]) -> Self {
        Self(u8x16::new(*bytes))
    }

    /// Those that are this byte.
    #[inline(always)]
    pub(crate) fn equal(self, byte: u8) -> Marks16 {
        Marks16(self.0.simd_eq(u8x16::splat(byte)))
    }

    /// Those from one byte up to another, both included.
    #[inline(always)]
    pub(crate) fn within(self, first: u8, last: u8) -> Marks16 {
        // Lower ones wrap around, to a distance that is larger than any in the range.
        let distance = self.0 - u8x16::splat(first);
        Marks16(distance.min(u8x16::splat(last - first)).simd_eq(distance))
    }

    /// Capital letters made small. Some other bytes change as well.
    #[inline(always)]
    pub(crate) fn folded(self) -> Self {
        Self(self.0 | u8x16::splat(0x20))
    }

    /// Those that are opening brackets.
    #[inline(always)]
    pub(crate) fn opening(self) -> Marks16 {
        // `[` and `{` differ in the same bit as letters do, and so do `]` and `}`.
        self.folded().equal(b'{')
    }

    /// Those that are closing brackets.
    #[inline(always)]
    pub(crate) fn closing(self) -> Marks16 {
        self.folded().equal(b'}')
    }
}

impl Marks16 {
    /// A bit for each of the sixteen bytes, the lowest one for the first.
    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        self.0.to_bitmask()
    }

    /// Where the first one is.
    #[inline(always)]
    pub(crate) fn first(self) -> Option<usize> {
        let bits = self.bits();
        (bits != 0).then(|| bits.trailing_zeros() as usize)
    }
}

impl BitOr for Marks16 {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// 64 bytes of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes64([Bytes16; 4]);

/// Those among 64 bytes that were asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks64([Marks16; 4]);

impl Bytes64 {
    /// To be looked at.
    #[inline(always)]
    pub(crate) fn new(bytes: &[u8; 64]) -> Self {
        let mut parts = [Bytes16(u8x16::ZERO); 4];
        for (part, bytes) in parts.iter_mut().zip(bytes.as_chunks().0) {
            *part = Bytes16::new(bytes);
        }
        Self(parts)
    }

    /// Asks for some of them.
    #[inline(always)]
    pub(crate) fn find(self, find: impl Fn(Bytes16) -> Marks16) -> Marks64 {
        Marks64(self.0.map(find))
    }
}

impl Marks64 {
    /// Whether there is one.
    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        let [first, second, third, fourth] = self.0;
        (first | second | third | fourth).bits() != 0
    }

    /// A bit for each of the 64 bytes, the lowest one for the first.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0.iter().rev().fold(0, |bits, marks| bits << 16 | u64::from(marks.bits()))
    }
}

impl BitOr for Marks64 {
    type Output = Self;

    #[inline(always)]
    fn bitor(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(marks, other)| *marks = *marks | other);
        self
    }
}

/// How many more there are of one kind than of another.
///
/// Each of sixteen places is counted by itself, which takes two instructions; they are added up only when they are full.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Difference {
    places: u8x16,
    counted: usize,
    sum: i64,
}

impl Difference {
    /// How often can be counted: each time may change a place by four, and it has to stay within a signed byte.
    const MOST: usize = 31;

    /// Counts some up, and others down.
    #[inline(always)]
    pub(crate) fn count(&mut self, up: Marks64, down: Marks64) {
        if self.counted == Self::MOST {
            *self = Self { sum: self.sum(), ..Self::default() };
        }
        self.counted += 1;
        for (up, down) in up.0.into_iter().zip(down.0) {
            // Marks have all their bits set: minus one.
            self.places = self.places - up.0 + down.0;
        }
    }

    /// The difference so far.
    #[inline(always)]
    pub(crate) fn sum(self) -> i64 {
        const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
        const BIAS: u8 = 0x80;
        // Not negative while they are added: eight places make four pairs, and these are added by multiplying.
        let places = (self.places + u8x16::splat(BIAS)).to_array();
        let pairs = places.as_chunks().0.iter().map(|eight| {
            let eight = u64::from_le_bytes(*eight);
            (eight & EVEN) + (eight >> 8 & EVEN)
        });
        let all = pairs.sum::<u64>().wrapping_mul(0x0001_0001_0001_0001) >> 48;
        self.sum + all.cast_signed() - 16 * i64::from(BIAS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_at_every_place_and_nowhere_else() {
        type Find = fn(Bytes16) -> Marks16;
        type Is = fn(u8) -> bool;
        let kinds: [(Find, Is); 5] = [
            (|text| text.equal(b'"'), |byte| byte == b'"'),
            (|text| text.within(0, 0x1f), |byte| byte < 0x20),
            (
                |text| text.folded().within(b'a', b'f') | text.equal(0xff),
                |byte| matches!(byte, b'a'..=b'f' | b'A'..=b'F' | 0xff),
            ),
            (Bytes16::opening, |byte| matches!(byte, b'[' | b'{')),
            (Bytes16::closing, |byte| matches!(byte, b']' | b'}')),
        ];
        for (find, is_one) in kinds {
            for place in 0..64 {
                for byte in 0..=255_u8 {
                    let mut text = [b'x'; 64];
                    text[place] = byte;
                    let marks = Bytes64::new(&text).find(find);
                    assert_eq!(marks.bits(), u64::from(is_one(byte)) << place, "{byte} at {place}");
                    assert_eq!(marks.any(), is_one(byte), "{byte} at {place}");
                    let first = find(Bytes16::new(text.first_chunk().unwrap())).first();
                    assert_eq!(first, (is_one(byte) && place < 16).then_some(place), "{byte} at {place}");
                }
            }
        }
    }

    #[test]
    fn a_difference_has_no_bounds() {
        let marks = |byte: u8| Bytes64::new(&[byte; 64]).find(|text| text.equal(b'x'));
        let (all, none) = (marks(b'x'), marks(b'y'));
        let (mut up, mut down, mut both) = <(Difference, Difference, Difference)>::default();
        for times in 1..200 {
            up.count(all, none);
            down.count(none, all);
            both.count(all, all);
            assert_eq!((up.sum(), down.sum(), both.sum()), (64 * times, -64 * times, 0));
        }
    }
}
