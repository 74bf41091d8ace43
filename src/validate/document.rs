//! Reads the bytes of one batch, and finds what is wrong with them as a JSON document.

use serde_json::Value;

use super::validator::Collector;

pub(super) fn read(bytes: &[u8], _findings: &mut Collector<'_>) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

pub(super) fn report_unserializable(_error: &serde_json::Error, _findings: &mut Collector<'_>) {}
