//! Reads an input for sending; where its batches are checked, that is begun on other threads.

use std::io::Read;
use std::sync::Arc;

use super::plan::Routes;
use super::route::rules_of;
use crate::Endpoint;
use crate::cli::ahead::on_threads;
use crate::input::{Ahead, BatchReader, RawBatch, Worked};
use crate::pack::Paths;
use crate::validate::{Prepared, Route, Validator};

/// What one look at a batch brings, before it is looked at together with others.
pub struct Look {
    /// Where its events go.
    pub paths: Paths,
    /// The part of the check that looks at it alone; of no meaning when it is not checked.
    pub prepared: Prepared,
}

/// The batches of an input in their order, looked at.
pub enum Looking<R> {
    /// On this thread, as there is nothing to check.
    Here(Box<Here<R>>),
    /// On others.
    Ahead(Ahead<Look>),
}

/// See [`Looking`].
pub struct Here<R> {
    reader: BatchReader<R>,
    routes: Routes,
    look: Look,
    is_complete: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { paths: Paths::One(Endpoint::Bulk), prepared: Prepared::default() }
    }
}

impl<R: Read + Send + 'static> Looking<R> {
    /// Begins with what the reader gives first.
    pub fn at(reader: BatchReader<R>, routes: Routes, validators: &[(Route, Validator)]) -> Self {
        if validators.is_empty() {
            let here = Here { reader, routes, look: Look::default(), is_complete: false };
            return Self::Here(Box::new(here));
        }
        let validators = validators.to_vec();
        let look = move |batch: &RawBatch, look: &mut Look| {
            look.paths = routes.paths(&batch.bytes);
            let rules = rules_of(&look.paths);
            if let Some((_, validator)) = validators.iter().find(|(route, _)| *route == rules) {
                validator.prepare_into(&batch.bytes, &mut look.prepared);
            }
        };
        Self::Ahead(on_threads(reader, Arc::new(look)))
    }
}

impl<R: Read> Looking<R> {
    /// The next batch; nothing when there is no more.
    pub fn next_batch(&mut self) -> Option<Worked<'_, Look>> {
        match self {
            Self::Here(here) => here.next_batch(),
            Self::Ahead(ahead) => ahead.next_batch(),
        }
    }

    /// Whether everything was handed out; to be asked after the last batch. If not, a thread ended early.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Here(here) => here.is_complete,
            Self::Ahead(ahead) => ahead.is_complete(),
        }
    }
}

impl<R: Read> Here<R> {
    fn next_batch(&mut self) -> Option<Worked<'_, Look>> {
        let Some(read) = self.reader.next() else {
            self.is_complete = true;
            return None;
        };
        if let Ok(batch) = &read {
            self.look.paths = self.routes.paths(&batch.bytes);
        }
        Some(Worked { read, worked: &mut self.look, bytes_read: self.reader.bytes_read() })
    }
}
