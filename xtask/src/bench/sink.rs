//! The other end of the benchmark: an HTTP server that reads bodies as fast as it can and answers 202.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context as _, Result};

const ANSWER: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
const BUFFER: usize = 256 * 1024;
const HEAD_LIMIT: usize = 16 * 1024;

/// Listens on a free loopback port, prints it, and answers until standard input ends: a process of its own, so that its
/// time is not counted as the sender's.
///
/// # Errors
///
/// When no port can be listened on.
pub fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("the sink cannot listen")?;
    let mut out = io::stdout();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                // A sender that goes away ends its connection, nothing else.
                let _ = answer(stream);
            });
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER];
    let mut head = Vec::new();
    loop {
        // The head, and what of the body came with it.
        let end = loop {
            if let Some(end) = head_end(&head) {
                break end;
            }
            let read = stream.read(&mut buffer)?;
            if read == 0 || head.len() > HEAD_LIMIT + BUFFER {
                return Ok(());
            }
            head.extend_from_slice(buffer.get(..read).unwrap_or_default());
        };
        let length = content_length(head.get(..end).unwrap_or_default())?;
        let here = head.len() - end;
        let mut left = length.saturating_sub(here);
        // Nobody here sends a second request before the first is answered.
        head.clear();
        while left > 0 {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            left = left.saturating_sub(read);
        }
        stream.write_all(ANSWER)?;
    }
}

fn head_end(head: &[u8]) -> Option<usize> {
    head.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    let text = String::from_utf8_lossy(head);
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a request without Content-Length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_on_one_connection_are_answered_one_by_one() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || answer(listener.accept().unwrap().0));
        let mut stream = TcpStream::connect(address).unwrap();
        for size in [0, 5, 300_000] {
            let head = format!("POST / HTTP/1.1\r\ncontent-length: {size}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&vec![b'x'; size]).unwrap();
            let mut back = vec![0; ANSWER.len()];
            stream.read_exact(&mut back).unwrap();
            assert_eq!(back, ANSWER, "{size} bytes");
        }
    }

    #[test]
    fn a_body_of_unknown_length_is_refused() {
        assert!(content_length(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
