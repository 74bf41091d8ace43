//! The rate limiter: how many batches may come in a second, and how fast that may grow.

use std::fmt;
use std::str::FromStr;

use super::fault::LimitKind;

/// The second that rates are measured over, in slots.
const SLOTS: usize = 10;
const SLOT_MS: u64 = 100;

/// A limit that is enforced with 429: see [`SandboxBuilder::rate_limit`](super::SandboxBuilder::rate_limit).
///
/// ```
/// use mparticle_events::sandbox::RateLimit;
///
/// let limit: RateLimit = "270,acceleration=50".parse()?;
/// assert_eq!(limit, RateLimit::per_second(270).acceleration(50));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    batches_per_second: u64,
    acceleration: Option<u64>,
    retry_after: bool,
}

impl RateLimit {
    /// At most so many batches within any second, to 100 ms.
    #[must_use]
    pub fn per_second(batches: u64) -> Self {
        Self { batches_per_second: batches, acceleration: None, retry_after: true }
    }

    /// At most so many batches more within a second than within the second before it.
    #[must_use]
    pub fn acceleration(mut self, batches: u64) -> Self {
        self.acceleration = Some(batches);
        self
    }

    /// Whether a 429 says when to come again. Default: it does, in whole seconds.
    #[must_use]
    pub fn retry_after(mut self, is_sent: bool) -> Self {
        self.retry_after = is_sent;
        self
    }
}

/// `270`, `270,acceleration=50`, `270,retry-after=no`.
impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rate, options) = text.split_once(',').unwrap_or((text, ""));
        let number = |text: &str| {
            let number = text.trim().parse::<u64>().ok().filter(|number| *number > 0);
            number.ok_or_else(|| format!("`{text}` is no whole number of 1 or more"))
        };
        let mut limit = Self::per_second(number(rate)?);
        for option in options.split(',').map(str::trim).filter(|option| !option.is_empty()) {
            limit = match option.split_once('=') {
                Some(("acceleration", growth)) => limit.acceleration(number(growth)?),
                Some(("retry-after", "yes")) => limit.retry_after(true),
                Some(("retry-after", "no")) => limit.retry_after(false),
                _ => {
                    return Err(format!(
                        "`{option}` means nothing here; use acceleration=NUMBER and retry-after=yes or no"
                    ));
                }
            };
        }
        Ok(limit)
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.batches_per_second)?;
        if let Some(growth) = self.acceleration {
            write!(f, ",acceleration={growth}")?;
        }
        if self.retry_after { Ok(()) } else { f.write_str(",retry-after=no") }
    }
}

/// Why a request has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Over {
    /// The limit that was met.
    pub limit: LimitKind,
    /// Seconds until there may be room, when that is said.
    pub retry_after: Option<u64>,
}

/// Batches of the last two seconds, in slots. Refused ones are not among them.
#[derive(Debug)]
pub(super) struct RateLimiter {
    enforced: Option<RateLimit>,
    /// What percentages are of when nothing is enforced; 0 for no limit.
    nominal: u64,
    /// The newest slot, counted from the start.
    slot: u64,
    /// Newest first.
    taken: [u64; 2 * SLOTS],
}

impl RateLimiter {
    /// Nothing came yet.
    pub fn new(enforced: Option<RateLimit>, nominal: u64) -> Self {
        Self { enforced, nominal, slot: 0, taken: [0; 2 * SLOTS] }
    }

    /// Forgets what came.
    pub fn reset(&mut self) {
        *self = Self::new(self.enforced, self.nominal);
    }

    /// Lets so many batches in, all or none; the percentage of the limit that is used then, 100 at most.
    pub fn take(&mut self, elapsed_ms: u64, batches: usize) -> Result<u64, Over> {
        self.advance(elapsed_ms / SLOT_MS);
        let batches = batches as u64;
        let (now, before) = (self.second(0), self.second(SLOTS));
        if let Some(enforced) = self.enforced.filter(|_| now > 0) {
            // A second that is empty takes any request: one larger than the limit could never pass otherwise.
            let wanted = now.saturating_add(batches);
            let over = if wanted > enforced.batches_per_second {
                Some(LimitKind::Account)
            } else if enforced.acceleration.is_some_and(|growth| wanted > before.saturating_add(growth)) {
                Some(LimitKind::Acceleration)
            } else {
                None
            };
            if let Some(limit) = over {
                return Err(Over { limit, retry_after: enforced.retry_after.then_some(1) });
            }
        }
        if let Some(newest) = self.taken.first_mut() {
            *newest = newest.saturating_add(batches);
        }
        let limit = self.enforced.map_or(self.nominal, |enforced| enforced.batches_per_second);
        Ok(self.second(0).saturating_mul(100).checked_div(limit).unwrap_or(0).min(100))
    }

