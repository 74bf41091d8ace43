//! Every fault on demand, over real connections; how faults are set while it runs; the rate limit.

use std::future::ready;
use std::time::Duration;

use serde_json::json;

use super::http::{Connection, admin, ask, get, post, request};
use super::{counts, good, start};
use mparticle_events::sandbox::{AccountEntry, Fault, RateLimit, Sandbox};

const LONG: Duration = Duration::from_secs(60);

fn fault(text: &str) -> Fault {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

async fn with(text: &str) -> Sandbox {
    Sandbox::builder().fault(fault(text)).start().await.expect("a free port")
}

fn account_of(sandbox: &Sandbox, id: &str) -> AccountEntry {
    let mut entries = sandbox.account_of(id);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

fn bulk(ids: &[&str]) -> Vec<u8> {
    let batches: Vec<_> = ids.iter().map(|id| good(id)).collect();
    post("/v2/bulkevents", &format!("[{}]", batches.join(",")))
}

#[tokio::test]
async fn every_status_is_answered_and_takes_nothing() {
    for (status, has_body) in [
        (400, true),
        (401, false),
        (403, false),
        (408, false),
        (413, true),
        (429, false),
        (500, false),
        (502, false),
        (503, false),
        (504, false),
    ] {
        let sandbox = with(&format!("{status}:count=1")).await;
        let answer = ask(sandbox.address(), &post("/v2/events", &good("a"))).await;
        assert_eq!((answer.status, !answer.body.is_empty()), (status, has_body), "{status}");
        assert_eq!(counts(&sandbox), [0; 4]);
        assert_eq!(account_of(&sandbox, "a").refused_because, Some(status.to_string()));
        assert_eq!(ask(sandbox.address(), &post("/v2/events", &good("a"))).await.status, 202);
        let entry = account_of(&sandbox, "a");
        assert_eq!((entry.arrivals, entry.taken, entry.refused), (2, 1, 1));
    }
}

#[tokio::test]
async fn a_429_names_any_limit_and_any_time() {
    let sandbox = start().await;
    for limit in ["org", "account", "app", "feed", "workspace", "system", "acceleration"] {
        for (retry_after, sent) in
            [("0", "0"), ("7", "7"), ("soon", "soon"), ("huge", "99999999999999999999")]
        {
            sandbox.set_faults([fault(&format!("429:limit={limit},retry-after={retry_after}"))]);
            let answer = ask(sandbox.address(), &post("/v2/events", &good("a"))).await;
            assert_eq!(answer.status, 429);
            assert_eq!(answer.headers["x-mp-rate-limit-exceeded"], limit);
            assert_eq!(answer.headers["retry-after"], sent);
            assert!(!answer.headers.contains_key("x-mp-rate-limit-percentage-used"));
        }
    }
    sandbox.set_faults([fault("429:limit=none,retryafter=3")]);
    let answer = ask(sandbox.address(), &post("/v2/events", &good("a"))).await;
    assert_eq!(answer.headers["retryafter"], "3");
    assert!(!answer.headers.contains_key("retry-after"));
    assert!(!answer.headers.contains_key("x-mp-rate-limit-exceeded"));
}

#[tokio::test]
async fn a_connection_closed_before_the_batches_were_taken() {
    let sandbox = with("drop-before:count=1").await;
    let mut connection = Connection::to(sandbox.address()).await;
    connection.write(&bulk(&["a", "b"])).await;
    assert!(connection.read().await.is_none());
    let entry = account_of(&sandbox, "a");
    assert_eq!((entry.taken, entry.refused_because.as_deref()), (0, Some("drop-before")));
    assert_eq!(ask(sandbox.address(), &bulk(&["a", "b"])).await.status, 202);
    assert_eq!(counts(&sandbox), [2, 0, 0, 0]);
}

#[tokio::test]
async fn a_connection_closed_after_the_batches_were_taken() {
    let sandbox = with("drop-after:count=1").await;
    let mut connection = Connection::to(sandbox.address()).await;
    connection.write(&bulk(&["a", "b"])).await;
    assert!(connection.read().await.is_none());
    assert_eq!(counts(&sandbox), [2, 0, 0, 0]);
    assert_eq!(ask(sandbox.address(), &bulk(&["a", "b"])).await.status, 202);
    assert_eq!(counts(&sandbox), [2, 0, 2, 0]);
    let entry = account_of(&sandbox, "b");
    assert_eq!((entry.arrivals, entry.taken, entry.duplicates, entry.refused), (2, 1, 1, 0));
    let requests = sandbox.received().requests;
    assert_eq!((requests.total, requests.cut, requests.aborted), (1, 1, 0));
}

#[tokio::test]
async fn a_connection_is_closed_in_the_middle_of_its_life() {
    let sandbox = with("drop-after:after=1,count=1").await;
    let mut connection = Connection::to(sandbox.address()).await;
    assert_eq!(connection.ask(&post("/v2/events", &good("a"))).await.status, 202);
    let mut other = Connection::to(sandbox.address()).await;
    connection.write(&post("/v2/events", &good("b"))).await;
    assert!(connection.read().await.is_none());
    assert_eq!(other.ask(&post("/v2/events", &good("c"))).await.status, 202, "the others stay");
}

#[tokio::test]
async fn a_bulk_request_is_taken_in_part() {
    for (form, path, position) in [("path", true, true), ("position", false, true), ("none", false, false)] {
        let sandbox = with(&format!("partial:form={form}")).await;
        let answer = ask(sandbox.address(), &bulk(&["a", "b", "c"])).await;
        assert_eq!(answer.status, 202);
        let messages = answer.messages();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].contains("Path '["), path, "{messages:?}");
        assert_eq!(messages[0].contains("position "), position, "{messages:?}");
        assert_eq!(counts(&sandbox), [2, 1, 0, 0]);
        let refused = sandbox.received().refusals.remove(0);
        assert_eq!(refused.message, messages[0]);
        let id = refused.source_request_id.unwrap();
        assert_eq!(account_of(&sandbox, &id).refused_because.as_deref(), Some("partial"));
        // One batch alone cannot be taken in part.
        assert_eq!(ask(sandbox.address(), &post("/v2/events", &good(&id))).await.body, "");
    }
}

