//! Why a batch was not delivered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a batch was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The offline check found an error: it was not sent.
    Invalid,
    /// Too large for any request: it was not sent.
    TooLarge,
    /// The service refused it.
    Refused,
    /// All attempts were spent without a clear answer: it may have arrived. Sending it again with the same `source_request_id` is safe.
    GaveUp,
}

impl Reason {
    /// The reason of a batch of which one piece has this one and another piece the other, whichever came first: what is wrong with the
    /// batch goes before what may have been the service's bad day.
    ///
    /// ```
    /// use mparticle_events::pack::Reason;
    ///
    /// assert_eq!(Reason::GaveUp.and(Reason::Refused), Reason::Refused);
    /// assert_eq!(Reason::Refused.and(Reason::GaveUp), Reason::Refused);
    /// ```
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid",
            Self::TooLarge => "too large",
            Self::Refused => "refused",
            Self::GaveUp => "gave up",
        })
    }
}
