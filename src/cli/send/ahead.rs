//! Reads an input for sending; where its batches are checked, that is begun on other threads.

use std::io::BufRead;
use std::iter;
use std::sync::Arc;

use super::plan::Routes;
use super::route::rules_of;
use crate::cli::ahead::on_threads;
use crate::input::{BatchReader, InputError, RawBatch};
use crate::pack::Paths;
use crate::validate::{Prepared, Route, Validator};

/// A batch, or why it could not be read, and what is known of it before it is looked at together with others.
pub struct Looked {
    /// What the reader gave.
    pub read: Result<RawBatch, InputError>,
    /// What the first look brought; nothing for what could not be read.
    pub look: Option<Look>,
    /// Bytes of the input that had been read when it came.
    pub bytes_read: u64,
}

/// What one look at a batch brings.
pub struct Look {
    /// Where its events go.
    pub paths: Paths,
    /// The part of the check that looks at it alone; nothing when it is not checked.
    pub prepared: Option<Prepared>,
}

/// The batches of an input in their order. The last item is `None` when all came: without it, a thread ended early.
pub fn look<R: BufRead + Send + 'static>(
    reader: BatchReader<R>,
    routes: Routes,
    validators: &[(Route, Validator)],
) -> Box<dyn Iterator<Item = Option<Looked>>> {
    if validators.is_empty() {
        let mut reader = reader;
        let items = iter::from_fn(move || {
            let read = reader.next()?;
            let look =
                read.as_ref().ok().map(|batch| Look { paths: routes.paths(&batch.bytes), prepared: None });
            Some(Some(Looked { read, look, bytes_read: reader.bytes_read() }))
        });
        return Box::new(items.chain(iter::once(None)));
    }
    let validators = validators.to_vec();
    let mut ahead = on_threads(
        reader,
        Arc::new(move |batch: &RawBatch| {
            let paths = routes.paths(&batch.bytes);
            let rules = rules_of(&paths);
            let validator = validators.iter().find(|(route, _)| *route == rules);
            Look { prepared: validator.map(|(_, validator)| validator.prepare(&batch.bytes)), paths }
        }),
    );
    let mut over = false;
    Box::new(iter::from_fn(move || {
        if let Some(item) = ahead.next() {
            return Some(Some(Looked { read: item.read, look: item.worked, bytes_read: item.bytes_read }));
        }
        (!std::mem::replace(&mut over, true) && ahead.is_complete()).then_some(None)
    }))
}