#[tokio::test]
async fn a_slow_answer_is_to_batches_that_were_taken() {
    let sandbox = with("slow-answer:delay=3600000").await;
    let mut slow = Connection::to(sandbox.address()).await;
    slow.write(&post("/v2/events", &good("a"))).await;
    sandbox.wait_for(1, LONG).await.unwrap();
    tokio::select! {
        biased;
        answer = slow.read() => panic!("answered already: {answer:?}"),
        () = ready(()) => {}
    }
    drop(slow);
    sandbox.set_faults([fault("slow-answer:delay=1")]);
    assert_eq!(ask(sandbox.address(), &post("/v2/events", &good("a"))).await.status, 202);
    assert_eq!(counts(&sandbox), [1, 0, 1, 0]);
}

#[tokio::test]
async fn a_slow_body_comes_after_its_head() {
    let sandbox = Sandbox::builder()
        .fault(fault("slow-body:delay=3600000"))
        .fault(fault("partial"))
        .start()
        .await
        .unwrap();
    let mut slow = Connection::to(sandbox.address()).await;
    slow.write(&bulk(&["a", "b"])).await;
    assert_eq!(slow.head().await.unwrap().status, 202);
    tokio::select! {
        biased;
        body = slow.chunks() => panic!("complete already: {body:?}"),
        () = ready(()) => {}
    }
    drop(slow);
    sandbox.set_faults([fault("slow-body:delay=1"), fault("partial:count=1")]);
    let whole = ask(sandbox.address(), &bulk(&["c", "d"])).await;
    assert_eq!((whole.status, whole.messages().len()), (202, 1));
    let empty = ask(sandbox.address(), &bulk(&["e", "f"])).await;
    assert_eq!((empty.status, empty.body.as_str()), (202, ""));
}

#[tokio::test]
async fn nobody_is_slow_beyond_the_end() {
    let faults = ["slow-answer:delay=3600000,path=events", "slow-body:delay=3600000,path=bulkevents"];
    let sandbox = Sandbox::builder().fault(fault(faults[0])).fault(fault(faults[1])).start().await.unwrap();
    let mut answer = Connection::to(sandbox.address()).await;
    answer.write(&post("/v2/events", &good("a"))).await;
    let mut body = Connection::to(sandbox.address()).await;
    body.write(&bulk(&["b"])).await;
    assert_eq!(body.head().await.unwrap().status, 202);
    sandbox.wait_for(2, LONG).await.unwrap();
    drop(sandbox);
    assert_eq!(answer.read().await.unwrap().status, 202);
    assert_eq!(body.chunks().await.unwrap(), b"");
}

#[tokio::test]
async fn the_percentage_is_forced_and_paths_are_told_apart() {
    let sandbox = with("percentage:value=88,path=bulkevents").await;
    let used = async |request: &[u8]| {
        ask(sandbox.address(), request).await.headers["x-mp-rate-limit-percentage-used"].clone()
    };
    assert_eq!(used(&bulk(&["a"])).await, "88");
    assert_eq!(used(&post("/v2/events", &good("b"))).await, "0");
}

