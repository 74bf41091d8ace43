//! The API key and secret: checked when they come in, sent as HTTP Basic, never shown.

use std::env;
use std::ffi::OsString;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

use super::Error;

/// The environment variable with the API key.
pub const ENV_API_KEY: &str = "MPARTICLE_API_KEY";
/// The environment variable with the API secret.
pub const ENV_API_SECRET: &str = "MPARTICLE_API_SECRET";
/// The environment variable with the pod: a name or a base address.
pub const ENV_POD: &str = "MPARTICLE_POD";

/// Below this a secret is too common a text to be looked for in answers.
const SHORTEST_SCRUBBED: usize = 6;

pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The process's own environment.
pub(super) fn environment(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// An API key and its secret. One pair serves development and production: a batch's `environment` tells them apart.
///
/// Neither part appears in `Debug`, in an error, or in a log.
///
/// ```
/// use mparticle_events::client::Credentials;
///
/// let credentials = Credentials::new("example-api-key", "example-api-secret")?;
/// assert_eq!(format!("{credentials:?}"), "Credentials { key: \"***\", secret: \"***\" }");
/// assert!(Credentials::new("key", "").is_err());
/// # Ok::<(), mparticle_events::client::Error>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    key: String,
    secret: String,
    /// `key:secret` in base64.
    token: String,
}

impl Credentials {
    /// Takes a key and its secret.
    ///
    /// # Errors
    /// When either is empty or holds blanks, line ends or control characters (a slip of copy and paste: the
    /// service would only answer 403), or when the key holds a colon, which HTTP Basic cannot carry.
    pub fn new(key: impl Into<String>, secret: impl Into<String>) -> Result<Self, Error> {
        let (key, secret) = (key.into(), secret.into());
        let mut problems = Vec::new();
        problems.extend(problem_with("the API key", &key, true));
        problems.extend(problem_with("the API secret", &secret, false));
        Error::unless_empty(problems)?;
        Ok(Self::checked(key, secret))
    }

    /// Takes both from the environment: `MPARTICLE_API_KEY` and `MPARTICLE_API_SECRET`.
    ///
    /// # Errors
    /// One error naming every variable that is missing or unusable, as in [`new`](Self::new).
    pub fn from_env() -> Result<Self, Error> {
        let mut problems = Vec::new();
        let found = Self::from_lookup(&environment, &mut problems);
        Error::unless_empty(problems)?;
        found.ok_or_else(|| Error::config(format!("{ENV_API_KEY} and {ENV_API_SECRET} are not usable")))
    }

