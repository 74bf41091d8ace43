//! Packs batches into requests by count and by exact size, without touching their bytes.
//!
//! Greedy and in order: a request is closed when the next batch would not fit. Sizes are those of the body that is
//! sent, brackets and commas included, and stay below the smaller reading of "256 KB".
//!
//! Before that, a [`Planner`] can split batches that are too large or belong to two paths, and merge those that differ in nothing but
//! their events; what it makes goes to [`Packer::push_unit`].
//!
//! ```
//! use mparticle_events::Endpoint;
//! use mparticle_events::input::BatchReader;
//! use mparticle_events::pack::Packer;
//! use mparticle_events::validate::Limits;
//!
//! let mut packer = Packer::new(Endpoint::Bulk, &Limits::default());
//! for batch in BatchReader::new("{\"a\":1}\n{\"b\":2}\n".as_bytes()) {
//!     if let Some(full) = packer.push(batch?)? {
//!         // send it
//!         # drop(full);
//!     }
//! }
//! let last = packer.finish().unwrap();
//! assert_eq!(last.body(), br#"[{"a":1},{"b":2}]"#);
//! assert_eq!(last.batch(1), Some(&br#"{"b":2}"#[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod age;
mod events;
mod merge;
mod origin;
mod packer;
mod plan;
mod reason;
mod request;
mod request_id;
mod split;
mod unit;

pub use age::{AgeRouter, Paths};
pub use events::Unsplittable;
pub use origin::{Earlier, Member, Origin};
pub use packer::{Packer, TooLarge};
pub use plan::Planner;
pub use reason::Reason;
pub use request::{Part, Request};
#[cfg(feature = "client")]
pub(crate) use request_id::with_id;
#[cfg(feature = "uploader")]
pub(crate) use request_id::{ADDED, with_new_id};
pub use request_id::{RequestIds, has_request_id};
pub use unit::Unit;
