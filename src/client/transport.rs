//! The connection: how the HTTP client is set up, how an answer comes off it, and how its failures are told apart.

use std::io;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::redirect::Policy;

use super::answer::{Answer, Body};
use super::error::{Error, Kind};
use super::generated::{self, ByteStream, ResponseValue};
use super::pod::Target;
use super::{Credentials, Receipt};

/// The most that is read of an answer's body: 1 MiB. The documented bodies have a few hundred bytes.
pub const ANSWER_LIMIT: usize = 1024 * 1024;

/// Below the idle limits of common load balancers, so that a request seldom meets a connection just being closed.
const POOL_IDLE: Duration = Duration::from_secs(30);
const POOL_SIZE: usize = 16;

/// What a connection is set up with.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub timeout: Duration,
    pub connect_timeout: Duration,
    pub user_agent: String,
    pub plain_http: bool,
}

pub(super) fn connect(
    target: &Target,
    credentials: &Credentials,
    settings: &Settings,
) -> Result<reqwest::Client, Error> {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(AUTHORIZATION, credentials.authorization()?);
    let mut builder = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent(settings.user_agent.as_str())
        .timeout(settings.timeout)
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(POOL_SIZE)
        // The credentials go to the address they were meant for and to no other.
        .redirect(Policy::none())
        .referer(false)
        .https_only(target.https)
        // One attempt per call: what is sent again, and when, is the sender's decision.
        .retry(reqwest::retry::never());
    if target.loopback {
        // A proxy could not reach this machine's own loopback.
        builder = builder.no_proxy();
        if !target.https {
            // Nothing to verify: works without root certificates, and starts faster.
            builder = builder.tls_certs_only([]);
        }
    }
    builder.build().map_err(|error| {
        let why = root_cause(&error);
        let what = format!(
            "no HTTP client can be set up: {why}; https needs the system's root certificates (often a package \
             `ca-certificates`), or a file of them named by SSL_CERT_FILE"
        );
        Error::new(Kind::Config(what)).with_source(error)
    })
}

/// Sends what a method built and reads the answer: the one way back for typed and raw requests.
pub(super) async fn finish(
    result: Result<ResponseValue<ByteStream>, generated::Error<ByteStream>>,
    target: &Target,
    credentials: &Credentials,
) -> Result<Receipt, Error> {
    use generated::Error as Failed;
    let value = match result {
        Ok(value) | Err(Failed::ErrorResponse(value)) => value,
        Err(Failed::UnexpectedResponse(response)) => ResponseValue::stream(response),
        Err(
            Failed::CommunicationError(error)
            | Failed::InvalidUpgrade(error)
            | Failed::ResponseBodyError(error),
        ) => return Err(failure(error, target)),
        Err(Failed::InvalidRequest(why) | Failed::Custom(why)) => return Err(Error::new(Kind::Request(why))),
        Err(Failed::InvalidResponsePayload(_, error)) => {
            return Err(Error::new(Kind::Broken(error.to_string())).to(target).with_source(error));
        }
    };
    let (status, headers) = (value.status(), value.headers().clone());
    let body = collect(value.into_inner()).await;
    let result = Answer::read(status, headers, &body, credentials).into_result();
    result.map_err(|error| match body.failure {
        Some(failure) => error.to(target).with_source(failure),
        None => error.to(target),
    })
}

/// As much of the body as comes and as may be kept.
async fn collect(mut stream: ByteStream) -> Body {
    let mut body = Body::default();
    loop {
        match stream.try_next().await {
            Ok(None) => {
                body.complete = true;
                return body;
            }
            Ok(Some(chunk)) => {
                let room = ANSWER_LIMIT.saturating_sub(body.bytes.len());
                body.bytes.extend(chunk.iter().take(room));
                if chunk.len() > room {
                    return body;
                }
            }
            Err(failure) => {
                body.failure = Some(failure);
                return body;
            }
        }
    }
}

/// Which of the ways to fail without an answer this is.
fn failure(error: reqwest::Error, target: &Target) -> Error {
    let why = root_cause(&error);
    let kind = if error.is_builder() {
        Kind::Request(why)
    } else if error.is_timeout() {
        Kind::Timeout { connecting: error.is_connect() }
    } else if error.is_connect() {
        match io_kind(&error) {
            // The TLS library reports what it does not accept as invalid data. It may also only see the other side hang up.
            Some(io::ErrorKind::InvalidData) if target.https => Kind::Tls { why, hung_up: false },
            Some(io::ErrorKind::UnexpectedEof) if target.https => Kind::Tls { why, hung_up: true },
            Some(io::ErrorKind::ConnectionRefused) => Kind::Connect { why, refused: true },
            _ => Kind::Connect { why, refused: false },
        }
    } else {
        Kind::Broken(why)
    };
    Error::new(kind).to(target).with_source(error)
}

/// The last error of the chain: what went wrong at the bottom.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// The innermost kind of I/O error. One in another is not its `source`, so it has to be asked for.
fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    let mut kind = None;
    let mut cause = Some(error);
    while let Some(error) = cause {
        cause = error.source();
        if let Some(io) = error.downcast_ref::<io::Error>() {
            kind = Some(io.kind());
            if let Some(inner) = io.get_ref().filter(|inner| inner.is::<io::Error>()) {
                cause = Some(inner);
            }
        }
    }
    kind
}
