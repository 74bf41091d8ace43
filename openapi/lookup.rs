//! Hash tables over the names of an object's members, laid out at build time for the accept path.

/// A hash table over the names of one object: slot → first member, member → next one in the same slot.
pub struct Lookup {
    pub multiplier: u64,
    pub shift: u32,
    pub slots: Vec<u8>,
    pub next: Vec<u8>,
}

/// No member.
const END: u8 = 255;

impl Lookup {
    /// Tries multipliers until no two names share a slot, or takes the best of many.
    pub fn of(names: &[&str]) -> Self {
        let shift = 64 - (names.len().max(1) * 4).next_power_of_two().trailing_zeros();
        let mut best: Option<(usize, u64)> = None;
        let mut seed = 0_u64;
        for _ in 0..4000 {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let multiplier = (seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1;
            let chained =
                Self::build(names, multiplier, shift).next.iter().filter(|next| **next != END).count();
            if best.is_none_or(|(least, _)| chained < least) {
                best = Some((chained, multiplier));
            }
            if chained == 0 {
                break;
            }
        }
        Self::build(names, best.map_or(1, |(_, multiplier)| multiplier), shift)
    }

    fn build(names: &[&str], multiplier: u64, shift: u32) -> Self {
        let mut slots = vec![END; 1 << (64 - shift)];
        let mut next = Vec::new();
        for (index, name) in (0_u8..).zip(names) {
            let slot = slots.get_mut(slot(name.as_bytes(), multiplier, shift));
            next.push(slot.map_or(END, |slot| std::mem::replace(slot, index)));
        }
        Self { multiplier, shift, slots, next }
    }
}

/// The first and last eight bytes as little-endian words; a name shorter than that has no last ones.
pub fn ends(name: &[u8]) -> (u64, u64) {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    let last = name.len().checked_sub(8).and_then(|start| name.get(start..)).map_or(0, word);
    (word(name.get(..8).unwrap_or(name)), last)
}

/// The same as `Object::find` of the accept path, which reads the words from the document.
fn slot(name: &[u8], multiplier: u64, shift: u32) -> usize {
    let (first, last) = ends(name);
    let mixed = first ^ last.rotate_left(23) ^ name.len() as u64;
    usize::try_from(mixed.wrapping_mul(multiplier) >> shift).unwrap_or_default()
}
