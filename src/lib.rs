//! The toolkit for mParticle's server-to-server Events API.

pub mod clock;
pub mod endpoint;
pub mod types;
pub mod validate;

pub mod input;
pub mod pack;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod deliver;
#[cfg(feature = "sandbox")]
pub mod sandbox;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;

pub use endpoint::Endpoint;
