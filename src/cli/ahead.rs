//! Reads an input, and looks at its batches on other threads, while this one goes on with those before.

use std::io::Read;
use std::sync::Arc;
use std::thread::available_parallelism;

use crate::input::{Ahead, BatchReader, RawBatch, Work};
use crate::validate::{Prepared, Validator};

/// More threads than this would wait for the one that does the rest.
const MOST: usize = 4;

/// Does some work on every batch of an input with as many threads as the machine has.
pub fn on_threads<T: Default + Send + 'static>(
    reader: BatchReader<impl Read + Send + 'static>,
    work: Work<T>,
) -> Ahead<T> {
    Ahead::new(reader, available_parallelism().map_or(1, |cores| cores.get().min(MOST)), work)
}

/// Does that part of the check of every batch which looks at it alone.
pub fn prepared(reader: BatchReader<impl Read + Send + 'static>, validator: Validator) -> Ahead<Prepared> {
    let prepare =
        move |batch: &RawBatch, prepared: &mut Prepared| validator.prepare_into(&batch.bytes, prepared);
    on_threads(reader, Arc::new(prepare))
}
