//! A server on loopback that keeps what it is sent and answers with the bytes it was given.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with every request.
#[derive(Clone)]
pub enum Reply {
    /// Reads the request, writes these bytes, closes.
    Raw(Vec<u8>),
    /// Reads the request and never answers.
    Silence,
    /// Reads what comes first, whatever it is, writes these bytes, closes.
    Blurt(&'static [u8]),
    /// Begins an answer of this status and goes on for as long as anybody reads.
    Endless(u16),
    /// 400, with the request's own Authorization header in body and headers.
    Echo,
}

impl Reply {
    pub fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        Self::Raw(format!("{text}Connection: close\r\n\r\n{body}").into_bytes())
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The first line.
    pub line: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
    }
}

pub struct Server {
    pub authority: String,
    requests: Arc<Mutex<Vec<Request>>>,
    written: Arc<Mutex<u64>>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let (requests, written) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (kept, count) = (requests.clone(), written.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, reply.clone(), kept.clone(), count.clone()));
            }
        });
        Self { authority, requests, written, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v2", self.authority)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Bytes of endless answers written so far.
    pub fn written(&self) -> u64 {
        *self.written.lock().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address where nothing listens.
pub async fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

async fn serve(
    mut stream: TcpStream,
    reply: Reply,
    requests: Arc<Mutex<Vec<Request>>>,
    written: Arc<Mutex<u64>>,
) {
    if let Reply::Blurt(bytes) = reply {
        let mut first = [0; 16 * 1024];
        let _ = stream.read(&mut first).await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        return;
    }
    let Some(request) = read_request(&mut stream).await else { return };
    let authorization = request.header("authorization").unwrap_or_default().to_owned();
    requests.lock().unwrap().push(request);
    match reply {
        Reply::Raw(bytes) => drop(stream.write_all(&bytes).await),
        Reply::Echo => {
            let body = format!(r#"{{"errors":[{{"code":"BAD","message":"got {authorization}"}}]}}"#);
            if let Reply::Raw(bytes) = Reply::new(400, &[("X-Echo", authorization.as_str())], &body) {
                drop(stream.write_all(&bytes).await);
            }
        }
        Reply::Endless(status) => {
            let head = format!("HTTP/1.1 {status} Status\r\nContent-Length: 1000000000000\r\n\r\n");
            let mut going = stream.write_all(head.as_bytes()).await;
            while going.is_ok() {
                going = stream.write_all(&[b' '; 64 * 1024]).await;
                *written.lock().unwrap() += 64 * 1024;
            }
        }
        Reply::Silence => std::future::pending().await,
        Reply::Blurt(_) => {}
    }
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|header| header.0 == "content-length").map_or(0, |h| h.1.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { line, headers, body })
}
