//! The sandbox's own pages: an index, counts, and the batches that were accepted.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::account::Account;
use super::answer::Answer;
use super::decide::PREFIX;
use super::received::{Counts, Received, ReceivedBatch, Requests};
use crate::Endpoint;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// `GET /`
pub(super) fn index() -> Answer {
    Answer::json(
        200,
        &serde_json::json!({
            "what": "mParticle Events API sandbox: checks and counts batches, forwards nothing",
            "endpoints": {
                "POST /v2/events": "one batch",
                "POST /v2/bulkevents": "a list of batches",
                "POST /v2/bulkevents/historical": "a list of batches of old data",
                "GET /sandbox/received": "what was accepted; ?limit=100&offset=0",
                "GET /sandbox/stats": "counts of requests and batches",
                "DELETE /sandbox/received": "forget everything",
                "GET /sandbox/account": "what became of each source_request_id; ?id=ID, ?limit=100&offset=0, ?format=ndjson",
                "GET /sandbox/faults": "the faults in force, and how often each was met",
                "PUT /sandbox/faults": "other faults: [\"503:rate=0.1\", {\"kind\":\"429\",\"limit\":\"org\"}] or {\"seed\":7,\"faults\":[…]}",
                "POST /sandbox/faults": "one more fault",
                "DELETE /sandbox/faults": "no more faults",
            },
        }),
    )
}

/// `GET /sandbox/stats`
pub(super) fn stats(account: &Account) -> Answer {
    #[derive(Serialize)]
    struct View {
        kept: usize,
        max_kept: usize,
        max_kept_bytes: usize,
        forgotten: u64,
    }
    #[derive(Serialize)]
    struct Ids {
        max_kept: usize,
        forgotten: u64,
    }
    #[derive(Serialize)]
    struct Stats {
        requests: Requests,
        batches: Counts,
        by_path: BTreeMap<String, Counts>,
        /// Older batches are forgotten when there are too many; counts stay exact.
        view: View,
        source_request_ids: Ids,
    }
    let (received, kept) = account.page(0, 0);
    let capacity = account.capacity();
    let stats = Stats {
        by_path: by_path(&received.by_endpoint),
        requests: received.requests,
        batches: received.counts,
        view: View {
            kept,
            max_kept: capacity.batches,
            max_kept_bytes: capacity.bytes,
            forgotten: received.forgotten,
        },
        source_request_ids: Ids { max_kept: capacity.ids, forgotten: account.ledger().totals().forgotten },
    };
    Answer::json(200, &stats)
}

/// Which of the kept batches to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Kept batches to skip, oldest first.
    pub offset: usize,
    /// Batches to show.
    pub limit: usize,
}

impl Page {
    /// Reads `?limit=` and `?offset=`; anything else is refused, so that a typing error is noticed.
    pub fn from_query(query: Option<&str>) -> Result<Self, Answer> {
        let mut page = Self { offset: 0, limit: DEFAULT_LIMIT };
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number = value.parse::<usize>();
            match (name, number) {
                ("limit", Ok(limit)) if limit <= MAX_LIMIT => page.limit = limit,
                ("offset", Ok(offset)) => page.offset = offset,
                _ => {
                    let usage = format!("Use ?limit= (0 to {MAX_LIMIT}) and ?offset= (0 or more).");
                    return Err(Answer::refused(400, &usage));
                }
            }
        }
        Ok(page)
    }
}

/// `GET /sandbox/received`; the copy is made under the lock, and the text after it.
pub(super) fn received(page: Page, (received, kept): (Received, usize)) -> Answer {
    #[derive(Serialize)]
    struct Body<'a> {
        counts: Counts,
        by_path: BTreeMap<String, Counts>,
        kept: usize,
        forgotten: u64,
        offset: usize,
        limit: usize,
        batches: Vec<Shown<'a>>,
    }
    let body = Body {
        counts: received.counts,
        by_path: by_path(&received.by_endpoint),
        kept,
        forgotten: received.forgotten,
        offset: page.offset,
        limit: page.limit,
        batches: received.batches.iter().map(Shown::of).collect(),
    };
    Answer::json(200, &body)
}

#[derive(Serialize)]
struct Shown<'a> {
    sequence: u64,
    path: String,
    api_key: &'a str,
    received_at_ms: i64,
    source_request_id: Option<&'a str>,
    /// As it was sent: numbers above 2^53 stay what they are.
    batch: Option<&'a RawValue>,
}

impl<'a> Shown<'a> {
    fn of(batch: &'a ReceivedBatch) -> Self {
        Self {
            sequence: batch.sequence,
            path: full_path(batch.endpoint),
            api_key: &batch.api_key,
            received_at_ms: batch.received_at_ms,
            source_request_id: batch.source_request_id.as_deref(),
            batch: serde_json::from_slice(&batch.bytes).ok(),
        }
    }
}

fn by_path(by_endpoint: &BTreeMap<Endpoint, Counts>) -> BTreeMap<String, Counts> {
    by_endpoint.iter().map(|(endpoint, counts)| (full_path(*endpoint), *counts)).collect()
}

fn full_path(endpoint: Endpoint) -> String {
    format!("{PREFIX}{}", endpoint.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_from_the_query() {
        let page =
            |query| Page::from_query(query).map(|page| (page.offset, page.limit)).map_err(|no| no.status);
        assert_eq!(page(None), Ok((0, 100)));
        assert_eq!(page(Some("")), Ok((0, 100)));
        assert_eq!(page(Some("offset=7&limit=0")), Ok((7, 0)));
        assert_eq!(page(Some("limit=1000")), Ok((0, 1000)));
        for wrong in ["limit=1001", "limit=-1", "limit", "offset=x", "page=1"] {
            assert_eq!(page(Some(wrong)), Err(400), "{wrong}");
        }
    }
}
