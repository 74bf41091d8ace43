//! Many clients, slow clients, clients that go away; ports, and the end of a sandbox.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::http::{BASIC, Connection, ask, get, post, request};
use super::{counts, good, start};
use mparticle_events::sandbox::Sandbox;

const CHUNKED: [(&str, &str); 3] =
    [("Authorization", BASIC), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")];

/// A request whose body is longer than what is sent of it.
fn unfinished(body: &str) -> Vec<u8> {
    let whole = post("/v2/events", body);
    whole[..whole.len() - 5].to_vec()
}

/// Waits, without a time, until the sandbox has seen what was done to it.
async fn until(mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..10_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came to that");
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let sandbox = start().await;
    let mut connection = Connection::to(sandbox.address()).await;
    for n in 0..20 {
        assert_eq!(connection.ask(&post("/v2/events", &good(&n.to_string()))).await.status, 202);
    }
    // An answer that refuses does not end it, even when a body came with the request.
    assert_eq!(connection.ask(&post("/v2/nowhere", &good("x"))).await.status, 404);
    assert_eq!(connection.ask(&request("POST", "/v2/events", &[], b"{}")).await.status, 401);
    let fat = format!("[{}]", " ".repeat(300_000));
    assert_eq!(connection.ask(&post("/v2/bulkevents", &fat)).await.status, 413);
    assert_eq!(connection.ask(&post("/v2/events", &good("last"))).await.status, 202);
    // Two requests at once are answered in order.
    connection.write(&[post("/v2/events", &good("one")), post("/v2/events", "{")].concat()).await;
    assert_eq!(connection.read().await.unwrap().status, 202);
    assert_eq!(connection.read().await.unwrap().status, 400);
    assert_eq!(counts(&sandbox), [22, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_requests_are_all_counted_once() {
    let sandbox = start().await;
    let address = sandbox.address();
    let tasks: Vec<_> = (0..16)
        .map(|client| {
            tokio::spawn(async move {
                let mut connection = Connection::to(address).await;
                for n in 0..10 {
                    let ids = [format!("{client}-{n}"), format!("shared-{n}")];
                    let body = format!("[{},{}]", good(&ids[0]), good(&ids[1]));
                    assert_eq!(connection.ask(&post("/v2/bulkevents", &body)).await.status, 202);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let received = sandbox.received();
    assert_eq!(counts(&sandbox), [170, 0, 150, 0]);
    assert_eq!(received.requests.total, 160);
    assert_eq!(
        received.batches.iter().map(|b| b.sequence).collect::<Vec<_>>(),
        (1..=170).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn the_limit_of_a_request_is_exact() {
    let sandbox = start().await;
    let room = 262_144 - good("a").len();
    let full = format!("{}{}", good("a"), " ".repeat(room));
    assert_eq!(ask(sandbox.address(), &post("/v2/bulkevents", &format!("{full} "))).await.status, 413);
    // Whitespace outside the batch counts for the request only.
    let list = format!("[{}{}]", good("a"), " ".repeat(room - 2));
    assert_eq!(ask(sandbox.address(), &post("/v2/bulkevents", &list)).await.status, 202);
    assert_eq!(counts(&sandbox), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_huge_body_is_answered_whether_or_not_its_length_was_said() {
    const CHUNK: usize = 64 << 10;
    const CHUNKS: usize = 256;
    let sandbox = start().await;
    let declared = format!("Content-Length: {}\r\n\r\n", CHUNK * CHUNKS);
    let head = format!(
        "POST /v2/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: {BASIC}\r\nContent-Type: application/json\r\n"
    );
    let chunk = vec![b' '; CHUNK];

    let mut connection = Connection::to(sandbox.address()).await;
    connection.write(format!("{head}{declared}").as_bytes()).await;
    for _ in 0..CHUNKS {
        connection.write(&chunk).await;
    }
    assert_eq!(connection.read().await.unwrap().status, 413);

    let mut connection = Connection::to(sandbox.address()).await;
    connection.write(&request("POST", "/v2/events", &CHUNKED, b"")).await;
    for _ in 0..CHUNKS {
        connection.write(format!("{CHUNK:x}\r\n").as_bytes()).await;
        connection.write(&chunk).await;
        connection.write(b"\r\n").await;
    }
    connection.write(b"0\r\n\r\n").await;
    assert_eq!(connection.read().await.unwrap().status, 413);

    let requests = sandbox.received().requests;
    assert_eq!((requests.by_status[&413], requests.bytes), (2, 0));
}

#[tokio::test]
async fn who_asks_before_sending_is_told_at_once() {
    let sandbox = start().await;
    let mut headers = CHUNKED.to_vec();
    headers.push(("Expect", "100-continue"));
    headers.remove(0);
    let answer = ask(sandbox.address(), &request("POST", "/v2/events", &headers, b"")).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn chunks_are_put_together() {
    let sandbox = start().await;
    let mut connection = Connection::to(sandbox.address()).await;
    connection.write(&request("POST", "/v2/events", &CHUNKED, b"")).await;
    let batch = good("chunked");
    for piece in batch.as_bytes().chunks(7) {
        connection.write(format!("{:x}\r\n", piece.len()).as_bytes()).await;
        connection.write(piece).await;
        connection.write(b"\r\n").await;
    }
    connection.write(b"0\r\n\r\n").await;
    assert_eq!(connection.read().await.unwrap().status, 202);
    assert_eq!(sandbox.received().batches[0].bytes, batch);
}

#[tokio::test]
async fn a_client_that_goes_away_harms_nobody() {
    let sandbox = start().await;
    let mut gone = Connection::to(sandbox.address()).await;
    gone.write(&unfinished(&good("gone"))).await;
    drop(gone);
    until(async || sandbox.received().requests.aborted == 1).await;
    assert_eq!(ask(sandbox.address(), &post("/v2/events", &good("here"))).await.status, 202);
    let received = sandbox.received();
    assert_eq!((received.requests.total, received.counts.total()), (1, 1));
}

#[tokio::test]
async fn a_slow_client_keeps_nobody_waiting() {
    let sandbox = start().await;
    let batch = post("/v2/events", &good("slow"));
    let (early, late) = batch.split_at(batch.len() - 5);
    let mut slow = Connection::to(sandbox.address()).await;
    slow.write(early).await;
    assert_eq!(ask(sandbox.address(), &post("/v2/events", &good("quick"))).await.status, 202);
    slow.write(late).await;
    assert_eq!(slow.read().await.unwrap().status, 202);
    let ids: Vec<_> = sandbox.received().batches.into_iter().map(|b| b.source_request_id.unwrap()).collect();
    assert_eq!(ids, ["quick", "slow"]);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let sandbox = Sandbox::builder().read_timeout(Duration::from_millis(1)).start().await.unwrap();
    let mut slow = Connection::to(sandbox.address()).await;
    slow.write(&unfinished(&good("slow"))).await;
    assert_eq!(slow.read().await.unwrap().status, 408);
    assert!(slow.is_closed().await);
    assert_eq!(get(sandbox.address(), "/sandbox/stats").await.json()["requests"]["by_status"]["408"], 1);
}

#[tokio::test]
async fn nonsense_instead_of_http_harms_nobody() {
    let sandbox = start().await;
    let mut connection = Connection::to(sandbox.address()).await;
    connection.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not HTTP\r\n\r\n").await;
    let answer = connection.read().await;
    assert!(answer.is_none_or(|answer| answer.status == 400));
    assert_eq!(ask(sandbox.address(), &post("/v2/events", &good("a"))).await.status, 202);
}

#[tokio::test]
async fn it_listens_on_loopback_and_says_where() {
    let sandbox = start().await;
    assert!(sandbox.address().ip().is_loopback());
    assert_eq!(sandbox.base_url(), format!("http://127.0.0.1:{}/v2", sandbox.address().port()));
    let open = Sandbox::builder().bind(SocketAddr::from(([0, 0, 0, 0], 0))).start().await.unwrap();
    assert_eq!(open.base_url(), format!("http://127.0.0.1:{}/v2", open.address().port()));
}

#[tokio::test]
async fn a_port_in_use_is_said_clearly() {
    let first = start().await;
    let port = first.address().port();
    let error = Sandbox::builder().port(port).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let text = error.to_string();
    assert!(text.contains(&format!("127.0.0.1:{port}")) && text.contains("choose another port"), "{text}");
}

#[tokio::test]
async fn two_sandboxes_know_nothing_of_each_other() {
    let (one, other) = (start().await, start().await);
    assert_eq!(ask(one.address(), &post("/v2/events", &good("a"))).await.status, 202);
    assert_eq!(ask(other.address(), &post("/v2/events", &good("a"))).await.status, 202);
    assert_eq!((counts(&one), counts(&other)), ([1, 0, 0, 0], [1, 0, 0, 0]));
}

#[tokio::test]
async fn shutdown_finishes_what_is_under_way() {
    let sandbox = start().await;
    let address = sandbox.address();
    let mut idle = Connection::to(address).await;
    assert_eq!(idle.ask(&post("/v2/events", &good("first"))).await.status, 202);
    let mut busy = Connection::to(address).await;
    let batch = good("late");
    let length = batch.len().to_string();
    let headers = [
        ("Authorization", BASIC),
        ("Content-Type", "application/json"),
        ("Expect", "100-continue"),
        ("Content-Length", &length),
    ];
    // The interim answer shows that the request is under way.
    assert_eq!(busy.ask(&request("POST", "/v2/events", &headers, b"")).await.status, 100);

    let ending = tokio::spawn(sandbox.shutdown());
    assert!(idle.is_closed().await);
    assert!(TcpStream::connect(address).await.is_err());
    busy.write(batch.as_bytes()).await;
    assert_eq!(busy.read().await.unwrap().status, 202);
    ending.await.unwrap();
}

#[tokio::test]
async fn dropping_it_frees_the_port() {
    let sandbox = start().await;
    let address = sandbox.address();
    let mut idle = Connection::to(address).await;
    assert_eq!(idle.ask(&post("/v2/events", &good("a"))).await.status, 202);
    drop(sandbox);
    assert!(idle.is_closed().await);
    until(async || TcpStream::connect(address).await.is_err()).await;
    assert!(Sandbox::builder().port(address.port()).start().await.is_ok());
}
