//! Faults on demand: what can go wrong, and when. Nothing here does any I/O.

mod plan;
mod text;

use std::time::Duration;

use crate::Endpoint;

pub(super) use plan::{Decision, Faults, Outcome, Situation};
pub use text::FaultError;

/// Something that goes wrong on purpose, and when it does.
///
/// Written as the kind and its options, `KIND:NAME=VALUE,NAME=VALUE`:
///
/// ```
/// use mparticle_events::sandbox::Fault;
///
/// // One request in ten is answered 503.
/// let unavailable: Fault = "503:rate=0.1".parse()?;
/// // The first five requests are over the limit of acceleration; the answer asks for two seconds.
/// let throttled: Fault = "429:retry-after=2,limit=acceleration,count=5".parse()?;
/// // Every third bulk request is taken, and its answer lost.
/// let lost: Fault = "drop-after:every=3,path=bulkevents".parse()?;
/// assert_eq!(unavailable.to_string(), "503:rate=0.1");
/// assert!("504:rate=2".parse::<Fault>().is_err());
/// # Ok::<(), mparticle_events::sandbox::FaultError>(())
/// ```
///
/// | kind | what happens |
/// |---|---|
/// | `400` | refused with an error body, nothing is taken |
/// | `401`, `403`, `500`, `502`, `503`, `504` | refused without a body |
/// | `408` | refused, and the connection is closed |
/// | `413` | refused as too large |
/// | `429` | refused; `X-mp-rate-limit-exceeded` names the limit (`limit=`), `Retry-After` is there when asked for |
/// | `drop-before` | the connection is closed without an answer, and nothing was taken |
/// | `drop-after` | the connection is closed without an answer, and the batches **were** taken |
/// | `partial` | a bulk request of two batches or more is taken but for some (`batches=`): 202 with `errors` |
/// | `percentage` | `X-mp-rate-limit-percentage-used` of a 2xx is `value=` |
/// | `slow-answer` | the batches are taken at once, and the answer comes `delay=` milliseconds late |
/// | `slow-body` | the head of the answer comes at once, and the end of its body `delay=` milliseconds late |
///
/// | option | of | meaning |
/// |---|---|---|
/// | `retry-after` | `429`, `5xx` | seconds in `Retry-After`, or any other text to send as it stands; `huge` for 99999999999999999999 |
/// | `retryafter` | `429`, `5xx` | the same in a header spelled `RetryAfter` |
/// | `limit` | `429` | `org`, `account` (default), `app`, `feed`, `workspace`, `system`, `acceleration`, or `none` for no header |
/// | `form` | `partial` | what a message says: `path` (`Path '[n]…'` and the position; default), `position` only, `none` of both |
/// | `batches` | `partial` | how many are refused, chosen at random; one at least is always taken. Default: 1 |
/// | `value` | `percentage` | 0 to 100. Default: 100 |
/// | `delay` | `slow-…` | milliseconds. Default: 1000 |
/// | `rate` | all | the probability for each request, 0 to 1. Default: 1 |
/// | `every` | all | only each *n*th request |
/// | `after` | all | not the first *n* requests |
/// | `count` | all | at most *n* times |
/// | `from`, `until` | all | only in this window, in milliseconds since the fault was set |
/// | `path` | all | only on `events`, `bulkevents` or `historical` |
///
/// Requests that are refused by their head (401, 403, 413) or whose body never arrives meet no fault. Of several faults
/// that fire at once, the first that is neither `slow-…` nor `percentage` decides; those two are applied in any case.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    kind: Kind,
    when: When,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Status { status: u16, retry_after: Option<RetryAfter>, limit: Option<LimitKind> },
    Partial { form: Form, batches: u64 },
    DropBefore,
    DropAfter,
    SlowAnswer(Duration),
    SlowBody(Duration),
    Percentage(u64),
}

/// When it does.
#[derive(Clone, Debug, Default, PartialEq)]
struct When {
    rate: Option<f64>,
    every: Option<u64>,
    after: Option<u64>,
    count: Option<u64>,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
    path: Option<Endpoint>,
}

/// A header that says when to come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RetryAfter {
    /// Its name: `retry-after`, or what some take for it.
    pub name: &'static str,
    /// What it says.
    pub value: String,
}

/// The limit that a 429 names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimitKind {
    Org,
    Account,
    App,
    Feed,
    Workspace,
    System,
    Acceleration,
}

impl LimitKind {
    pub const ALL: [Self; 7] =
        [Self::Org, Self::Account, Self::App, Self::Feed, Self::Workspace, Self::System, Self::Acceleration];

    /// As the header has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Account => "account",
            Self::App => "app",
            Self::Feed => "feed",
            Self::Workspace => "workspace",
            Self::System => "system",
            Self::Acceleration => "acceleration",
        }
    }
}

/// What the message about a refused batch says of its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// `Path '[n]…', line 1, position N.`
    #[default]
    Path,
    /// `line 1, position N.`
    Position,
    /// Nothing.
    Nothing,
}

impl Form {
    pub const ALL: [Self; 3] = [Self::Path, Self::Position, Self::Nothing];

    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Position => "position",
            Self::Nothing => "none",
        }
    }
}
