//! The secret stays out of everything that can be printed; and the environment, in a process of its own.

use std::error::Error as _;
use std::process::Command;

use mparticle_events::Endpoint;
use mparticle_events::client::{Client, Credentials, Error};

use super::server::{Reply, Server, nobody};
use super::{BATCH, batch};

const SECRET: &str = "hunter2-hunter2";
/// `secret-key:hunter2-hunter2` in base64.
const TOKEN: &str = "c2VjcmV0LWtleTpodW50ZXIyLWh1bnRlcjI=";

fn assert_clean(what: &str, text: &str) {
    assert!(!text.contains("hunter2") && !text.contains(TOKEN.trim_end_matches('=')), "{what}: {text}");
}

fn assert_error_clean(what: &str, error: &Error) {
    assert_clean(what, &format!("{error} {error:?} {error:#?}"));
    let mut cause = error.source();
    while let Some(error) = cause {
        assert_clean(what, &format!("{error} {error:?}"));
        cause = error.source();
    }
}

fn client(url: &str) -> Client {
    let credentials = Credentials::new("secret-key", SECRET).unwrap();
    assert_clean("credentials", &format!("{credentials:?} {credentials:#?}"));
    let builder = Client::builder(credentials).base_url(url).unwrap();
    assert_clean("builder", &format!("{builder:?} {builder:#?}"));
    let client = builder.build().unwrap();
    assert_clean("client", &format!("{client:?} {client:#?}"));
    client
}

#[tokio::test]
async fn no_error_or_receipt_shows_the_secret() {
    for status in [202, 301, 400, 401, 403, 413, 429, 500] {
        let server =
            Server::start(Reply::new(status, &[("X-Some", "thing")], "{\"errors\":[{\"code\":\"A\"}]}"))
                .await;
        let client = client(&server.url());
        for result in [client.post(Endpoint::Bulk, BATCH).await, client.upload_bulk(&[batch()]).await] {
            match result {
                Ok(receipt) => assert_clean("receipt", &format!("{receipt:?}")),
                Err(error) => assert_error_clean(&status.to_string(), &error),
            }
        }
        let sent = server.requests()[0].header("authorization").unwrap().to_owned();
        assert_eq!(sent, format!("Basic {TOKEN}"), "the header that must not show up");
    }
    let refused = client(&format!("http://{}", nobody().await));
    assert_error_clean("refused", &refused.upload(&batch()).await.unwrap_err());
    let server = Server::start(Reply::Blurt(b"nonsense")).await;
    let tls = client(&format!("https://{}", server.authority));
    assert_error_clean("TLS", &tls.upload(&batch()).await.unwrap_err());
}

#[tokio::test]
async fn a_server_that_quotes_the_header_does_not_bring_it_into_a_log() {
    let server = Server::start(Reply::Echo).await;
    let error = client(&server.url()).upload(&batch()).await.unwrap_err();
    assert_error_clean("echo", &error);
    assert_eq!(error.api_errors()[0].message, "got Basic ***");
    assert_eq!(error.headers().unwrap().get("x-echo"), Some("Basic ***"));
    assert_clean("body", error.body());
}

#[tokio::test]
async fn the_environment_sets_up_a_client_and_proxies_stay_out_of_loopback() {
    let server = Server::start(Reply::new(202, &[], "")).await;
    let proxy = format!("http://{}", nobody().await);
    let output = tokio::task::spawn_blocking({
        let url = server.url();
        move || {
            Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact", "secrets::child_sends_as_the_environment_says"])
                .envs([("MPARTICLE_API_KEY", "secret-key"), ("MPARTICLE_API_SECRET", SECRET)])
                .envs([("MPARTICLE_POD", url.as_str()), ("HTTP_PROXY", &proxy), ("http_proxy", &proxy)])
                // Nor are root certificates needed where there is no TLS.
                .envs([("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")])
                .env_remove("NO_PROXY")
                .env_remove("no_proxy")
                .output()
                .unwrap()
        }
    })
    .await
    .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("authorization").unwrap(), format!("Basic {TOKEN}"));
}

#[tokio::test]
#[ignore = "run by the_environment_sets_up_a_client_and_proxies_stay_out_of_loopback, in a process of its own"]
async fn child_sends_as_the_environment_says() {
    let _ = Client::from_env().unwrap().upload(&batch()).await.unwrap();
}