#[tokio::test]
async fn the_same_seed_meets_the_same_faults() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let sandbox = Sandbox::builder().fault(fault("503:rate=0.5")).seed(seed).start().await.unwrap();
        let mut connection = Connection::to(sandbox.address()).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(connection.ask(&post("/v2/events", &good("a"))).await.status);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn faults_are_changed_while_it_runs() {
    let sandbox = Sandbox::builder().fault(fault("500")).seed(3).start().await.unwrap();
    let address = sandbox.address();
    let status = async || ask(address, &post("/v2/events", &good("a"))).await.status;
    assert_eq!(status().await, 500);
    let listed = json!({"seed": 3, "faults": [{"kind": "500", "seen": 1, "fired": 1}]});
    assert_eq!(get(address, "/sandbox/faults").await.json(), listed);

    let answer = admin(address, "PUT", "/sandbox/faults", r#"{"seed":9,"faults":["503:count=1"]}"#).await;
    assert_eq!((answer.status, &answer.json()["seed"]), (200, &json!(9)));
    assert_eq!([status().await, status().await], [503, 202]);

    let answer = admin(address, "POST", "/sandbox/faults", r#"{"kind":502,"count":1}"#).await;
    assert_eq!((answer.status, answer.json()["faults"].as_array().unwrap().len()), (200, 2));
    assert_eq!([status().await, status().await], [502, 202]);

    admin(address, "PUT", "/sandbox/faults", r#"["504"]"#).await;
    assert_eq!(status().await, 504);
    assert_eq!(ask(address, &request("DELETE", "/sandbox/faults", &[], b"")).await.status, 204);
    assert_eq!(status().await, 202);
}

#[tokio::test]
async fn what_is_no_fault_changes_nothing_and_is_explained() {
    let sandbox = with("503").await;
    let address = sandbox.address();
    for (body, part) in [
        (r#"["504:rates=1"]"#, "did you mean `rate`?"),
        (r#"[{"kind":"504"},{"kind":"drop"}]"#, "Fault 1: there is no fault `drop`"),
        ("nonsense", "Send a JSON array of faults"),
    ] {
        let answer = admin(address, "PUT", "/sandbox/faults", body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.messages()[0].contains(part), "{}", answer.body);
    }
    assert_eq!(admin(address, "POST", "/sandbox/faults", "7").await.status, 400);
    let huge = format!("[{}]", " ".repeat(2 << 20));
    assert_eq!(admin(address, "PUT", "/sandbox/faults", &huge).await.status, 413);
    // What a page in a browser could send without asking.
    let plain = request("POST", "/sandbox/faults", &[("Content-Type", "text/plain")], br#""504""#);
    assert_eq!(ask(address, &plain).await.status, 400);
    assert_eq!(get(address, "/sandbox/faults").await.json()["faults"][0]["kind"], "503");
    assert_eq!(get(address, "/sandbox/faults").await.json()["faults"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_rate_limit_is_enforced() {
    let limit = RateLimit::per_second(1);
    let sandbox = Sandbox::builder().rate_limit(limit).start().await.unwrap();
    let mut connection = Connection::to(sandbox.address()).await;
    let first = connection.ask(&post("/v2/events", &good("0"))).await;
    assert_eq!((first.status, first.headers["x-mp-rate-limit-percentage-used"].as_str()), (202, "100"));
    // However slow the machine is, not each of these takes a second.
    let mut throttled = None;
    for n in 1..200 {
        let answer = connection.ask(&post("/v2/events", &good(&n.to_string()))).await;
        if answer.status == 429 {
            throttled = Some((n, answer));
            break;
        }
    }
    let (n, answer) = throttled.expect("a 429");
    assert_eq!(answer.headers["x-mp-rate-limit-exceeded"], "account");
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(account_of(&sandbox, &n.to_string()).refused_because.as_deref(), Some("rate-limit"));

    let limit = RateLimit::per_second(1_000_000).acceleration(1).retry_after(false);
    let sandbox = Sandbox::builder().rate_limit(limit).start().await.unwrap();
    let mut connection = Connection::to(sandbox.address()).await;
    let mut named = None;
    for n in 0..200 {
        let answer = connection.ask(&post("/v2/events", &good(&n.to_string()))).await;
        if answer.status == 429 {
            assert!(!answer.headers.contains_key("retry-after"));
            named = answer.headers.get("x-mp-rate-limit-exceeded").cloned();
            break;
        }
    }
    assert_eq!(named.as_deref(), Some("acceleration"));
}
