//! The least that a program does that sends a file: it reads blocks and posts them, without a look at what is in them.
//!
//! No sender of batches can be faster than this; so it shows how much of the distance to a load generator, which sends one body
//! over and over out of the cache, is due to the reading.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};

/// Blocks that are read before the first of them is posted, as many as `mparticle send` packs ahead.
const AHEAD: usize = 8;

/// Reads a file on one thread and posts it, in blocks of so many bytes, over so many connections to a port of loopback.
///
/// # Errors
///
/// When the file cannot be read, or the other end does not answer.
pub fn post(path: &Path, block: usize, connections: u16, port: u16) -> Result<()> {
    let mut file = File::open(path)?;
    let (blocks, posted) = sync_channel::<Vec<u8>>(AHEAD);
    let (spare, used) = channel();
    let posted = Arc::new(Mutex::new(posted));
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let (posted, spare) = (Arc::clone(&posted), spare.clone());
            thread::spawn(move || post_all(&posted, &spare, port))
        })
        .collect();
    loop {
        let mut next = used.try_recv().unwrap_or_default();
        next.resize(block, 0);
        let length = file.read(&mut next)?;
        next.truncate(length);
        if length == 0 || blocks.send(next).is_err() {
            break;
        }
    }
    drop(blocks);
    for thread in threads {
        thread.join().ok().context("a connection broke off")?.context("a block was not posted")?;
    }
    Ok(())
}

fn post_all(blocks: &Mutex<Receiver<Vec<u8>>>, spare: &Sender<Vec<u8>>, port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    let mut answer = vec![0; 512];
    loop {
        let block = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(block) = block else { return Ok(()) };
        let head =
            format!("POST /v2/bulkevents HTTP/1.1\r\nhost: sink\r\ncontent-length: {}\r\n\r\n", block.len());
        let mut pieces = [IoSlice::new(head.as_bytes()), IoSlice::new(&block)];
        let mut left = &mut pieces[..];
        while !left.is_empty() {
            let written = stream.write_vectored(left)?;
            IoSlice::advance_slices(&mut left, written);
        }
        let mut read = 0;
        while !answer.get(..read).unwrap_or_default().ends_with(b"\r\n\r\n") {
            match stream.read(answer.get_mut(read..).unwrap_or_default())? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => read += more,
            }
        }
        // The one that reads may be at its end.
        let _ = spare.send(block);
    }
}
