//! Pieces of memory that are lent out as bytes, and used again once nobody holds a slice of them any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Pieces that are kept for later, and the largest that is.
const SPARE: usize = 16;
const LARGEST: usize = 1024 * 1024;

/// The pieces that are free. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

/// A piece whose slices are out.
struct Lent {
    piece: Vec<u8>,
    pool: Pool,
}

impl Pool {
    /// A piece as it was lent before, with its old content; nothing when none is free.
    pub(crate) fn take(&self) -> Option<Vec<u8>> {
        self.spare().pop()
    }

    /// Gives it out; it comes back by itself.
    pub(crate) fn lend(&self, piece: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { piece, pool: self.clone() })
    }

    /// Puts it back without having lent it.
    pub(crate) fn put_back(&self, piece: Vec<u8>) {
        let mut spare = self.spare();
        if spare.len() < SPARE && piece.capacity() <= LARGEST {
            // The one that was used last is the next: it is in the cache of a processor.
            spare.push(piece);
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pool.put_back(std::mem::take(&mut self.piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_comes_back_when_its_last_slice_is_gone() {
        let pool = Pool::default();
        let whole = pool.lend(vec![1, 2, 3]);
        let (place, slice) = (whole.as_ptr(), whole.slice(1..2));
        drop(whole);
        assert_eq!((pool.take(), &slice[..]), (None, &[2][..]));
        drop(slice);
        let piece = pool.take().unwrap();
        assert_eq!((piece.as_ptr(), piece), (place, vec![1, 2, 3]));
    }

    #[test]
    fn not_everything_is_kept() {
        let pool = Pool::default();
        for _ in 0..SPARE + 3 {
            pool.put_back(vec![0]);
        }
        drop(pool.lend(vec![0; LARGEST + 1]));
        assert_eq!(std::iter::from_fn(|| pool.take()).map(|piece| piece.len()).sum::<usize>(), SPARE);
    }
}
