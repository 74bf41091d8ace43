//! Errors in words: what happened, and what to do about it.

use std::fmt;

use super::answer::Answer;
use super::error::Kind;

/// Characters of the service's own words in a message.
const SAID_CHARS: usize = 300;

const SAME_ID: &str = "with a source_request_id in each batch that cannot count twice";

pub(super) fn explain(kind: &Kind, authority: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match kind {
        Kind::Config(message) => f.write_str(message),
        Kind::Request(why) => write!(f, "the request was not sent: {why}"),
        Kind::Connect { why, refused: true } => write!(
            f,
            "no connection to {authority}: {why}; nothing listens there, so check MPARTICLE_POD or the base address, \
             and that the server runs"
        ),
        Kind::Connect { why, .. } => write!(
            f,
            "no connection to {authority}: {why}; check the host name, the network and any proxy, then send again"
        ),
        Kind::Tls { why, .. } => write!(
            f,
            "no trusted TLS connection to {authority}: {why}; check that an https server is there, this machine's \
             date and root certificates, and any proxy that reads TLS"
        ),
        Kind::Timeout { connecting: true } => write!(
            f,
            "no connection to {authority} in time; check the network and any proxy, or allow more time, then send again"
        ),
        Kind::Timeout { connecting: false } => write!(
            f,
            "no answer from {authority} in time, and the request may have arrived; send again ({SAME_ID}), or allow \
             more time"
        ),
        Kind::Broken(why) => write!(
            f,
            "the connection to {authority} gave no answer: {why}; the request may have arrived, so send again \
             ({SAME_ID})"
        ),
        Kind::Answer(answer) => {
            write!(f, "{authority} answered {}", answer.status)?;
            said(answer, f)?;
            write!(f, "; ")?;
            advise(answer, f)
        }
    }
}

fn advise(answer: &Answer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match answer.status.as_u16() {
        300..=399 => return redirected(answer, f),
        401 => {
            "no credentials arrived that it can read: check MPARTICLE_API_KEY and MPARTICLE_API_SECRET, and that no \
             proxy drops the Authorization header"
        }
        403 => {
            "the API key and secret are not valid for this pod: check MPARTICLE_API_KEY and MPARTICLE_API_SECRET, and \
             that MPARTICLE_POD is the pod of the workspace"
        }
        404 | 405 => {
            "the Events API is not there: check the base address (those of the service end in /v2)"
        }
        407 => "a proxy on the way wants credentials of its own: put them into HTTPS_PROXY",
        408 | 425 => "the request can be sent again",
        413 => "the request is too large, it has to stay below 256 KB: send fewer batches at once",
        429 => return throttled(answer, f),
        400..=499 => "sending it again will not help: correct the batch (`mparticle validate` finds most mistakes offline)",
        500..=599 => {
            write!(f, "the failure is on the other side: send again later ({SAME_ID})")?;
            return wait(answer, f);
        }
        _ => "no Events API answers so: check the base address",
    })
}

fn redirected(answer: &Answer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("redirects are not followed, as the credentials would go along: ")?;
    match answer.headers.get("location") {
        Some(to) => write!(f, "if you trust {}, make it the base address", clean(to)),
        None => f.write_str("check the base address"),
    }
}

fn throttled(answer: &Answer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match answer.headers.limit_exceeded() {
        Some(limit) if limit.eq_ignore_ascii_case("acceleration") => {
            f.write_str("requests became more too fast: keep the rate, raise it slowly, and send again")?;
        }
        Some(limit) => {
            write!(f, "the limit of the {} is exceeded: send more slowly, and again", clean(limit))?
        }
        None => f.write_str("a rate limit is exceeded: send more slowly, and again")?,
    }
    wait(answer, f)
}

fn wait(answer: &Answer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match answer.headers.retry_after() {
        Some(wait) => write!(f, ", {} s from now at the earliest", wait.as_secs()),
        None => Ok(()),
    }
}

/// The service's own words, if it had any.
fn said(answer: &Answer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(first) = answer.errors.first() {
        let colon = if first.code.is_empty() || first.message.is_empty() { "" } else { ": " };
        write!(f, " (")?;
        write!(f, "{}{colon}{}", clean(&first.code), clean(&first.message))?;
        match answer.errors.len() - 1 {
            0 => {}
            more => write!(f, "; and {more} more")?,
        }
        return write!(f, ")");
    }
    let text = answer.excerpt.as_str();
    match text.chars().next() {
        None => Ok(()),
        Some('<') => f.write_str(" (with an HTML page)"),
        Some(_) => write!(f, " ({})", clean(text)),
    }
}

/// Fit for a line on a terminal: no control characters, not too long.
fn clean(text: &str) -> String {
    let mut clean: String =
        text.chars().take(SAID_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.len() < text.len() {
        clean.push('…');
    }
    clean
}