    pub(super) fn from_lookup(lookup: Lookup<'_>, problems: &mut Vec<String>) -> Option<Self> {
        let mut missing = Vec::new();
        let mut read = |name: &'static str, is_key: bool| {
            let Some(value) = lookup(name) else {
                missing.push(name);
                return None;
            };
            let Ok(value) = value.into_string() else {
                problems.push(format!("{name} is not UTF-8"));
                return None;
            };
            let problem = problem_with(name, &value, is_key);
            let usable = problem.is_none();
            problems.extend(problem);
            usable.then_some(value)
        };
        let (key, secret) = (read(ENV_API_KEY, true), read(ENV_API_SECRET, false));
        if !missing.is_empty() {
            let verb = if missing.len() == 1 { "is" } else { "are" };
            problems.insert(0, format!("{} {verb} not set", missing.join(" and ")));
        }
        Some(Self::checked(key?, secret?))
    }

    /// Nobody's: for reading answers that no request was sent for.
    pub(super) fn none() -> Self {
        Self::checked(String::new(), String::new())
    }

    fn checked(key: String, secret: String) -> Self {
        let token = STANDARD.encode(format!("{key}:{secret}"));
        Self { key, secret, token }
    }

    /// The API key: not a secret by itself, but kept out of `Debug`. Limits are counted by it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The `Authorization` header of RFC 7617, marked so that nothing below prints or indexes it.
    pub(super) fn authorization(&self) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::try_from(format!("Basic {}", self.token))
            .map_err(|_| Error::config("the API key and secret do not fit into a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Blots the secret out of a text that came back: a server, or a proxy on the way, may quote the request's headers.
    pub(super) fn scrub(&self, mut text: String) -> String {
        for hidden in [&self.token, &self.secret] {
            if hidden.len() >= SHORTEST_SCRUBBED && text.contains(hidden.as_str()) {
                text = text.replace(hidden.as_str(), "***");
            }
        }
        text
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("key", &"***").field("secret", &"***").finish()
    }
}

fn problem_with(name: &str, value: &str, is_key: bool) -> Option<String> {
    if value.is_empty() {
        return Some(format!("{name} is empty"));
    }
    if value.ends_with(['\n', '\r']) {
        return Some(format!("{name} ends in a line break; give it without"));
    }
    if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some(format!("{name} has blanks or control characters in it; give it without"));
    }
    if is_key && value.contains(':') {
        return Some(format!("{name} has a colon in it; is it the key and the secret in one?"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Credentials, String> {
        let lookup = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| OsString::from(pair.1));
        let mut problems = Vec::new();
        Credentials::from_lookup(&lookup, &mut problems).ok_or_else(|| problems.join("; "))
    }

    #[test]
    fn the_header_is_the_documented_one_and_sensitive() {
        let header =
            Credentials::new("example-api-key", "example-api-secret").unwrap().authorization().unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic ZXhhbXBsZS1hcGkta2V5OmV4YW1wbGUtYXBpLXNlY3JldA==");
        assert!(header.is_sensitive());
    }

    #[test]
    fn other_letters_go_as_utf8_and_a_secret_may_hold_colons() {
        let header = Credentials::new("schlüssel", "pa:ß").unwrap().authorization().unwrap();
        assert_eq!(header.to_str().unwrap(), format!("Basic {}", STANDARD.encode("schlüssel:pa:ß")));
    }

    #[test]
    fn what_cannot_be_right_is_refused_without_showing_it() {
        for (key, secret, reason) in [
            ("", "s3cr3t-value", "the API key is empty"),
            ("key", "", "the API secret is empty"),
            ("key", "s3cr3t-value\n", "the API secret ends in a line break"),
            ("key", "s3cr3t-value\r\n", "the API secret ends in a line break"),
            (" key", "s3cr3t-value", "the API key has blanks"),
            ("key", "s3cr3t-\u{0}value", "the API secret has blanks or control"),
            ("key:s3cr3t-value", "s3cr3t-value", "the API key has a colon"),
        ] {
            let error = Credentials::new(key, secret).unwrap_err();
            assert!(error.to_string().contains(reason), "{key:?}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        }
    }

    #[test]
    fn each_missing_variable_is_named_once() {
        assert_eq!(from(&[]).unwrap_err(), "MPARTICLE_API_KEY and MPARTICLE_API_SECRET are not set");
        assert_eq!(from(&[(ENV_API_KEY, "k")]).unwrap_err(), "MPARTICLE_API_SECRET is not set");
        assert_eq!(
            from(&[(ENV_API_SECRET, "a b")]).unwrap_err(),
            "MPARTICLE_API_KEY is not set; MPARTICLE_API_SECRET has blanks or control characters in it; give it without"
        );
        assert_eq!(from(&[(ENV_API_KEY, "k"), (ENV_API_SECRET, "s")]).unwrap().key(), "k");
    }

    #[test]
    fn a_secret_that_comes_back_is_blotted_out() {
        let credentials = Credentials::new("key", "s3cr3t-value").unwrap();
        let token = STANDARD.encode("key:s3cr3t-value");
        assert_eq!(credentials.scrub(format!("Basic {token}, s3cr3t-value")), "Basic ***, ***");
        assert_eq!(credentials.scrub("nothing".into()), "nothing");
    }
}
