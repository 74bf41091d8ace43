//! Blocks of memory that are read into, handed out in slices, and used again once nobody holds a slice any more.

use std::io::{self, ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Bytes that are asked for at a time: enough that a call costs little, and few enough to stay in the cache of a processor until
/// they are worked on.
const BLOCK: usize = 256 * 1024;
/// What is shorter is copied, so that a few bytes out of a slow pipe do not hold a whole block.
const SHORT: usize = BLOCK / 8;
/// Blocks that are kept for later.
const SPARE: usize = 16;

/// Blocks that are free.
type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

/// Reads an input block by block.
#[derive(Debug, Default)]
pub(super) struct Blocks(Spare);

/// A block whose slices are out.
struct Lent {
    block: Vec<u8>,
    spare: Spare,
}

impl Blocks {
    /// The next bytes of the input, as many as one call gives; empty at its end.
    pub(super) fn read(&self, input: &mut impl Read) -> io::Result<Bytes> {
        let mut lent = Lent { block: self.free(), spare: Arc::clone(&self.0) };
        let length = loop {
            match input.read(&mut lent.block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if length < SHORT {
            return Ok(Bytes::copy_from_slice(lent.block.get(..length).unwrap_or_default()));
        }
        let mut bytes = Bytes::from_owner(lent);
        bytes.truncate(length);
        Ok(bytes)
    }

    fn free(&self) -> Vec<u8> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| vec![0; BLOCK])
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.block
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            // The one that was used last is the next: it is in the cache.
            spare.push(std::mem::take(&mut self.block));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_used_again_when_its_last_slice_is_gone() {
        let text: Vec<u8> = (0..3 * BLOCK).map(|n| (n % 251) as u8).collect();
        let (blocks, mut input) = (Blocks::default(), &text[..]);
        let spare = |blocks: &Blocks| blocks.0.lock().unwrap().len();
        let first = blocks.read(&mut input).unwrap();
        let slice = first.slice(7..9);
        let place = first.as_ptr();
        drop(first);
        assert_eq!((spare(&blocks), &slice[..]), (0, &text[7..9]));
        let second = blocks.read(&mut input).unwrap();
        assert_ne!(second.as_ptr(), place);
        drop(slice);
        assert_eq!(spare(&blocks), 1);
        let third = blocks.read(&mut input).unwrap();
        assert_eq!(third.as_ptr(), place);
        assert_eq!([&second[..], &third].concat(), text[BLOCK..]);
        assert!(blocks.read(&mut input).unwrap().is_empty());
    }

    #[test]
    fn a_few_bytes_do_not_hold_a_block() {
        let (blocks, mut input) = (Blocks::default(), &b"{}\n"[..]);
        let read = blocks.read(&mut input).unwrap();
        assert_eq!((&read[..], blocks.0.lock().unwrap().len()), (&b"{}\n"[..], 1));
    }
}
