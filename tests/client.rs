//! The client as a program uses it, against a server on loopback.

#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "client/server.rs"]
mod server;

#[path = "client/failures.rs"]
mod failures;
#[path = "client/secrets.rs"]
mod secrets;

use std::time::Duration;

use mparticle_events::Endpoint;
use mparticle_events::client::{Client, Credentials, Error, Pod, Receipt};
use mparticle_events::types::{AttributeValue, Batch, Number, UserAttributeValue};
use server::{Reply, Server};

const BATCH: &str = r#"{"environment":"development","user_identities":{"customer_id":"c-1"},"events":[]}"#;

fn batch() -> Batch {
    serde_json::from_str(BATCH).unwrap()
}

fn client(url: &str) -> Client {
    let credentials = Credentials::new("example-api-key", "example-api-secret").unwrap();
    Client::builder(credentials).base_url(url).unwrap().build().unwrap()
}

/// What the client makes of an answer, by the raw door.
async fn answered(reply: Reply) -> Result<Receipt, Error> {
    let server = Server::start(reply).await;
    client(&server.url()).post(Endpoint::Events, BATCH).await
}

async fn refused(reply: Reply) -> Error {
    answered(reply).await.expect_err("no 2xx")
}

#[tokio::test]
async fn each_method_posts_to_its_path_with_the_documented_header() {
    let server = Server::start(Reply::new(202, &[], "")).await;
    let client = client(&server.url());
    let batches = [batch(), batch()];
    let _ = client.upload(&batches[0]).await.unwrap();
    let _ = client.upload_bulk(&batches).await.unwrap();
    let _ = client.upload_historical(&batches).await.unwrap();

    let requests = server.requests();
    let lines: Vec<_> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /v2/events HTTP/1.1",
            "POST /v2/bulkevents HTTP/1.1",
            "POST /v2/bulkevents/historical HTTP/1.1"
        ]
    );
    let one = serde_json::to_vec(&batches[0]).unwrap();
    let list = serde_json::to_vec(&batches).unwrap();
    for (request, body) in requests.iter().zip([&one, &list, &list]) {
        assert_eq!(&request.body, body);
        assert_eq!(
            request.header("authorization"),
            Some("Basic ZXhhbXBsZS1hcGkta2V5OmV4YW1wbGUtYXBpLXNlY3JldA==")
        );
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(
            request.header("user-agent"),
            Some(concat!("mparticle-events/", env!("CARGO_PKG_VERSION")))
        );
    }
}

#[tokio::test]
async fn the_raw_door_sends_these_bytes_and_the_same_headers() {
    let server = Server::start(Reply::new(202, &[], "")).await;
    let client = client(&server.url());
    let odd = b" {\"unknown\": 1.0,\r\n\"mpid\":9223372036854775807, \"x\":\"\xff\"} ";
    for endpoint in Endpoint::ALL {
        let _ = client.post(endpoint, odd.to_vec()).await.unwrap();
    }
    let _ = client.upload(&batch()).await.unwrap();

    let requests = server.requests();
    for (request, endpoint) in requests.iter().zip(Endpoint::ALL) {
        assert_eq!(request.line, format!("POST /v2{} HTTP/1.1", endpoint.path()));
        assert_eq!(request.body, odd);
    }
    let names = |index: usize| {
        let mut names: Vec<_> = requests[index].headers.iter().map(|header| header.0.clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(0), names(3), "typed and raw requests carry the same headers");
    assert_eq!(names(0), ["accept", "authorization", "content-length", "content-type", "host", "user-agent"]);
}

#[tokio::test]
async fn calls_run_side_by_side_on_clones() {
    let server = Server::start(Reply::new(202, &[], "")).await;
    let client = client(&server.url());
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.upload_bulk(&[batch()]).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), 202);
    }
    assert_eq!(server.requests().len(), 20);
}

#[tokio::test]
async fn an_own_user_agent_is_sent() {
    let server = Server::start(Reply::new(202, &[], "")).await;
    let credentials = Credentials::new("key", "secret").unwrap();
    let client = Client::builder(credentials).user_agent("shop/7").base_url(&server.url()).unwrap();
    let _ = client.build().unwrap().upload(&batch()).await.unwrap();
    assert_eq!(server.requests()[0].header("user-agent"), Some("shop/7"));
}

