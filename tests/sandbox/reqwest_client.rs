//! The sandbox behind an ordinary client with a connection pool.

use super::{counts, good, start};

fn post(client: &reqwest::Client, url: String, body: String) -> reqwest::RequestBuilder {
    client.post(url).basic_auth("key", Some("secret")).header("content-type", "application/json").body(body)
}

#[tokio::test]
async fn a_pooled_client_gets_every_answer() {
    let sandbox = start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for n in 0..20 {
        let url = format!("{}/events", sandbox.base_url());
        let answer = post(&client, url, good(&n.to_string())).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        assert!(answer.headers().contains_key("x-mp-rate-limit-percentage-used"));

        let url = format!("{}/bulkevents", sandbox.base_url());
        let huge = post(&client, url.clone(), " ".repeat(4 << 20)).send().await.unwrap();
        assert_eq!(huge.status(), 413, "the answer is not lost to a closed connection");

        let stranger = client.post(url).body(" ".repeat(1 << 20)).send().await.unwrap();
        assert_eq!(stranger.status(), 401);
    }
    assert_eq!(counts(&sandbox), [20, 0, 0, 0]);
}
