//! The sandbox's own pages.

use serde_json::json;

use super::http::{ask, get, post, request};
use super::{BAD, good, start};
use mparticle_events::sandbox::Sandbox;

#[tokio::test]
async fn the_index_lists_what_there_is() {
    let sandbox = start().await;
    let index = get(sandbox.address(), "/").await;
    assert_eq!((index.status, index.headers["content-type"].as_str()), (200, "application/json"));
    let index = index.json();
    let listed: Vec<_> = index["endpoints"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(listed.len(), 11);
    for endpoint in listed {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let answer = ask(sandbox.address(), &request(method, path, &[], b"")).await;
        assert!(!matches!(answer.status, 404 | 405), "{endpoint}: {}", answer.status);
    }
}

#[tokio::test]
async fn received_batches_are_shown_as_they_were_sent() {
    let sandbox = start().await;
    ask(sandbox.address(), &post("/v2/events", &good("a"))).await;
    let page = get(sandbox.address(), "/sandbox/received").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&good("a")), "byte for byte: {}", page.body);
    assert!(!page.body.contains("a2V5OnNlY3JldA") && !page.body.contains("\"key\""));
    let batch = &page.json()["batches"][0];
    assert_eq!(batch["path"], "/v2/events");
    assert_eq!(batch["api_key"], "****");
    assert_eq!(batch["sequence"], 1);
    assert_eq!(batch["source_request_id"], "a");
}

#[tokio::test]
async fn the_view_is_paged_and_bounded_and_the_counts_are_exact() {
    let sandbox = Sandbox::builder().max_kept(5).start().await.unwrap();
    let body = (0..8).map(|n| good(&n.to_string())).collect::<Vec<_>>().join(",");
    ask(sandbox.address(), &post("/v2/bulkevents", &format!("[{body}]"))).await;

    let page = get(sandbox.address(), "/sandbox/received?offset=1&limit=2").await.json();
    assert_eq!(page["counts"]["accepted"], 8);
    assert_eq!((&page["kept"], &page["forgotten"]), (&json!(5), &json!(3)));
    let ids: Vec<_> = page["batches"].as_array().unwrap().iter().map(|b| &b["source_request_id"]).collect();
    assert_eq!(ids, ["4", "5"]);
    assert_eq!(get(sandbox.address(), "/sandbox/received?limit=all").await.status, 400);

    let view = get(sandbox.address(), "/sandbox/stats").await.json();
    assert_eq!(view["view"]["kept"], 5);
    assert_eq!(view["view"]["forgotten"], 3);
    assert_eq!(view["batches"]["accepted"], 8);
    let received = sandbox.received();
    assert_eq!((received.batches.len(), received.forgotten), (5, 3));
}

#[tokio::test]
async fn statistics_add_up_and_can_be_reset() {
    let sandbox = start().await;
    let partly = format!("[{},{},{BAD}]", good("a"), good("a"));
    for (path, body) in [("/v2/bulkevents", partly.as_str()), ("/v2/events", BAD), ("/v2/nowhere", "")] {
        ask(sandbox.address(), &post(path, body)).await;
    }
    let stats = get(sandbox.address(), "/sandbox/stats").await.json();
    assert_eq!(stats["requests"]["total"], 3, "its own pages do not count");
    assert_eq!(stats["requests"]["by_status"], json!({"202": 1, "400": 1, "404": 1}));
    assert_eq!(stats["requests"]["bytes"], partly.len() + BAD.len());
    assert_eq!(stats["batches"], json!({"accepted": 1, "rejected": 2, "duplicate": 1, "dropped": 0}));
    let bulk = json!({"accepted": 1, "rejected": 1, "duplicate": 1, "dropped": 0});
    assert_eq!(stats["by_path"]["/v2/bulkevents"], bulk);
    assert_eq!(stats["by_path"]["/v2/bulkevents/historical"]["accepted"], 0);

    let answer = ask(sandbox.address(), &request("DELETE", "/sandbox/received", &[], b"")).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let stats = get(sandbox.address(), "/sandbox/stats").await.json();
    assert_eq!(stats["requests"]["total"], 0);
    assert_eq!(stats["batches"]["accepted"], 0);
    assert!(sandbox.received().batches.is_empty());
}
