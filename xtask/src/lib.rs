//! Chores of this repository, one module a verb; `main.rs` only reads arguments and prints.
//!
//! Verbs return an [`Outcome`] instead of printing, so that tests see the same text as people do.

pub mod agree;
pub mod bench;
pub mod chaos;
pub mod command;
pub mod compare;
pub mod coverage;
pub mod diff;
pub mod docs;
pub mod fetch;
pub mod outline;
pub mod place;
pub mod refresh;
pub mod shape;
pub mod snapshots;
pub mod source;

// Written for `build.rs`, where nobody reads its documentation.
#[allow(clippy::missing_errors_doc)]
#[path = "../../openapi/pipeline.rs"]
pub mod pipeline;

use std::path::PathBuf;

/// What a verb has to say, and whether all is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Text for standard output.
    pub text: String,
    /// False makes the exit code 1.
    pub ok: bool,
}

/// The `openapi/` folder of this repository.
#[must_use]
pub fn openapi_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi"))
}
