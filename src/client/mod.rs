//! The client: one async method per path of the Events API, and a raw door for bytes that exist already.
//!
//! ```no_run
//! use mparticle_events::client::{Client, Credentials, Pod};
//! use mparticle_events::types::Batch;
//!
//! # async fn example(batch: Batch) -> Result<(), mparticle_events::client::Error> {
//! let client = Client::builder(Credentials::from_env()?).pod(Pod::Eu1).build()?;
//! match client.upload(&batch).await {
//!     Ok(receipt) => assert_eq!(receipt.status(), 202),
//!     Err(error) if error.is_throttled() => { /* wait for error.retry_after(), send again */ }
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What a call does
//!
//! One call is **one attempt**: one request, one answer, no retry, no redirect. An `Ok` means that the service received
//! the request; whether it could use every batch inside, only [`Receipt::errors`] and validation beforehand can
//! tell. An [`Error`] says by its predicates whether sending again makes sense, and whether the request may have
//! arrived already: a batch with a `source_request_id` is counted once however often it is sent. Retrying, packing,
//! slowing down and dead letters are the sender's job, in [`deliver`](crate::deliver).
//!
//! # Defaults
//!
//! 5 seconds to connect, 30 seconds for the whole call including the answer, at most [`ANSWER_LIMIT`] bytes of an answer
//! read, TLS by rustls with the system's root certificates, proxies from the environment (`HTTPS_PROXY`, `NO_PROXY`) except
//! for this machine's own addresses.
//!
//! A [`Client`] is cheap to clone and shares its connections with its clones; there is no global state. It needs a tokio
//! runtime with time and I/O enabled.

mod answer;
mod credentials;
mod error;
mod explain;
mod generated;
mod headers;
mod pod;
mod receipt;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};

pub use answer::{ApiError, answered};
pub use bytes::Bytes;
pub use credentials::{Credentials, ENV_API_KEY, ENV_API_SECRET, ENV_POD};
pub use error::Error;
pub use headers::{Headers, LONGEST_RETRY_AFTER};
pub use pod::{BaseUrl, Pod};
pub use receipt::Receipt;
pub use transport::ANSWER_LIMIT;

use crate::Endpoint;
use crate::types::{Batch, BulkBatch};
use error::Kind;
use generated::{ByteStream, ResponseValue};
use pod::Target;
use transport::Settings;

/// The time to connect, unless set: 5 seconds.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time for a whole call, unless set: 30 seconds.
pub const TIMEOUT: Duration = Duration::from_secs(30);

const USER_AGENT: &str = concat!("mparticle-events/", env!("CARGO_PKG_VERSION"));

/// Sends batches to one pod with one pair of credentials. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    generated: generated::Client,
    http: reqwest::Client,
    pod: Pod,
    target: Target,
    credentials: Credentials,
}

impl Client {
    /// A client for US1 with the defaults above, to be changed before it is built.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder {
            credentials,
            pod: Pod::default(),
            settings: Settings {
                timeout: TIMEOUT,
                connect_timeout: CONNECT_TIMEOUT,
                user_agent: USER_AGENT.to_owned(),
                plain_http: false,
            },
        }
    }

    /// A client as the environment says: `MPARTICLE_API_KEY`, `MPARTICLE_API_SECRET`, and `MPARTICLE_POD` (a name or a
    /// base address; US1 when not set).
    ///
    /// # Errors
    /// One error naming every variable that is missing or unusable, or as [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        Self::from_lookup(&credentials::environment)
    }

    fn from_lookup(lookup: credentials::Lookup<'_>) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let credentials = Credentials::from_lookup(lookup, &mut problems);
        let pod = Pod::from_lookup(lookup, &mut problems).unwrap_or_default();
        match credentials {
            Some(credentials) if problems.is_empty() => Self::builder(credentials).pod(pod).build(),
            _ => Err(Error::config(problems.join("; "))),
        }
    }

    /// The pod that this client sends to.
    #[must_use]
    pub fn pod(&self) -> &Pod {
        &self.0.pod
    }

    /// The API key that this client sends with: the service counts limits and duplicates by it.
    #[must_use]
    pub fn api_key(&self) -> &str {
        self.0.credentials.key()
    }

    /// Sends one batch of live data to `/events`.
    ///
    /// # Errors
    /// When it is not accepted; see [`Error`].
    pub async fn upload(&self, batch: &Batch) -> Result<Receipt, Error> {
        self.finish(self.0.generated.upload_events(batch).await).await
    }

    /// Sends batches of live data to `/bulkevents`, at most 100 at once.
    ///
    /// # Errors
    /// When they are not accepted, or there are none; see [`Error`].
    pub async fn upload_bulk(&self, batches: &[Batch]) -> Result<Receipt, Error> {
        let body = list(batches)?;
        self.finish(self.0.generated.bulk_upload_events(&body).await).await
    }

    /// Sends batches of data that is at least 72 hours old to `/bulkevents/historical`, at most 100 at once.
    ///
    /// # Errors
    /// When they are not accepted, or there are none; see [`Error`].
    pub async fn upload_historical(&self, batches: &[Batch]) -> Result<Receipt, Error> {
        let body = list(batches)?;
        self.finish(self.0.generated.bulk_upload_historical_events(&body).await).await
    }

    /// Sends these bytes exactly, as JSON: one batch for [`Endpoint::Events`], a list of batches for the others. The
    /// bytes are not looked at.
    ///
    /// ```no_run
    /// # async fn example(client: mparticle_events::client::Client) -> Result<(), mparticle_events::client::Error> {
    /// use mparticle_events::Endpoint;
    ///
    /// let receipt = client.post(Endpoint::Bulk, r#"[{"environment":"development"}]"#).await?;
    /// println!("{} % of the rate limit used", receipt.percentage_used().unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When they are not accepted; see [`Error`].
    pub async fn post(&self, endpoint: Endpoint, body: impl Into<Bytes>) -> Result<Receipt, Error> {
        let request = self
            .0
            .http
            .post(self.0.target.url(endpoint))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body.into());
        let result = match request.send().await {
            Ok(response) => Ok(ResponseValue::stream(response)),
            Err(error) => Err(generated::Error::CommunicationError(error)),
        };
        self.finish(result).await
    }

    async fn finish(
        &self,
        result: Result<ResponseValue<ByteStream>, generated::Error<ByteStream>>,
    ) -> Result<Receipt, Error> {
        transport::finish(result, &self.0.target, &self.0.credentials).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("pod", &self.0.pod).finish_non_exhaustive()
    }
}

