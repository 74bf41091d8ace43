//! The toolkit for mParticle's server-to-server Events API: types, offline validation, delivery, and a stand-in for the
//! service.
//!
//! The service answers `202 Accepted` to a bulk request even when batches in it failed, truncates long names without a
//! word, and has no sandbox. So check before sending:
//!
//! ```
//! use mparticle_events::types::{Batch, CustomEventType, Environment, Event};
//! use mparticle_events::validate::Validator;
//!
//! let batch = Batch::new(Environment::Development)
//!     .customer_id("c-42")
//!     .event(Event::custom("Signed up", CustomEventType::Other).attribute("plan", "gold"));
//!
//! let report = Validator::new().check(&batch);
//! assert!(report.is_clean(), "{report}");
//! ```
//!
//! # A tour
//!
//! | module | what it is for | feature |
//! |---|---|---|
//! | [`types`] | [`Batch`](types::Batch), [`Event`](types::Event) and all they hold, generated from the published spec | always |
//! | [`validate`] | what the service would reject, drop, truncate or ignore, as [findings](validate::Finding) | always |
//! | [`input`] | batches out of NDJSON, JSON arrays and single documents, in constant memory | always |
//! | [`pack`] | batches into requests, by count and exact bytes | always |
//! | `client` | one method a path, pods, credentials, errors that tell | `client` (default) |
//! | `deliver` | throttle, retry, attribute partial failures, keep dead letters | `client` (default) |
//! | `uploader` | the sender that a service leaves running | `uploader`, `spool` |
//! | `sandbox` | the Events API on loopback, for trying out and for tests | `sandbox` |
//!
//! There are two doors. *Typed*: build a [`Batch`](types::Batch), check it, hand it to the client. *Raw*: bytes from a
//! file are checked and delivered as the bytes they are; they never pass through the types, which would drop members
//! they do not know.
//!
//! Without default features neither an HTTP stack nor an async runtime is compiled.
//!
//! # Errors
//!
//! Nothing here panics on input. What is wrong with a batch is a [`Report`](validate::Report) of findings, each with
//! code, place and help; what went wrong on the way to the service is one opaque error with predicates such as
//! `is_throttled` and `retry_after`.
//!
//! # What it does not do
//!
//! The Identity, Profile and Data Subject Request APIs are other services. Batches are not checked against your data
//! plans. Only the service itself knows whether a key pair is valid.

pub mod clock;
pub mod endpoint;
pub mod input;
pub mod pack;
pub mod types;
pub mod validate;

#[cfg(any(feature = "cli", feature = "spool"))]
mod disk;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod deliver;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "uploader")]
pub mod uploader;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod journal;

pub use endpoint::Endpoint;

/// The examples of the README, compiled.
#[cfg(all(doctest, feature = "client", feature = "sandbox"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
