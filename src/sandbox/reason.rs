//! Why a batch was not taken.

use std::fmt;

/// Statuses are kept as what they exceed this by: 400 to 504 in one byte, clear of the other reasons.
const STATUSES: u16 = 390;

/// Why a batch was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It has a fault of its own.
    Invalid,
    /// The historical path does not process it.
    Historical,
    /// A fault on demand took the others of the request.
    Partial,
    /// There were too many batches.
    RateLimit,
    /// A fault on demand closed the connection.
    DropBefore,
    /// A fault on demand answered with this status.
    Status(u16),
}

impl Reason {
    /// As a small number; 0 is none of them.
    pub fn code(self) -> u8 {
        match self {
            Self::Invalid => 1,
            Self::Historical => 2,
            Self::Partial => 3,
            Self::RateLimit => 4,
            Self::DropBefore => 5,
            Self::Status(status) => u8::try_from(status.saturating_sub(STATUSES)).unwrap_or(u8::MAX),
        }
    }

    /// What has this number.
    pub fn of_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => return None,
            1 => Self::Invalid,
            2 => Self::Historical,
            3 => Self::Partial,
            4 => Self::RateLimit,
            5 => Self::DropBefore,
            status => Self::Status(STATUSES + u16::from(status)),
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid",
            Self::Historical => "historical",
            Self::Partial => "partial",
            Self::RateLimit => "rate-limit",
            Self::DropBefore => "drop-before",
            Self::Status(status) => return status.fmt(f),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_reasons() {
        let named =
            [Reason::Invalid, Reason::Historical, Reason::Partial, Reason::RateLimit, Reason::DropBefore];
        for reason in named.into_iter().chain((400..=599).map(Reason::Status)) {
            assert_eq!(Reason::of_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::of_code(0), None);
    }
}
