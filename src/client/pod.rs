//! Where the service is: the data hosting locations by name, or a base address of one's own.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

use super::Error;
use super::credentials::{self, ENV_POD};
use crate::Endpoint;

/// A data hosting location. A workspace lives in exactly one; its keys mean nothing to the others.
///
/// Written and read by name, in any case: `us1`, `us1-alt`, `us2`, `eu1`, `au1`, or as a base address.
///
/// ```
/// use mparticle_events::client::Pod;
///
/// assert_eq!("EU1".parse::<Pod>()?, Pod::Eu1);
/// assert_eq!(Pod::Eu1.to_string(), "eu1");
/// assert_eq!(Pod::Eu1.base_url(), "https://s2s.eu1.mparticle.com/v2");
/// assert_eq!("http://127.0.0.1:8080".parse::<Pod>()?.base_url(), "http://127.0.0.1:8080/v2");
/// # Ok::<(), mparticle_events::client::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pod {
    /// United States: `https://s2s.mparticle.com/v2`.
    #[default]
    Us1,
    /// United States, by its other address: `https://s2s.us1.mparticle.com/v2`.
    Us1Alt,
    /// United States: `https://s2s.us2.mparticle.com/v2`.
    Us2,
    /// Europe: `https://s2s.eu1.mparticle.com/v2`.
    Eu1,
    /// Australia: `https://s2s.au1.mparticle.com/v2`.
    Au1,
    /// Any other server that speaks the Events API: the sandbox, a relay.
    Custom(BaseUrl),
}

impl Pod {
    /// The locations that have a name.
    pub const NAMED: [Self; 5] = [Self::Us1, Self::Us1Alt, Self::Us2, Self::Eu1, Self::Au1];

    /// The location named by `MPARTICLE_POD`; US1 when the variable is not set.
    ///
    /// # Errors
    /// When the variable is set to something that is neither a name nor a base address.
    pub fn from_env() -> Result<Self, Error> {
        let mut problems = Vec::new();
        let pod = Self::from_lookup(&credentials::environment, &mut problems);
        Error::unless_empty(problems).map(|()| pod.unwrap_or_default())
    }

    pub(super) fn from_lookup(lookup: credentials::Lookup<'_>, problems: &mut Vec<String>) -> Option<Self> {
        let value = lookup(ENV_POD)?;
        let parsed = value.to_str().ok_or_else(|| "it is not UTF-8".to_owned()).and_then(parse);
        parsed.map_err(|problem| problems.push(format!("{ENV_POD}: {problem}"))).ok()
    }

    /// The address that `/events`, `/bulkevents` and `/bulkevents/historical` are added to. No slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        match self {
            Self::Us1 => "https://s2s.mparticle.com/v2",
            Self::Us1Alt => "https://s2s.us1.mparticle.com/v2",
            Self::Us2 => "https://s2s.us2.mparticle.com/v2",
            Self::Eu1 => "https://s2s.eu1.mparticle.com/v2",
            Self::Au1 => "https://s2s.au1.mparticle.com/v2",
            Self::Custom(url) => url.as_str(),
        }
    }
}

impl fmt::Display for Pod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Us1 => "us1",
            Self::Us1Alt => "us1-alt",
            Self::Us2 => "us2",
            Self::Eu1 => "eu1",
            Self::Au1 => "au1",
            Self::Custom(url) => url.as_str(),
        })
    }
}

impl FromStr for Pod {
    type Err = Error;

    /// Reads a name in any case, or a base address. The published addresses give the pod with a name.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).map_err(Error::config)
    }
}

impl From<BaseUrl> for Pod {
    fn from(url: BaseUrl) -> Self {
        Self::NAMED.into_iter().find(|pod| pod.base_url() == url.as_str()).unwrap_or(Self::Custom(url))
    }
}

/// The base address of a server that speaks the Events API, checked and in one form.
///
/// - `https://`, or `http://` for a server on this machine. Plain http to any other host is refused when the client is
///   built, unless [`allow_plain_http`](super::ClientBuilder::allow_plain_http) says otherwise.
/// - Slashes at the end are dropped. An address without a path gets `/v2`, as every published one has; any other
///   path is kept, so that a relay can live anywhere.
/// - No user name, password, query or fragment, and none of the paths that the client adds itself.
///
/// ```
/// use mparticle_events::client::BaseUrl;
///
/// assert_eq!("https://relay.example.com/".parse::<BaseUrl>()?.as_str(), "https://relay.example.com/v2");
/// assert_eq!("https://example.com/relay/".parse::<BaseUrl>()?.as_str(), "https://example.com/relay");
/// assert!("ftp://relay.example.com/v2".parse::<BaseUrl>().is_err());
/// # Ok::<(), mparticle_events::client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The address, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse_url(text).map_err(Error::config)
    }
}

fn parse(text: &str) -> Result<Pod, String> {
    let text = text.trim();
    if let Some(pod) = Pod::NAMED.into_iter().find(|pod| pod.to_string().eq_ignore_ascii_case(text)) {
        return Ok(pod);
    }
    if text.contains(['.', ':', '/']) {
        return parse_url(text).map(Pod::from);
    }
    Err(format!("unknown pod{}; use us1, us1-alt, us2, eu1, au1 or a base address (https://…)", quoted(text)))
}

