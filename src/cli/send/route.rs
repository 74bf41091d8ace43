//! Which path a batch takes: as told, or by the age of its events.

use super::args::EndpointArg;
use crate::Endpoint;
use crate::clock::SharedClock;
use crate::pack::{AgeRouter, Paths};
use crate::validate::{Limits, Route};

/// Decides where batches go.
#[derive(Clone, Copy, Debug)]
pub enum Router {
    /// All to one path.
    Fixed(Endpoint),
    /// By age, as of the time the run began.
    ByAge(AgeRouter),
}

impl Router {
    /// A router for the given choice. The clock is read once, so that the whole input is routed alike.
    #[must_use]
    pub fn new(endpoint: EndpointArg, limits: &Limits, clock: &SharedClock) -> Self {
        match endpoint {
            EndpointArg::Events => Self::Fixed(Endpoint::Events),
            EndpointArg::Bulk => Self::Fixed(Endpoint::Bulk),
            EndpointArg::Historical => Self::Fixed(Endpoint::Historical),
            EndpointArg::Auto => Self::ByAge(AgeRouter::new(limits, clock.now_unix_ms())),
        }
    }

    /// Where the events of one batch go.
    #[must_use]
    pub fn paths(&self, batch: &[u8]) -> Paths {
        match self {
            Self::Fixed(endpoint) => Paths::One(*endpoint),
            Self::ByAge(router) => router.paths(batch),
        }
    }
}

/// The rules that apply to a batch: for one that goes to both paths, those that apply on either.
#[must_use]
pub const fn rules_of(paths: &Paths) -> Route {
    match paths {
        Paths::One(endpoint) if endpoint.is_historical() => Route::Historical,
        Paths::One(_) => Route::Live,
        Paths::ByAge(_) => Route::Either,
    }
}
