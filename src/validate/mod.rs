//! The offline check: what the service would reject, drop, truncate or ignore, found before anything is sent.
//!
//! ```
//! use mparticle_events::validate::{Severity, Validator};
//!
//! let batch = br#"{"environment":"production","mpid":1,"events":[{"event_type":"custom_evnt","data":{}}]}"#;
//! let report = Validator::new().check_bytes(batch);
//!
//! let finding = &report.findings()[0];
//! assert_eq!(finding.name, "unknown-event-type");
//! assert_eq!(finding.severity, Severity::Error);
//! assert_eq!(finding.pointer, "/events/0/event_type");
//! assert_eq!(finding.help.as_deref(), Some("did you mean `custom_event`?"));
//! ```
//!
//! A finding is data; [`render`] turns it into text for people or into JSON lines. [`rules`] is the catalogue of
//! everything that can be found.

mod accept;
mod across;
mod collector;
pub mod context;
mod document;
mod finding;
mod limits;
mod locate;
mod mask;
pub mod pointer;
pub mod render;
mod report;
mod request;
pub mod rule;
pub mod rules;
mod shape;
mod validator;

pub use accept::{Facts, Seen};
pub use across::{Across, Prepared};
pub use finding::{Finding, Location, Severity};
pub use limits::Limits;
pub use report::Report;
pub use shape::schema_json;
pub use validator::{UnknownRule, Validator, ValidatorBuilder};

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
