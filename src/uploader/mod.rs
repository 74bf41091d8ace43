//! The sender that a service leaves running: batches in, deliveries in the background, an end for every batch.
//!
//! # What is guaranteed
//!
//! - **Once**: a batch may be posted several times, always under the same `source_request_id`, by which the service drops repeats for
//!   30 to 60 days. The id is set when the batch is enqueued, and kept when it has one. So at least once on the wire is once in effect.
//! - **Every batch has an end**, told once: accepted, rejected, gave up, or not attempted; the four add up to what was enqueued.
//!   [`shutdown`](Uploader::shutdown) gives back what was not delivered. Nothing is dropped to make room: [`enqueue`](Uploader::enqueue)
//!   waits, [`try_enqueue`](Uploader::try_enqueue) says that it is full.
//!   An error that the service does not pin on one batch of a request leaves all of them accepted; it is counted and logged.
//! - **After a crash** everything that was held in memory is lost, at most `max_batches` and `max_bytes`; with a spool (feature `spool`)
//!   what had been enqueued is sent by the next start under the same ids, if that is within the 30 days. Dead letters are kept there too.
//! - **Order**: batches of a user keep their order within a request and when they are merged. Several requests are on their way at a
//!   time, and one that is retried arrives late; only with [`concurrency(1)`](UploaderBuilder::concurrency) do others wait for it.
//! - **Dropping** the last handle without `shutdown` closes the intake and logs a warning with the number of batches held; they are still
//!   delivered for as long as the runtime lives. What is held when the runtime ends is lost, but for a spool.
//!
//! ```
//! # #[cfg(feature = "sandbox")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use std::time::Duration;
//! use mparticle_events::client::{Client, Credentials};
//! use mparticle_events::types::{Batch, Environment, Event};
//! use mparticle_events::uploader::Uploader;
//! # let sandbox = mparticle_events::sandbox::Sandbox::start().await?;
//! # let client = Client::builder(Credentials::new("key", "secret")?).base_url(&sandbox.base_url())?.build()?;
//!
//! let uploader = Uploader::builder(client)
//!     .on_settled(|settled| println!("{}: {:?}", settled.ticket, settled.fate))
//!     .start()?;
//!
//! // Anywhere in the service, from any task; clones are handles to the same uploader.
//! let batch = Batch::new(Environment::Development).customer_id("c-42").event(Event::screen_view("Home"));
//! uploader.enqueue(batch).await?;
//!
//! // At the end.
//! let left = uploader.shutdown(Duration::from_secs(10)).await;
//! assert!(left.is_empty());
//! # assert_eq!(sandbox.received().batches.len(), 1);
//! # Ok(()) })
//! # }
//! # #[cfg(not(feature = "sandbox"))]
//! # fn main() {}
//! ```
//!
//! # Merging
//!
//! Batches of one user that come within the [window](UploaderBuilder::window) are sent as one, with all events in order, when they are the
//! same byte for byte apart from their events: identities, attributes, consent, environment, device, application. Batches that bring
//! their own `source_request_id` are never merged, nor are batches without identity. Each of them still has its own ticket and end.
//!
//! # When the service does not answer
//!
//! Requests are retried for an hour each (see [`policy`](UploaderBuilder::policy)), and new batches wait as soon as there is no room. A
//! service that cannot be reached is tried for as long as it takes. An answer after which nothing will pass, such as 401, closes the
//! uploader: `enqueue` fails with the reason, all that is held is told as not attempted, and `shutdown` gives it back.
//!
//! # When the spool's disk is full
//!
//! [`enqueue`](Uploader::enqueue) fails with [`is_spool`](EnqueueError::is_spool), and the batch is inside: it was not taken in. What is
//! held is delivered all the same. As soon as the disk takes something, so does the uploader; it looks at most twice a second. What
//! is delivered meanwhile cannot be taken out of the spool, so after a crash it is posted again, under the same ids. A spool that turns
//! out to be damaged closes the uploader. [`Gauge::SpoolFailing`] is 1 as long as it takes nothing: the one to be woken up by.
//!
//! # Observing
//!
//! [`Metrics`] takes measurements without a metrics library. Spans and events go to `tracing`: `uploader_run` and `uploader_post` at debug
//! level, undelivered batches and interruptions as warnings, a stop as an error. None of them holds event data or credentials.

mod batching;
mod builder;
mod drive;
mod error;
mod handle;
mod hold;
mod ids;
mod merge;
mod metrics;
mod outcome;
mod shared;
#[cfg(feature = "spool")]
mod spool;
mod store;
mod wire;

pub use builder::UploaderBuilder;
pub use error::{EnqueueError, NotFlushed, StartError};
pub use handle::Uploader;
pub use metrics::{Counter, Gauge, Histogram, Metrics, NoMetrics};
pub use outcome::{Fate, Refusal, Settled, Ticket, Undelivered};
#[cfg(feature = "spool")]
pub use spool::{Durability, Spool, SpooledLetter};
