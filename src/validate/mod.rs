//! The offline check: what the service would reject, drop, truncate or ignore, found before anything is sent.

pub mod context;
mod finding;
mod limits;
mod mask;
pub mod pointer;
mod report;
pub mod rule;
pub mod rules;

pub use finding::{Finding, Location, Severity};
pub use limits::Limits;
pub use report::Report;

/// Which path a batch is meant for; decides which rules about age apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Route {
    /// Not decided: only what is wrong on both paths is found.
    #[default]
    Either,
    /// `/events` or `/bulkevents`.
    Live,
    /// `/bulkevents/historical`.
    Historical,
}