    /// Moves to a slot; time does not go back.
    fn advance(&mut self, slot: u64) {
        let steps = slot.saturating_sub(self.slot);
        let steps = usize::try_from(steps).unwrap_or(usize::MAX).min(self.taken.len());
        self.taken.rotate_right(steps);
        self.taken.iter_mut().take(steps).for_each(|taken| *taken = 0);
        self.slot = self.slot.max(slot);
    }

    /// Batches of the second that ends `skip` slots ago.
    fn second(&self, skip: usize) -> u64 {
        self.taken.iter().skip(skip).take(SLOTS).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(text: &str) -> RateLimiter {
        RateLimiter::new(Some(text.parse().unwrap()), 0)
    }

    #[test]
    fn without_a_limit_only_the_percentage_is_said() {
        let mut limiter = RateLimiter::new(None, 270);
        assert_eq!(limiter.take(1_000, 27), Ok(10));
        assert_eq!(limiter.take(1_050, 54), Ok(30));
        assert_eq!(limiter.take(1_999, 1000), Ok(100));
        assert_eq!(limiter.take(9_000, 1), Ok(0));
        assert_eq!(RateLimiter::new(None, 0).take(0, 1), Ok(0));
    }

    #[test]
    fn no_second_holds_more_than_the_limit() {
        let mut limiter = limiter("10");
        assert_eq!(limiter.take(0, 6), Ok(60));
        assert_eq!(limiter.take(950, 4), Ok(100));
        let over = Over { limit: LimitKind::Account, retry_after: Some(1) };
        assert_eq!(limiter.take(999, 1), Err(over));
        // The first six are a second old; what was refused is not counted.
        assert_eq!(limiter.take(1_000, 6), Ok(100));
        assert_eq!(limiter.take(1_899, 1), Err(over));
        assert_eq!(limiter.take(1_900, 4), Ok(100));
    }

    #[test]
    fn a_request_larger_than_the_limit_passes_alone() {
        let mut limiter = limiter("10,retry-after=no");
        assert_eq!(limiter.take(0, 25), Ok(100));
        assert_eq!(limiter.take(500, 1), Err(Over { limit: LimitKind::Account, retry_after: None }));
        assert_eq!(limiter.take(1_000, 25), Ok(100));
    }

    #[test]
    fn growth_is_limited_from_second_to_second() {
        let mut limiter = limiter("100,acceleration=10");
        let over = Over { limit: LimitKind::Acceleration, retry_after: Some(1) };
        // Whoever tries one at a time, every 10 ms, gets so many in each second.
        let per_second: Vec<u64> = (0..12)
            .map(|second| {
                let tries = (0..100).map(|n| limiter.take(second * 1_000 + n * 10, 1));
                tries.map(|result| u64::from(result.inspect_err(|o| assert_eq!(*o, over)).is_ok())).sum()
            })
            .collect();
        assert_eq!(per_second.first(), Some(&10));
        assert!(per_second.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] <= pair[0] + 10));
        assert!(per_second.last() > Some(&60), "{per_second:?}");
    }

    #[test]
    fn time_that_goes_back_harms_nothing() {
        let mut limiter = limiter("10");
        assert_eq!(limiter.take(5_000, 10), Ok(100));
        assert!(limiter.take(0, 1).is_err());
        assert_eq!(limiter.take(u64::MAX, 1), Ok(10));
    }

    #[test]
    fn settings_are_read_as_they_are_written() {
        for text in ["270", "270,acceleration=50", "1,acceleration=2,retry-after=no"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        for text in ["", "0", "fast", "270,acceleration", "270,acceleration=0", "270,growth=1"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
    }
}
