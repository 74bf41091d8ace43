//! Every way not to be accepted, and what the error says about it.

use std::time::Duration;

use mparticle_events::Endpoint;
use mparticle_events::client::{Client, Credentials, Error};

use super::server::{Reply, Server, nobody};
use super::{BATCH, answered, client, refused};

/// The sender's four ways on; each error has exactly one.
fn way(error: &Error) -> &'static str {
    let ways = [
        (error.is_retryable(), "again"),
        (error.is_rejected(), "rejected"),
        (error.is_permanent(), "stop"),
        (error.is_request(), "mistake"),
    ];
    let ways: Vec<_> = ways.iter().filter(|way| way.0).map(|way| way.1).collect();
    assert_eq!(ways.len(), 1, "{error}: {ways:?}");
    ways[0]
}

#[tokio::test]
async fn each_status_leads_one_way() {
    for (status, expected) in [
        (301, "stop"),
        (307, "stop"),
        (400, "rejected"),
        (401, "stop"),
        (402, "rejected"),
        (403, "stop"),
        (404, "stop"),
        (405, "stop"),
        (407, "stop"),
        (408, "again"),
        (409, "rejected"),
        (413, "rejected"),
        (415, "rejected"),
        (422, "rejected"),
        (425, "again"),
        (429, "again"),
        (500, "again"),
        (502, "again"),
        (503, "again"),
        (504, "again"),
        (599, "again"),
    ] {
        let error = refused(Reply::new(status, &[], "")).await;
        assert_eq!(error.status(), Some(status));
        assert_eq!(way(&error), expected, "{status}");
        assert_eq!(error.is_throttled(), status == 429);
        assert_eq!(error.is_auth(), status == 401 || status == 403);
        assert_eq!(error.is_too_large(), status == 413);
        assert_eq!(error.is_server(), status >= 500);
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        assert!(!error.is_timeout() && !error.is_connect() && !error.is_tls());
    }
}

#[tokio::test]
async fn a_400_keeps_what_the_service_says() {
    let body = r#"{"errors":[{"code":"BAD_REQUEST","message":"Error converting value &quot;not-a-guid&quot;. Path '[0].device_info'"},{"code":"B"}]}"#;
    let error = refused(Reply::new(400, &[("X-Request-Id", "r-1")], body)).await;
    assert_eq!(error.api_errors().len(), 2);
    assert_eq!(
        error.api_errors()[0].message,
        "Error converting value \"not-a-guid\". Path '[0].device_info'"
    );
    assert_eq!(error.headers().unwrap().get("x-request-id"), Some("r-1"));
    let text = error.to_string();
    assert!(
        text.contains("BAD_REQUEST: Error converting value \"not-a-guid\"") && text.contains("and 1 more"),
        "{text}"
    );
}

#[tokio::test]
async fn a_body_of_any_kind_keeps_status_and_headers() {
    for body in [
        "",
        "<html><body>Bad gateway</body></html>",
        "{\"message\":\"no\"}",
        "[1]",
        "{\"errors\":[",
        "\u{7}no",
    ] {
        let error = refused(Reply::new(400, &[("Retry-After", "9")], body)).await;
        assert_eq!((error.status(), error.retry_after()), (Some(400), Some(Duration::from_secs(9))));
        assert!(error.api_errors().is_empty());
        assert_eq!(error.body(), body);
        assert!(!error.to_string().contains(['<', '\u{7}']), "fit for a terminal: {error}");
    }
}

#[tokio::test]
async fn refused_credentials_say_what_to_check() {
    let missing = refused(Reply::new(401, &[], "")).await.to_string();
    assert!(missing.contains("MPARTICLE_API_KEY and MPARTICLE_API_SECRET"), "{missing}");
    let wrong = refused(Reply::new(403, &[], "")).await.to_string();
    assert!(wrong.contains("MPARTICLE_POD"), "{wrong}");
}

#[tokio::test]
async fn throttling_says_how_long_and_by_which_limit() {
    for (name, value, seconds) in [
        ("Retry-After", "30", Some(30)),
        ("RetryAfter", "30", Some(30)),
        ("retry-after", "0", Some(0)),
        ("Retry-After", "1000000", Some(86_400)),
        ("Retry-After", "-5", None),
        ("Retry-After", "a while", None),
        ("X-Other", "30", None),
    ] {
        let error = refused(Reply::new(429, &[(name, value)], "")).await;
        assert!(error.is_throttled() && !error.is_acceleration() && !error.may_have_arrived());
        assert_eq!(error.retry_after(), seconds.map(Duration::from_secs), "{name}: {value}");
    }
    let error = refused(Reply::new(429, &[("Retry-After", "2.5")], "")).await;
    assert_eq!(error.retry_after(), Some(Duration::from_millis(2500)));
    let dates = [("Date", "Wed, 21 Oct 2015 07:28:00 GMT"), ("Retry-After", "Wed, 21 Oct 2015 07:29:00 GMT")];
    assert_eq!(refused(Reply::new(503, &dates, "")).await.retry_after(), Some(Duration::from_secs(60)));

    let error = refused(Reply::new(429, &[("X-mp-rate-limit-exceeded", "workspace")], "")).await;
    assert_eq!((error.limit_exceeded(), error.is_acceleration()), (Some("workspace"), false));
    assert!(error.to_string().contains("limit of the workspace"), "{error}");
    let error = refused(Reply::new(429, &[("X-MP-Rate-Limit-Exceeded", "Acceleration")], "")).await;
    assert!(error.is_acceleration() && error.to_string().contains("keep the rate"), "{error}");
}

