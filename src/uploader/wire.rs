//! A batch as it is held: its bytes as they came, and the id to put into them.

use bytes::Bytes;
use uuid::Uuid;

use crate::pack::{ADDED, has_request_id, with_new_id};

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
            Some(id) => with_new_id(&self.bytes, id).map_or_else(|| self.bytes.clone(), Bytes::from),
        }
    }
}

/// Whether a batch that is good JSON has an id of its own.
pub(super) fn has_own_id(batch: &[u8]) -> bool {
    has_request_id(batch) != Some(false)
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
