//! Gets a document from a web address or a file, with a bound on size and time.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// A published spec is some 30 KB; far more than that is something else.
const MAX_BYTES: usize = 8 << 20;
const CONNECT: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(60);

/// The document's bytes as text.
///
/// # Errors
///
/// When it cannot be had, is too big, or is not UTF-8.
pub fn document(from: &str) -> Result<String> {
    let bytes = if from.starts_with("https://") || from.starts_with("http://") {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start a runtime")?
            .block_on(download(from))
    } else {
        read(Path::new(from))
    }?;
    String::from_utf8(bytes).ok().with_context(|| format!("{from} is not text: it is not valid UTF-8"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let about = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(about)?.len();
    if size > MAX_BYTES as u64 {
        bail!("{} has {size} bytes; an OpenAPI document has at most {MAX_BYTES}", path.display());
    }
    std::fs::read(path).with_context(about)
}

async fn download(url: &str) -> Result<Vec<u8>> {
    let about = || format!("cannot fetch {url}");
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .user_agent(concat!("mparticle-events-xtask/", env!("CARGO_PKG_VERSION")))
        .build()
        .with_context(about)?;
    let mut response = client.get(url).send().await.with_context(about)?;
    if !response.status().is_success() {
        bail!("cannot fetch {url}: the server answered {}", response.status());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.with_context(about)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            bail!("cannot use {url}: it has more than {MAX_BYTES} bytes, which no OpenAPI document has");
        }
    }
    Ok(body)
}
