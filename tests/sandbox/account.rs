//! The account: what became of each id, under faults and many clients; the library's own view of what arrived.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Connection, ask, get, post};
use super::{BAD, good, start};
use mparticle_events::sandbox::Sandbox;

const LONG: Duration = Duration::from_secs(60);

/// The account as NDJSON, by id.
async fn whole_account(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let answer = get(sandbox.address(), "/sandbox/account?format=ndjson").await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/x-ndjson"));
    let entries = answer.body.lines().map(|line| {
        let entry: Value = serde_json::from_str(line).expect("a JSON line");
        (entry["id"].as_str().expect("an id").to_owned(), entry)
    });
    entries.collect()
}

/// Sends until it is answered 202; how often it was sent.
async fn deliver(sandbox: &Sandbox, id: &str) -> u64 {
    for attempt in 1..1000 {
        let mut connection = Connection::to(sandbox.address()).await;
        connection.write(&post("/v2/events", &good(id))).await;
        if connection.read().await.is_some_and(|answer| answer.status == 202) {
            return attempt;
        }
    }
    panic!("{id} was never taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_each_batch_is_taken_once_and_every_arrival_is_explained() {
    const CLIENTS: usize = 6;
    const BATCHES: usize = 40;
    let mut builder = Sandbox::builder().seed(11);
    for fault in ["drop-after:rate=0.2", "drop-before:rate=0.2", "503:rate=0.2", "429:rate=0.1,retry-after=0"]
    {
        builder = builder.fault(fault.parse().unwrap());
    }
    let sandbox = std::sync::Arc::new(builder.start().await.unwrap());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let sandbox = std::sync::Arc::clone(&sandbox);
            tokio::spawn(async move {
                let mut sent = BTreeMap::new();
                for n in 0..BATCHES {
                    let id = format!("{client}-{n}");
                    let attempts = deliver(&sandbox, &id).await;
                    sent.insert(id, attempts);
                }
                sent
            })
        })
        .collect();
    let mut sent = BTreeMap::new();
    for client in clients {
        sent.extend(client.await.unwrap());
    }
    let account = whole_account(&sandbox).await;
    assert_eq!(account.keys().collect::<Vec<_>>(), sent.keys().collect::<Vec<_>>());
    for (id, entry) in &account {
        let number = |name: &str| entry[name].as_u64().unwrap();
        assert_eq!(number("taken"), 1, "{entry}");
        assert_eq!(number("arrivals"), sent[id], "{entry}");
        assert_eq!(number("arrivals"), number("taken") + number("duplicates") + number("refused"), "{entry}");
        assert_eq!(number("refused") > 0, entry["refused_because"].is_string(), "{entry}");
        assert_eq!(entry["differed"], false);
    }
    let totals = sandbox.account_totals();
    assert!(totals.duplicates > 0 && totals.refused > 0, "the faults were met: {totals:?}");
    assert_eq!((totals.taken, totals.without_id), ((CLIENTS * BATCHES) as u64, 0));
}

#[tokio::test]
async fn the_account_is_paged_filtered_and_streamed() {
    let sandbox = start().await;
    let mut connection = Connection::to(sandbox.address()).await;
    for hundred in 0..25 {
        let batches: Vec<_> = (0..100).map(|n| good(&format!("id {}", hundred * 100 + n))).collect();
        let body = format!("[{}]", batches.join(","));
        assert_eq!(connection.ask(&post("/v2/bulkevents", &body)).await.status, 202);
    }
    let page = get(sandbox.address(), "/sandbox/account?offset=2498&limit=10").await.json();
    assert_eq!((&page["totals"]["ids"], &page["next"]), (&json!(2500), &json!(2500)));
    let ids: Vec<_> = page["entries"].as_array().unwrap().iter().map(|entry| &entry["id"]).collect();
    assert_eq!(ids, ["id 2498", "id 2499"]);

    let found = get(sandbox.address(), "/sandbox/account?id=id+7&id=never&id=id%209").await.json();
    let entry = &found["entries"][0];
    assert_eq!(
        (&entry["id"], &entry["api_key"], &entry["taken"]),
        (&json!("id 7"), &json!("****"), &json!(1))
    );
    assert_eq!(found["entries"].as_array().unwrap().len(), 2);
    let digest = format!("{:016x}", twox_hash::XxHash3_64::oneshot(good("id 7").as_bytes()));
    assert_eq!(entry["digest"], digest);

    assert_eq!(whole_account(&sandbox).await.len(), 2500);
    assert_eq!(get(sandbox.address(), "/sandbox/account?format=xml").await.status, 400);
}

#[tokio::test]
async fn the_account_is_bounded_and_says_what_it_let_go() {
    let sandbox = Sandbox::builder().account_limit(3).start().await.unwrap();
    for n in 0..5 {
        ask(sandbox.address(), &post("/v2/events", &good(&n.to_string()))).await;
    }
    let totals = sandbox.account_totals();
    assert_eq!((totals.ids, totals.forgotten, totals.taken), (3, 2, 5));
    assert!(sandbox.account_of("0").is_empty());
    assert_eq!(whole_account(&sandbox).await.into_keys().collect::<Vec<_>>(), ["2", "3", "4"]);
    sandbox.reset();
    assert_eq!(whole_account(&sandbox).await.len(), 0);
}

#[tokio::test]
async fn refused_batches_and_those_without_an_id_are_in_it() {
    let sandbox = start().await;
    let bad = BAD.replace(r#""mpid":1"#, r#""source_request_id":"bad""#);
    let nameless = r#"{"environment":"development","mpid":1}"#;
    ask(sandbox.address(), &post("/v2/bulkevents", &format!("[{bad},{nameless},{BAD}]"))).await;
    let entry = sandbox.account_of("bad").remove(0);
    assert_eq!((entry.taken, entry.refused, entry.refused_because.as_deref()), (0, 1, Some("invalid")));
    let totals = sandbox.account_totals();
    assert_eq!((totals.arrivals, totals.taken, totals.refused, totals.without_id), (3, 1, 2, 2));
}

#[tokio::test]
async fn a_test_can_wait_for_what_it_expects() {
    let sandbox = start().await;
    let address = sandbox.address();
    let sender = tokio::spawn(async move {
        for n in 0..3 {
            ask(address, &post("/v2/events", &good(&n.to_string()))).await;
        }
    });
    let received = sandbox.wait_for(3, LONG).await.unwrap();
    received.assert_accepted(3).assert_nothing_refused().assert_no_duplicates();
    assert!(received.find(|batch| batch["source_request_id"] == "2").is_some());
    sender.await.unwrap();

    ask(address, &post("/v2/events", BAD)).await;
    let error = sandbox.wait_for(4, Duration::ZERO).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("4 batches were waited for, but time is up: 3 accepted, 1 rejected"), "{text}");
    assert!(text.contains("202 × 3, 400 × 1") && text.contains("refused (without an id): "), "{text}");
    assert_eq!(error.received().counts.accepted, 3);
}
