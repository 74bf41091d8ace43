//! A server on loopback that takes batches, keeps an account of them, and fails as it is told.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What goes wrong with one post.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    None,
    /// A status, and a `Retry-After`.
    Status(u16, Option<&'static str>),
    /// The connection breaks before the batches are taken.
    DropBefore,
    /// The connection breaks after they were taken.
    DropAfter,
}

/// How it speaks of bad batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Style {
    /// `202`, with the index of the batch.
    Index,
    /// `202`, with a position only.
    Position,
    /// `202`, without any place.
    Nowhere,
    /// This status for the whole request.
    RefuseAll(u16),
}

/// What it saw.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Posts.
    pub requests: u64,
    /// Numbers of the batches it took.
    pub taken: BTreeSet<usize>,
    /// Batches that it took before.
    pub doubled: usize,
    /// All ids it saw.
    pub ids: BTreeSet<String>,
}

pub struct Server {
    address: SocketAddr,
    account: Arc<Mutex<Account>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// The first posts meet the given faults, all others none.
    pub async fn start(style: Style, faults: Vec<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let account = Arc::new(Mutex::new(Account::default()));
        let (shared, faults) = (Arc::clone(&account), Arc::new(faults));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (account, faults) = (Arc::clone(&shared), Arc::clone(&faults));
                tokio::spawn(async move { serve(stream, style, &account, &faults).await });
            }
        });
        Self { address, account, task }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    pub fn account(&self) -> Account {
        self.account.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, style: Style, account: &Mutex<Account>, faults: &[Fault]) {
    let Some(body) = read(&mut stream).await else { return };
    let answer = {
        let mut account = account.lock().unwrap();
        let fault = faults.get(account.requests as usize).copied().unwrap_or(Fault::None);
        account.requests += 1;
        let batches: Vec<Value> = serde_json::from_slice(&body).expect("a list of batches");
        account
            .ids
            .extend(batches.iter().map(|batch| batch["source_request_id"].as_str().unwrap().to_owned()));
        match fault {
            Fault::DropBefore => None,
            Fault::Status(status, retry_after) => {
                let header = retry_after.map_or(String::new(), |wait| format!("Retry-After: {wait}\r\n"));
                Some(answer(status, &header, ""))
            }
            Fault::None => Some(take(&mut account, &batches, &body, style)),
            Fault::DropAfter => {
                take(&mut account, &batches, &body, style);
                None
            }
        }
    };
    if let Some(answer) = answer {
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

async fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

fn take(account: &mut Account, batches: &[Value], body: &[u8], style: Style) -> String {
    let is_bad = |batch: &Value| batch["bad"] == true;
    let said = "bad &quot;value&quot;.";
    if let (Style::RefuseAll(status), true) = (style, batches.iter().any(is_bad)) {
        return answer(status, "", &errors(&[said.to_owned()]));
    }
    let mut messages = Vec::new();
    for (index, batch) in batches.iter().enumerate() {
        if !is_bad(batch) {
            let new = account.taken.insert(batch["n"].as_u64().unwrap() as usize);
            account.doubled += usize::from(!new);
            continue;
        }
        let text = std::str::from_utf8(body).unwrap();
        let byte = text.find(&format!("\"n\":{},", batch["n"])).unwrap();
        let position = text[..byte].chars().map(char::len_utf16).sum::<usize>() + 1;
        messages.push(match style {
            Style::Index => format!("{said} Path '[{index}].bad', line 1, position 1."),
            Style::Position => format!("{said} Path 'bad', line 1, position {position}."),
            _ => said.to_owned(),
        });
    }
    match messages.len() {
        0 => answer(202, "X-mp-rate-limit-percentage-used: 12.5\r\n", ""),
        bad if bad == batches.len() => answer(400, "", &errors(&messages)),
        _ => answer(202, "", &errors(&messages)),
    }
}

fn errors(messages: &[String]) -> String {
    let errors: Vec<Value> = messages
        .iter()
        .map(|message| serde_json::json!({"code": "BAD_REQUEST", "message": message}))
        .collect();
    serde_json::json!({ "errors": errors }).to_string()
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Said\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Half of the posts fail, in any of the ways that can be tried again.
pub fn random_faults(seed: u64, count: usize) -> Vec<Fault> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count)
        .map(|_| match next() % 10 {
            0 => Fault::Status(429, Some("1")),
            1 => Fault::Status(429, None),
            2 => Fault::Status(503, None),
            3 => Fault::DropBefore,
            4 => Fault::DropAfter,
            _ => Fault::None,
        })
        .collect()
}
