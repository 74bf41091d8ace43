//! Delivery against a server on loopback that misbehaves as the real one can: its account and ours must agree.
#![cfg(feature = "client")]
// Helpers of tests, too, may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "deliver/blame.rs"]
mod blame;
#[path = "deliver/faults.rs"]
mod faults;
#[path = "deliver/run.rs"]
mod run;
#[path = "deliver/server.rs"]
mod server;
#[path = "deliver/stops.rs"]
mod stops;