#[tokio::test]
async fn an_empty_202_is_a_receipt_without_errors() {
    let receipt = answered(Reply::new(202, &[], "")).await.unwrap();
    assert_eq!((receipt.status(), receipt.percentage_used(), receipt.retry_after()), (202, None, None));
    assert!(receipt.is_complete() && !receipt.has_errors() && receipt.body().is_empty());
    assert_eq!(answered(Reply::new(200, &[], "")).await.unwrap().status(), 200);
    assert_eq!(answered(Reply::new(204, &[], "")).await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_202_with_errors_says_which_and_how_full_the_limit_is() {
    let body = r#"{"errors":[{"code":"BAD_REQUEST","message":"Unexpected token &quot;x&quot;. Path &#39;[1].events&#39;"}]}"#;
    let headers = [("X-mp-rate-limit-percentage-used", "87.5"), ("Retry-After", "2")];
    let receipt = answered(Reply::new(202, &headers, body)).await.unwrap();
    assert!(receipt.has_errors());
    assert_eq!(receipt.errors()[0].code, "BAD_REQUEST");
    assert_eq!(receipt.errors()[0].message, "Unexpected token \"x\". Path '[1].events'");
    assert_eq!(receipt.percentage_used(), Some(87.5));
    assert_eq!(receipt.retry_after(), Some(Duration::from_secs(2)));
    assert_eq!(receipt.headers().get("x-MP-rate-limit-percentage-used"), Some("87.5"));
}

#[tokio::test]
async fn a_202_of_another_shape_is_still_accepted() {
    for body in ["<html>ok</html>", "[]", "\"fine\"", "{\"errors\":7}", "{\"err"] {
        let receipt = answered(Reply::new(202, &[], body)).await.unwrap();
        assert_eq!((receipt.has_errors(), receipt.body()), (false, body));
    }
}

#[tokio::test]
async fn typed_and_raw_calls_read_answers_alike() {
    let body = r#"{"errors":[{"code":"A","message":"b"}]}"#;
    for status in [202, 400, 429, 503] {
        let server = Server::start(Reply::new(status, &[("Retry-After", "3")], body)).await;
        let client = client(&server.url());
        let show = |result: Result<Receipt, Error>| format!("{result:?}");
        let raw = show(client.post(Endpoint::Bulk, format!("[{BATCH}]")).await);
        assert_eq!(show(client.upload_bulk(&[batch()]).await), raw);
        assert_eq!(show(client.upload_historical(&[batch()]).await), raw);
        assert_eq!(show(client.upload(&batch()).await), raw);
    }
}

#[tokio::test]
async fn no_batches_is_an_error_before_anything_is_sent() {
    let server = Server::start(Reply::new(202, &[], "")).await;
    let client = client(&server.url());
    for result in [client.upload_bulk(&[]).await, client.upload_historical(&[]).await] {
        let error = result.unwrap_err();
        assert!(error.is_request() && !error.is_retryable() && !error.is_rejected() && !error.is_permanent());
        assert!(error.to_string().contains("give at least one"), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_batch_without_a_json_form_is_an_error_before_anything_is_sent() {
    let server = Server::start(Reply::new(202, &[], "")).await;
    let mut broken = batch();
    let not_a_number = UserAttributeValue::Single(AttributeValue::Number(Number::from(f64::NAN)));
    broken.user_attributes.get_or_insert_default().insert("$age".to_owned(), not_a_number);
    let client = client(&server.url());
    for result in [client.upload(&broken).await, client.upload_bulk(&[batch(), broken]).await] {
        let error = result.unwrap_err();
        assert!(error.is_request() && error.status().is_none());
        assert!(error.to_string().contains("NaN has no form in JSON"), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn plain_http_to_another_machine_has_to_be_allowed() {
    let builder = Client::builder(Credentials::new("key", "secret").unwrap());
    let elsewhere: Pod = "http://relay.example.com/v2".parse().unwrap();
    let error = builder.clone().pod(elsewhere.clone()).build().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("in clear"), "{error}");
    builder.pod(elsewhere).allow_plain_http(true).build().unwrap();
}

#[test]
fn settings_that_cannot_work_are_named_together() {
    let builder = Client::builder(Credentials::new("key", "secret").unwrap());
    let error = builder.timeout(Duration::ZERO).user_agent("a\nb").build().unwrap_err();
    let message = error.to_string();
    assert!(message.contains("timeout is zero") && message.contains("user agent"), "{message}");
}
