//! The `mparticle` command as its users run it: the real binary, real files, real sockets on loopback.
#![cfg(feature = "cli")]
// Helpers of tests are outside the functions that clippy knows as tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod config;
mod disks;
mod errors;
mod full_disk;
mod grouped;
mod help;
mod interrupt;
mod packed;
mod places;
mod plan;
mod replay;
mod resume;
mod resume_planned;
mod sandbox;
mod sarif;
mod send;
mod support;
mod untraced;
mod validate;
