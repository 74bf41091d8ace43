//! Reads an input in blocks, which are handed out in slices.

use std::fmt;
use std::io::{self, ErrorKind, Read};

use bytes::Bytes;

use super::Pool;

/// Bytes that are asked for at a time: enough that a call costs little, and few enough to stay in the cache of a processor until
/// they are worked on.
const BLOCK: usize = 512 * 1024;
/// What is shorter is copied, so that a few bytes out of a slow pipe do not hold a whole block.
const SHORT: usize = BLOCK / 8;

/// Is shown every block before what is in it is handed out.
pub type OnRead = Box<dyn FnMut(&Bytes) -> io::Result<()> + Send>;

/// Reads an input block by block.
#[derive(Default)]
pub(super) struct Blocks {
    pool: Pool,
    pub(super) on_read: Option<OnRead>,
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").finish_non_exhaustive()
    }
}

impl Blocks {
    /// The next bytes of the input, as many as one call gives; empty at its end.
    pub(super) fn read(&mut self, input: &mut impl Read) -> io::Result<Bytes> {
        let block = self.block(input)?;
        if let Some(on_read) = self.on_read.as_mut().filter(|_| !block.is_empty()) {
            on_read(&block)?;
        }
        Ok(block)
    }

    fn block(&self, input: &mut impl Read) -> io::Result<Bytes> {
        let mut block = self.pool.take().unwrap_or_else(|| vec![0; BLOCK]);
        let length = loop {
            match input.read(&mut block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if length >= SHORT {
            let mut bytes = self.pool.lend(block);
            bytes.truncate(length);
            return Ok(bytes);
        }
        let bytes = Bytes::copy_from_slice(block.get(..length).unwrap_or_default());
        self.pool.put_back(block);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_into_again_when_nobody_holds_it() {
        let text: Vec<u8> = (0..3 * BLOCK).map(|n| (n % 251) as u8).collect();
        let (mut blocks, mut input) = (Blocks::default(), &text[..]);
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
        let (mut blocks, mut input) = (Blocks::default(), &b"{}\n"[..]);
        let read = blocks.read(&mut input).unwrap();
        assert_eq!((&read[..], blocks.pool.take().map(|block| block.len())), (&b"{}\n"[..], Some(BLOCK)));
    }
}
