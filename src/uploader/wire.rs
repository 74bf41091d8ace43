//! A batch as it is held: its bytes as they came, and the id to put into them.

use bytes::Bytes;
use uuid::Uuid;

use crate::input::scan;
use crate::pack::has_request_id;

const KEY: &[u8] = b"source_request_id";

/// What an added id takes: key, quotes, colon, comma and the 36 characters of a UUID.
const ADDED: usize = KEY.len() + 2 + 1 + 38 + 1;

/// A batch and, when it has none of its own, its `source_request_id`. The two are put together only when it is sent.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) bytes: Bytes,
    pub(super) id: Option<Uuid>,
}

impl Wire {
    /// The bytes it takes in a request, or a few more.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.id.map_or(0, |_| ADDED)
    }

    /// The batch as it is sent.
    pub(super) fn join(&self) -> Bytes {
        match self.id {
            None => self.bytes.clone(),
            Some(id) => splice(&self.bytes, id).map_or_else(|| self.bytes.clone(), Bytes::from),
        }
    }
}

/// Whether a batch that is good JSON has an id of its own.
pub(super) fn has_own_id(batch: &[u8]) -> bool {
    has_request_id(batch) != Some(false)
}

fn splice(batch: &[u8], id: Uuid) -> Option<Vec<u8>> {
    let (open, rest) = batch.split_at(batch.iter().position(|byte| *byte == b'{')? + 1);
    let empty = rest.iter().find(|byte| !scan::is_space(**byte)) == Some(&b'}');
    let mut wire = Vec::with_capacity(batch.len() + ADDED);
    wire.extend_from_slice(open);
    wire.push(b'"');
    wire.extend_from_slice(KEY);
    wire.extend_from_slice(b"\":\"");
    wire.extend_from_slice(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    wire.extend_from_slice(if empty { b"\"" } else { b"\"," });
    wire.extend_from_slice(rest);
    Some(wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_put_in_after_the_brace() {
        let id = Uuid::from_u128(1);
        for (batch, with) in [
            (&b"{}"[..], &br#"{"source_request_id":"00000000-0000-0000-0000-000000000001"}"#[..]),
            (b" { \"a\":1}", br#" {"source_request_id":"00000000-0000-0000-0000-000000000001", "a":1}"#),
        ] {
            let wire = Wire { bytes: Bytes::copy_from_slice(batch), id: Some(id) };
            assert_eq!(wire.join(), with, "{}", String::from_utf8_lossy(&wire.join()));
            assert!(wire.join().len() <= wire.len());
            assert_eq!(Wire { id: None, ..wire }.join(), batch);
        }
    }

    #[test]
    fn only_its_own_id_counts() {
        for (batch, own) in [
            (&br#"{"a":1}"#[..], false),
            (br#"{"source_request_id":"x"}"#, true),
            (br#"{"source\u005frequest_id":"x"}"#, true),
            (br#"{"a":"source_request_id","b":"\u0041"}"#, false),
        ] {
            assert_eq!(has_own_id(batch), own, "{}", String::from_utf8_lossy(batch));
        }
    }
}
