//! Delivers packed requests so that every batch ends as exactly one of accepted, rejected, not attempted.
//!
//! What a [`Sender`] promises:
//!
//! - **accepted**: the service answered with success and named no fault in this batch;
//! - **rejected**: the service refused this batch, or the answer never came although all attempts were spent. The observer gets the batch
//!   with the reason, which is what a dead letter is made of: nothing is lost;
//! - **not attempted**: the run was stopped before there was an answer. Sending it again is safe when the batches carry a
//!   `source_request_id` (see [`RequestIds`](crate::pack::RequestIds)).
//!
//! The three add up to what went in: batches of the input, however they were packed. Of a batch that goes in pieces all must be
//! accepted; it is rejected when one of them is, and else not attempted when one of them is not. Of batches that were merged each counts.
//! Requests can arrive in another order than they stand in the input.
//!
//! The decisions are free of I/O and stand alone: [`retry::decide`] (what to do after an answer), [`attribute::culprit`] (which batch
//! an error is about), [`RateLimiter`] (when the next request may go), [`Window`] (how many at a time), [`Budget`] (how many retries in all).
//!
//! ```
//! use futures_util::stream;
//! use mparticle_events::Endpoint;
//! use mparticle_events::deliver::{Answer, Sender, Silent, Stop, Transport};
//! use mparticle_events::input::RawBatch;
//! use mparticle_events::pack::Packer;
//! use mparticle_events::validate::Limits;
//!
//! /// Instead of a client: takes everything.
//! struct Accepting;
//! impl Transport for Accepting {
//!     async fn post(&self, _: Endpoint, _: bytes::Bytes) -> Answer {
//!         Answer::status(202)
//!     }
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # runtime.block_on(async {
//! let mut packer = Packer::new(Endpoint::Bulk, &Limits::default());
//! packer.push(RawBatch { bytes: "{}".into(), line: 1, ..RawBatch::default() })?;
//! let summary = Sender::new(Accepting).run(stream::iter(packer.finish()), &Stop::new(), &mut Silent).await;
//! assert_eq!(summary.accepted, 1);
//! # Ok::<(), Box<mparticle_events::pack::TooLarge>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod answer;
pub mod attribute;
mod budget;
pub mod dead_letter;
mod feed;
mod flight;
pub mod limiter;
mod observer;
mod pieces;
pub mod retry;
mod run;
mod sender;
mod stop;
mod summary;
mod window;

pub use answer::{Answer, Failure, Outcome, Transport};
pub use budget::Budget;
pub use feed::{Feed, Requests, feed};
pub use limiter::{Limiter, Limiters, RateLimiter};
pub use observer::{Observer, Rejection, Retry, Silent};
pub use retry::Policy;
pub use sender::Sender;
pub use stop::Stop;
pub use summary::{Note, Summary};
pub use window::Window;

pub use crate::pack::Reason;
