//! The headers of an answer, and what is read from them: how long to wait, which limit, how much of it is used.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};

use super::Credentials;

/// The longest wait taken over from an answer: one day.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

const LIMIT_EXCEEDED: &str = "x-mp-rate-limit-exceeded";
const PERCENTAGE_USED: &str = "x-mp-rate-limit-percentage-used";

/// The headers of an answer. Names are found in any case.
#[derive(Clone, Default)]
pub struct Headers(HeaderMap);

impl Headers {
    /// Takes the headers over; values in which the credentials come back are blotted out.
    pub(super) fn new(mut map: HeaderMap, credentials: &Credentials) -> Self {
        for value in map.values_mut() {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let scrubbed = credentials.scrub(text.clone());
            if scrubbed != text {
                *value = HeaderValue::try_from(scrubbed).unwrap_or_else(|_| HeaderValue::from_static("***"));
            }
        }
        Self(map)
    }

    /// The first header of this name, when it is readable text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok().map(str::trim)
    }

    /// All headers that are readable text, names in lower case.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    pub(super) fn limit_exceeded(&self) -> Option<&str> {
        self.get(LIMIT_EXCEEDED).filter(|value| !value.is_empty())
    }

    pub(super) fn percentage_used(&self) -> Option<f64> {
        let value: f64 = self.get(PERCENTAGE_USED)?.trim_end_matches('%').trim_end().parse().ok()?;
        (value.is_finite() && value >= 0.0).then_some(value)
    }

    /// Seen as `Retry-After` and as `RetryAfter`: the first of them that makes sense.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        ["retry-after", "retryafter"].into_iter().find_map(|name| self.wait(self.get(name)?))
    }

    fn wait(&self, value: &str) -> Option<Duration> {
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // Too many digits for the type are still a number, only a long one.
            let wait = value.parse().map_or(LONGEST_RETRY_AFTER, Duration::from_secs);
            return Some(wait.min(LONGEST_RETRY_AFTER));
        }
        if let Some((whole, part)) = value.split_once('.')
            && [whole, part]
                .iter()
                .all(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        {
            // Not documented, but plain: a fraction rounded away would be a wait too short.
            let wait = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            return Some(wait.map_or(LONGEST_RETRY_AFTER, |wait| wait.min(LONGEST_RETRY_AFTER)));
        }
        // A date counts from the answer's own date: the two clocks need not agree, and none is read here.
        let seconds = http_date(value)?.saturating_sub(http_date(self.get("date")?)?);
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(LONGEST_RETRY_AFTER))
    }
}

fn http_date(value: &str) -> Option<i64> {
    let value = value.strip_suffix("GMT")?;
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(format!("{value}+0000"));
    Some(parsed.ok()?.as_second())
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderName;

    fn headers(pairs: &[(&'static str, &str)]) -> Headers {
        let map = pairs.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        Headers::new(map.collect(), &Credentials::new("key", "s3cr3t-value").unwrap())
    }

    #[test]
    fn retry_after_is_seconds() {
        for (value, seconds) in [
            ("0", Some(0)),
            ("2.0", Some(2)),
            ("99999999999999999999999999.9", Some(86_400)),
            ("30", Some(30)),
            (" 30 ", Some(30)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("-1", None),
            ("+1", None),
            ("-1.5", None),
            ("1.", None),
            (".5", None),
            ("1.5.5", None),
            ("1e3", None),
            ("", None),
            ("soon", None),
            ("3\u{660}", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(headers(&[("retry-after", value)]).retry_after(), expected, "{value:?}");
            assert_eq!(headers(&[("retryafter", value)]).retry_after(), expected, "{value:?}");
        }
        assert_eq!(headers(&[]).retry_after(), None);
        assert_eq!(headers(&[("retry-after", "1.5")]).retry_after(), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn the_second_spelling_helps_when_the_first_makes_no_sense() {
        let both = headers(&[("retry-after", "soon"), ("retryafter", "7")]);
        assert_eq!(both.retry_after(), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer() {
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        for (until, seconds) in [
            ("Wed, 21 Oct 2015 07:28:45 GMT", Some(45)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
            ("Fri, 21 Oct 2016 07:28:00 GMT", Some(86_400)),
            ("Wed, 99 Oct 2015 07:28:45 GMT", None),
            ("2015-10-21T07:28:45Z", None),
        ] {
            let wait = headers(&[("date", date), ("retry-after", until)]).retry_after();
            assert_eq!(wait, seconds.map(Duration::from_secs), "{until}");
        }
        assert_eq!(headers(&[("retry-after", date)]).retry_after(), None, "nothing to count from");
    }

    #[test]
    fn percentages_are_finite_and_not_negative() {
        for (value, expected) in [
            ("42", Some(42.0)),
            ("87.5", Some(87.5)),
            ("87.5%", Some(87.5)),
            ("120", Some(120.0)),
            ("-1", None),
            ("NaN", None),
            ("inf", None),
            ("much", None),
        ] {
            assert_eq!(headers(&[(PERCENTAGE_USED, value)]).percentage_used(), expected, "{value}");
        }
    }

    #[test]
    fn a_secret_in_a_header_is_blotted_out() {
        let echoed = headers(&[("x-echo", "you sent s3cr3t-value"), ("x-other", "fine")]);
        assert_eq!(echoed.get("X-Echo"), Some("you sent ***"));
        assert_eq!(echoed.get("x-other"), Some("fine"));
        assert!(!format!("{echoed:?}").contains("s3cr3t"));
    }
}
