//! Reads an input in blocks, which are handed out in slices.

use std::io::{self, ErrorKind, Read};

use bytes::Bytes;

use super::Pool;

/// Bytes that are asked for at a time: enough that a call costs little, and few enough to stay in the cache of a processor until
/// they are worked on.
const BLOCK: usize = 256 * 1024;
/// What is shorter is copied, so that a few bytes out of a slow pipe do not hold a whole block.
const SHORT: usize = BLOCK / 8;

/// Reads an input block by block.
#[derive(Debug, Default)]
pub(super) struct Blocks(Pool);

impl Blocks {
    /// The next bytes of the input, as many as one call gives; empty at its end.
    pub(super) fn read(&self, input: &mut impl Read) -> io::Result<Bytes> {
        let mut block = self.0.take().unwrap_or_else(|| vec![0; BLOCK]);
        let length = loop {
            match input.read(&mut block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if length >= SHORT {
            let mut bytes = self.0.lend(block);
            bytes.truncate(length);
            return Ok(bytes);
        }
        let bytes = Bytes::copy_from_slice(block.get(..length).unwrap_or_default());
        self.0.put_back(block);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_into_again_when_nobody_holds_it() {
        let text: Vec<u8> = (0..3 * BLOCK).map(|n| (n % 251) as u8).collect();
        let (blocks, mut input) = (Blocks::default(), &text[..]);
        let first = blocks.read(&mut input).unwrap();
        let place = first.as_ptr();
        let second = blocks.read(&mut input).unwrap();
        assert_eq!([&first[..], &second].concat(), text[..2 * BLOCK]);
        drop(first);
        let third = blocks.read(&mut input).unwrap();
        assert_eq!((third.as_ptr(), &third[..]), (place, &text[2 * BLOCK..]));
        assert_eq!(second, text[BLOCK..2 * BLOCK]);
        assert!(blocks.read(&mut input).unwrap().is_empty());
    }

    #[test]
    fn a_few_bytes_do_not_hold_a_block() {
        let (blocks, mut input) = (Blocks::default(), &b"{}\n"[..]);
        let read = blocks.read(&mut input).unwrap();
        assert_eq!((&read[..], blocks.0.take().map(|block| block.len())), (&b"{}\n"[..], Some(BLOCK)));
    }
}
