//! The `mparticle` command as its users run it: the real binary, real files, real sockets on loopback.
#![cfg(feature = "cli")]

mod errors;
mod help;
mod interrupt;
mod send;
mod support;
mod validate;