fn list(batches: &[Batch]) -> Result<BulkBatch, Error> {
    if batches.is_empty() {
        return Err(Error::new(Kind::Request("the list of batches is empty; give at least one".to_owned())));
    }
    Ok(BulkBatch(batches.to_vec()))
}

/// Sets up a [`Client`].
///
/// ```
/// use std::time::Duration;
/// use mparticle_events::client::{Client, Credentials};
///
/// let client = Client::builder(Credentials::new("key", "secret")?)
///     .pod("us2".parse()?)
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// assert_eq!(client.pod().base_url(), "https://s2s.us2.mparticle.com/v2");
/// # Ok::<(), mparticle_events::client::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is built"]
pub struct ClientBuilder {
    credentials: Credentials,
    pod: Pod,
    settings: Settings,
}

impl ClientBuilder {
    /// Where to send; US1 unless set.
    pub fn pod(mut self, pod: Pod) -> Self {
        self.pod = pod;
        self
    }

    /// Where to send, as an address: see [`BaseUrl`] for what it can be.
    ///
    /// # Errors
    /// When it is none.
    pub fn base_url(self, url: &str) -> Result<Self, Error> {
        Ok(self.pod(url.parse::<BaseUrl>()?.into()))
    }

    /// The time for a whole call, from looking up the host to the last byte of the answer; [`TIMEOUT`] unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// The time for a connection to be there, TLS included; [`CONNECT_TIMEOUT`] unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// The `User-Agent` header; `mparticle-events/<version>` unless set.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.settings.user_agent = user_agent.into();
        self
    }

    /// Whether `http://` is taken for a host other than this machine. Key, secret and data then cross the network in clear.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.settings.plain_http = allow;
        self
    }

    /// The client, ready to send. Connects to nothing yet.
    ///
    /// # Errors
    /// When the address is plain http to another machine and that was not allowed, a time is zero, the user agent is no
    /// header value, or the system has no root certificates.
    pub fn build(self) -> Result<Client, Error> {
        let target = Target::of(&self.pod)?;
        self.check(&target)?;
        let http = transport::connect(&target, &self.credentials, &self.settings)?;
        Ok(Client(Arc::new(Inner {
            generated: generated::Client::new_with_client(self.pod.base_url(), http.clone()),
            http,
            pod: self.pod,
            target,
            credentials: self.credentials,
        })))
    }

    fn check(&self, target: &Target) -> Result<(), Error> {
        let mut problems = Vec::new();
        if !target.https && !target.loopback && !self.settings.plain_http {
            problems.push(format!(
                "{} is not encrypted and not on this machine, so the API secret would cross the network in clear; use \
                 https://, or allow_plain_http if that is meant",
                self.pod
            ));
        }
        for (name, time) in
            [("timeout", self.settings.timeout), ("connect_timeout", self.settings.connect_timeout)]
        {
            if time.is_zero() {
                problems.push(format!("the {name} is zero, so every call would fail; give it some time"));
            }
        }
        if HeaderValue::try_from(self.settings.user_agent.as_str()).is_err() {
            problems.push("the user agent has characters that cannot stand in a header".to_owned());
        }
        Error::unless_empty(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn from(pairs: &[(&str, &str)]) -> Result<Client, Error> {
        Client::from_lookup(&|name| {
            pairs.iter().find(|pair| pair.0 == name).map(|pair| OsString::from(pair.1))
        })
    }

    #[test]
    fn the_environment_makes_a_client() {
        let client = from(&[(ENV_API_KEY, "key"), (ENV_API_SECRET, "secret"), (ENV_POD, "AU1")]).unwrap();
        assert_eq!((client.pod(), client.api_key()), (&Pod::Au1, "key"));
        assert_eq!(from(&[(ENV_API_KEY, "key"), (ENV_API_SECRET, "secret")]).unwrap().pod(), &Pod::Us1);
    }

    #[test]
    fn everything_wrong_with_the_environment_is_said_at_once() {
        let error = from(&[(ENV_API_SECRET, ""), (ENV_POD, "mars")]).unwrap_err();
        let message = error.to_string();
        assert!(error.is_config() && error.is_permanent());
        for part in [
            "MPARTICLE_API_KEY is not set",
            "MPARTICLE_API_SECRET is empty",
            "MPARTICLE_POD: unknown pod `mars`",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_client_can_be_shared() {
        fn shared<T: Clone + Send + Sync + 'static>() {}
        shared::<Client>();
        shared::<Receipt>();
    }
}