#[tokio::test]
async fn a_failing_server_with_an_html_page_is_tried_again() {
    for status in [500, 503] {
        let error = refused(Reply::new(status, &[("Content-Type", "text/html")], "<html>Oops</html>")).await;
        assert!(error.is_server() && error.may_have_arrived());
        assert!(error.to_string().contains("HTML page"), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(Reply::new(202, &[], "")).await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("http://{}/v2/events", elsewhere.authority);
        let error = refused(Reply::new(status, &[("Location", &to)], "")).await;
        assert_eq!(error.status(), Some(status));
        assert!(error.to_string().contains("redirects are not followed"), "{error}");
        assert!(error.to_string().contains(&to), "{error}");
    }
    assert!(elsewhere.requests().is_empty(), "the credentials did not travel");
}

#[tokio::test]
async fn a_refused_connection_names_the_address() {
    let authority = nobody().await;
    let error = client(&format!("http://{authority}")).post(Endpoint::Events, BATCH).await.unwrap_err();
    assert!(error.is_connect() && !error.is_timeout() && !error.may_have_arrived());
    assert_eq!((way(&error), error.status()), ("again", None));
    assert!(
        error.to_string().contains(&authority) && error.to_string().contains("nothing listens"),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn a_connection_lost_before_the_answer_is_tried_again() {
    for bytes in ["", "HTTP/1.1 20", "HTTP/1.1 202 Accepted\r\nContent-", "SSH-2.0-server\r\n"] {
        let error = refused(Reply::Raw(bytes.as_bytes().to_vec())).await;
        assert_eq!(way(&error), "again", "{bytes:?}");
        assert!(error.may_have_arrived() && !error.is_connect() && error.status().is_none(), "{error:?}");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[tokio::test]
async fn a_lost_connection_is_one_attempt() {
    let server = Server::start(Reply::Raw(Vec::new())).await;
    assert!(client(&server.url()).post(Endpoint::Events, BATCH).await.is_err());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_connection_lost_in_the_body_keeps_the_status() {
    let cut = |status: u16| {
        let text =
            format!("HTTP/1.1 {status} Status\r\nRetry-After: 4\r\nContent-Length: 100\r\n\r\n{{\"errors\"");
        Reply::Raw(text.into_bytes())
    };
    let receipt = answered(cut(202)).await.unwrap();
    assert!(!receipt.is_complete() && receipt.body() == "{\"errors\"");
    let error = refused(cut(503)).await;
    assert_eq!((error.status(), error.retry_after()), (Some(503), Some(Duration::from_secs(4))));
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    for status in [202, 400] {
        let server = Server::start(Reply::Endless(status)).await;
        match client(&server.url()).post(Endpoint::Events, BATCH).await {
            Ok(receipt) => assert!(status == 202 && !receipt.is_complete()),
            Err(error) => assert_eq!((error.status(), way(&error)), (Some(400), "rejected")),
        }
        assert!(server.written() < 64 * 1024 * 1024, "{} bytes", server.written());
    }
}

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    let server = Server::start(Reply::Silence).await;
    let credentials = Credentials::new("key", "secret").unwrap();
    let client =
        Client::builder(credentials).timeout(Duration::from_millis(50)).base_url(&server.url()).unwrap();
    let error = client.build().unwrap().post(Endpoint::Events, BATCH).await.unwrap_err();
    assert!(error.is_timeout() && error.may_have_arrived() && !error.is_connect(), "{error:?}");
    assert_eq!(way(&error), "again");
    assert!(error.to_string().contains("no answer"), "{error}");
}

#[tokio::test]
async fn https_to_a_server_without_tls_is_a_tls_error() {
    let server = Server::start(Reply::Blurt(b"HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let https = client(&format!("https://{}", server.authority));
    let error = https.post(Endpoint::Events, BATCH).await.unwrap_err();
    assert!(error.is_tls() && !error.is_connect() && !error.may_have_arrived(), "{error:?}");
    assert_eq!(way(&error), "stop");
    assert!(error.to_string().contains("no trusted TLS connection"), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_up_on_tls_may_be_tried_again() {
    let server = Server::start(Reply::Blurt(b"")).await;
    let https = client(&format!("https://{}", server.authority));
    let error = https.post(Endpoint::Events, BATCH).await.unwrap_err();
    assert!(error.is_tls(), "{error:?}");
    assert_eq!(way(&error), "again");
}
