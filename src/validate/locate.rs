//! JSON pointers → places in the bytes. Only for batches in which something was found.

use super::Finding;

pub(super) fn fill(_bytes: &[u8], _findings: &mut [Finding]) {}