fn parse_url(text: &str) -> Result<BaseUrl, String> {
    let text = text.trim();
    let bad = |why: &str| Err(format!("bad base address{}: {why}", quoted(text)));
    if text.is_empty() {
        return bad("it is empty; give one like https://s2s.mparticle.com/v2");
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return bad("it has blanks or control characters in it");
    }
    if !text.contains("://") {
        return bad("it does not say how to connect; begin with https://");
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return bad(&error.to_string()),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return bad("only https:// works, and http:// for a server on this machine");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad(
            "it holds a user name or password; give those as MPARTICLE_API_KEY and MPARTICLE_API_SECRET",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return bad("it has a query or fragment (`?…`, `#…`); leave that out");
    }
    let path = url.path().trim_end_matches('/');
    if path.ends_with("/events") || path.ends_with("/bulkevents") || path.ends_with("/bulkevents/historical")
    {
        return bad("stop before /events or /bulkevents; the client adds that");
    }
    let path = if path.is_empty() { "/v2" } else { path };
    Ok(BaseUrl(format!("{}{path}", url.origin().ascii_serialization())))
}

/// The text as part of a message, kept short; nothing of it when it may hold a password.
fn quoted(text: &str) -> String {
    if text.contains('@') || text.is_empty() {
        return String::new();
    }
    let short: String = text.chars().take(100).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!(" `{}{more}`", short.escape_debug())
}

/// What sending needs to know of an address.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// `host:port`, for messages.
    pub authority: String,
    /// Whether the connection is encrypted.
    pub https: bool,
    /// Whether the host is this machine.
    pub loopback: bool,
    /// The address of each path: parsed once rather than with each request.
    paths: [Url; Endpoint::ALL.len()],
}

impl Target {
    pub fn of(pod: &Pod) -> Result<Self, Error> {
        let parse = |text: &str| Url::parse(text).map_err(|error| Error::config(error.to_string()));
        let url = parse(pod.base_url())?;
        let path = |endpoint: Endpoint| parse(&format!("{}{}", pod.base_url(), endpoint.path()));
        let [events, bulk, historical] = Endpoint::ALL.map(path);
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        Ok(Self {
            authority: format!("{host}:{port}"),
            https: url.scheme() == "https",
            loopback: is_loopback(host),
            paths: [events?, bulk?, historical?],
        })
    }

    /// The address of a path.
    pub fn url(&self, endpoint: Endpoint) -> Url {
        let [events, bulk, historical] = &self.paths;
        match endpoint {
            Endpoint::Events => events.clone(),
            Endpoint::Bulk => bulk.clone(),
            Endpoint::Historical => historical.clone(),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_written_back() {
        for pod in Pod::NAMED {
            let name = pod.to_string();
            assert_eq!(name.parse::<Pod>().unwrap(), pod);
            assert_eq!(format!(" {} ", name.to_uppercase()).parse::<Pod>().unwrap(), pod);
            assert_eq!(pod.base_url().parse::<Pod>().unwrap(), pod, "a published address is its pod");
        }
        assert_eq!(Pod::default(), Pod::Us1);
    }

    #[test]
    fn base_addresses_are_brought_into_one_form() {
        for (given, expected) in [
            ("https://s2s.example.com", "https://s2s.example.com/v2"),
            ("https://s2s.example.com/", "https://s2s.example.com/v2"),
            ("HTTPS://S2S.Example.com:443/v2//", "https://s2s.example.com/v2"),
            ("http://localhost:8080/v2/", "http://localhost:8080/v2"),
            ("http://[::1]:8080", "http://[::1]:8080/v2"),
            ("https://example.com/relay/mparticle/v2/", "https://example.com/relay/mparticle/v2"),
            ("\thttps://example.com/v2\n", "https://example.com/v2"),
        ] {
            assert_eq!(given.parse::<BaseUrl>().unwrap().as_str(), expected, "{given}");
        }
    }

    #[test]
    fn bad_addresses_are_refused_with_the_reason() {
        for (given, reason) in [
            ("", "empty"),
            ("s2s.mparticle.com/v2", "begin with https://"),
            ("localhost:8080", "begin with https://"),
            ("ftp://example.com/v2", "only https://"),
            ("file:///etc/passwd", "only https://"),
            ("https://", "empty host"),
            ("https://example.com:99999/v2", "port"),
            ("https://exam ple.com/v2", "blanks"),
            ("https://example.com/v2?x=1", "query"),
            ("https://example.com/v2#x", "query"),
            ("https://s2s.mparticle.com/v2/events", "stop before"),
            ("https://s2s.mparticle.com/v2/bulkevents/historical/", "stop before"),
        ] {
            let message = given.parse::<BaseUrl>().unwrap_err().to_string();
            assert!(message.contains(reason), "{given}: {message}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = "https://key:hunter2@example.com/v2".parse::<Pod>().unwrap_err();
        assert!(error.to_string().contains("MPARTICLE_API_SECRET"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn an_unknown_name_gets_the_list() {
        let message = "us9".parse::<Pod>().unwrap_err().to_string();
        assert!(message.contains("`us9`") && message.contains("us1, us1-alt, us2, eu1, au1"), "{message}");
    }

    #[test]
    fn loopback_hosts_are_told_from_others() {
        for (address, loopback) in [
            ("http://127.0.0.1:1", true),
            ("http://127.9.9.9:1", true),
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("http://[::ffff:127.0.0.1]:1", true),
            ("http://localhost.example.com:1", false),
            ("http://192.168.0.1:1", false),
            ("http://127.0.0.1.example.com:1", false),
        ] {
            assert_eq!(Target::of(&address.parse().unwrap()).unwrap().loopback, loopback, "{address}");
        }
    }
}
