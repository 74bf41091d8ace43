//! The accept path: one pass over the bytes of a batch that decides whether any rule could have anything to say.
//!
//! Two answers: [`Verdict::Clean`], no rule would find anything; [`Verdict::Unsure`], ask the rules. The tables that
//! say what may stand where are generated from the same schema that the rules use (`openapi/accept.rs`); the rules
//! written by hand have a conservative twin in `rules.rs`. No document is built and, for a batch on its own, nothing
//! is allocated.

mod facts;
mod number;
mod rules;
mod scanner;
mod sixteen;
mod table;
mod walk;

#[cfg(test)]
mod tests;

pub(super) use facts::{AttributeFacts, Buffer, EventFacts, Record};
pub use facts::{Facts, Seen};

use super::{Limits, Route};
use rules::Rules;
use scanner::{Raw, Scanner};
use walk::Walk;

/// What one pass can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No rule would find anything.
    Clean,
    /// Something is wrong, or too unusual to tell in passing.
    Unsure,
}

/// What a batch is checked against besides its schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings<'a> {
    pub(super) route: Route,
    pub(super) limits: &'a Limits,
    pub(super) now_ms: i64,
}

/// Decides about one batch.
pub(super) fn accept(bytes: &[u8], settings: Settings<'_>) -> Verdict {
    match decide(bytes, settings, ()) {
        Some(_) => Verdict::Clean,
        None => Verdict::Unsure,
    }
}

/// The same, with what rules across batches need to know put into the buffer: true when the batch is clean and all of
/// it could be put down.
pub(super) fn record(bytes: &[u8], settings: Settings<'_>, buffer: &mut Buffer) -> bool {
    buffer.clear();
    decide(bytes, settings, &mut *buffer).is_some() && buffer.is_clear()
}

/// What was recorded of a batch, for the rules.
pub(super) fn facts<'a>(
    bytes: &'a [u8],
    number: u64,
    settings: Settings<'a>,
    buffer: &'a Buffer,
) -> Facts<'a> {
    let Settings { limits, now_ms, .. } = settings;
    Facts { bytes, buffer, number, limits, now_ms }
}

fn decide<'a, R: Record>(bytes: &'a [u8], settings: Settings<'_>, record: R) -> Option<&'a str> {
    let Settings { route, limits, now_ms } = settings;
    // MP201, MP202
    if bytes.len() as u64 > limits.batch_bytes.min(limits.batch_bytes_hard) {
        return None;
    }
    let text = simdutf8::basic::from_utf8(bytes).ok()?;
    let mut walk = Walk::new(text, Rules::new(limits, route, now_ms, record));
    walk.document(table::ROOT)?;
    if let Some((attributes, deleted)) = walk.rules.finish()?
        && deleted.iter().any(|name| walk.may_be_attribute(*name))
    {
        let mut scan = Scanner::new(text);
        scan.at = attributes;
        are_apart(scan, deleted)?;
    }
    Some(text)
}

/// MP312: none of the names in `deleted` is a key of the object that follows. The object was read before, so that
/// nothing in it needs checking.
fn are_apart(mut scan: Scanner<'_>, deleted: &[Raw<'_>]) -> Option<()> {
    const MANY: usize = 100;
    if deleted.len() > MANY {
        return None;
    }
    // From the end of the name `user_attributes` to the first key.
    while scan.token()? != b'{' {
        scan.at += 1;
    }
    scan.at += 1;
    while scan.token()? != b'}' {
        if scan.token()? == b',' {
            scan.at += 1;
            continue;
        }
        let key = scan.string()?;
        if deleted.iter().any(|name| name.bytes() == key.bytes()) {
            return None;
        }
        scan.expect(b':')?;
        if matches!(scan.token()?, b'"' | b'[' | b'{') {
            scan.leap()?;
        } else {
            while !matches!(scan.token()?, b',' | b'}') {
                scan.at += 1;
            }
        }
    }
    Some(())
}
