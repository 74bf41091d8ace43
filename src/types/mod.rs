//! What is sent: `Batch`, `Event` and all that they hold, generated from the corrected spec.

#[cfg(feature = "schemars")]
mod json_schema;
mod value;

pub use generated::*;
pub use value::{AttributeValue, Number, PushMessageBehavior, UserAttributeValue};

mod generated {
    #![allow(missing_docs, clippy::all, clippy::indexing_slicing, clippy::unwrap_used)]
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}
