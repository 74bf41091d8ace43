//! As little HTTP as the tests need, byte by byte: they also send what no client library would.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// `key:secret`
pub const BASIC: &str = "Basic a2V5OnNlY3JldA==";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    /// The messages of the error body.
    pub fn messages(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().expect("a list of errors");
        errors.iter().map(|error| error["message"].as_str().expect("a message").to_owned()).collect()
    }
}

/// One connection, kept open until it is dropped.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub async fn to(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.expect("a connection")))
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.expect("the server to read");
    }

    /// Reads one answer; `None` when the connection was closed instead.
    pub async fn read(&mut self) -> Option<Answer> {
        let mut answer = self.head().await?;
        let body = if answer.headers.contains_key("transfer-encoding") {
            self.chunks().await?
        } else {
            let length = answer.headers.get("content-length");
            self.exactly(length.map_or(0, |length| length.parse().expect("a length"))).await?
        };
        answer.body = String::from_utf8(body).expect("UTF-8");
        Some(answer)
    }

    /// Reads an answer up to its body.
    pub async fn head(&mut self) -> Option<Answer> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        Some(Answer { status, headers, body: String::new() })
    }

    /// Reads a body that comes in chunks.
    pub async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.ok()?;
            let length = usize::from_str_radix(line.trim_end(), 16).ok()?;
            body.extend(self.exactly(length).await?);
            self.exactly(2).await?;
            if length == 0 {
                return Some(body);
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).await.ok()?;
        Some(bytes)
    }

    pub async fn ask(&mut self, request: &[u8]) -> Answer {
        self.write(request).await;
        self.read().await.expect("an answer")
    }

    /// Whether the other side has closed.
    pub async fn is_closed(&mut self) -> bool {
        self.0.read_u8().await.is_err()
    }
}

/// A request with the given head lines and body.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// A request as a client sends it: with credentials, as JSON.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    let headers = [("Authorization", BASIC), ("Content-Type", "application/json")];
    request("POST", path, &headers, body.as_bytes())
}

/// Sends one request over a connection of its own.
pub async fn ask(address: SocketAddr, request: &[u8]) -> Answer {
    Connection::to(address).await.ask(request).await
}

/// Fetches one of the sandbox's own pages.
pub async fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, &request("GET", path, &[], b"")).await
}

/// Puts a JSON body to one of the sandbox's own pages.
pub async fn admin(address: SocketAddr, method: &str, path: &str, body: &str) -> Answer {
    let headers = [("Content-Type", "application/json")];
    ask(address, &request(method, path, &headers, body.as_bytes())).await
}
