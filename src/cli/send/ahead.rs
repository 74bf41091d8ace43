//! Reads an input for sending; where its batches are checked, that is begun on other threads.

use std::io::Read;
use std::sync::Arc;

use super::plan::Routes;
use super::route::rules_of;
use crate::cli::ahead::on_threads;
use crate::input::{Ahead, BatchReader, RawBatch, Worked};
use crate::pack::Paths;
use crate::validate::{Prepared, Route, Validator};

/// What one look at a batch brings, before it is looked at together with others.
pub struct Look {
    /// Where its events go.
    pub paths: Paths,
    /// The part of the check that looks at it alone; nothing when it is not checked.
    pub prepared: Option<Prepared>,
}

/// The batches of an input in their order, looked at.
pub enum Looking<R> {
    /// On this thread, as there is nothing to check; and whether the reader has come to its end.
    Here(BatchReader<R>, Routes, bool),
    /// On others.
    Ahead(Ahead<Look>),
}

impl<R: Read + Send + 'static> Looking<R> {
    /// Begins with what the reader gives first.
    pub fn at(reader: BatchReader<R>, routes: Routes, validators: &[(Route, Validator)]) -> Self {
        if validators.is_empty() {
            return Self::Here(reader, routes, false);
        }
        let validators = validators.to_vec();
        let look = move |batch: &RawBatch| {
            let paths = routes.paths(&batch.bytes);
            let rules = rules_of(&paths);
            let validator = validators.iter().find(|(route, _)| *route == rules);
            Look { prepared: validator.map(|(_, validator)| validator.prepare(&batch.bytes)), paths }
        };
        Self::Ahead(on_threads(reader, Arc::new(look)))
    }
}

impl<R> Looking<R> {
    /// Whether everything was handed out; to be asked after the last item. If not, a thread ended early.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Here(_, _, over) => *over,
            Self::Ahead(ahead) => ahead.is_complete(),
        }
    }
}

impl<R: Read> Iterator for Looking<R> {
    type Item = Worked<Look>;

    fn next(&mut self) -> Option<Self::Item> {
        let (reader, routes, over) = match self {
            Self::Here(reader, routes, over) => (reader, *routes, over),
            Self::Ahead(ahead) => return ahead.next(),
        };
        let Some(read) = reader.next() else {
            *over = true;
            return None;
        };
        let worked =
            read.as_ref().ok().map(|batch| Look { paths: routes.paths(&batch.bytes), prepared: None });
        Some(Worked { read, worked, bytes_read: reader.bytes_read() })
    }
}
