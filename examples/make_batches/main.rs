//! Writes `examples/batches.ndjson`: six hours of a made-up outdoor shop, with a dozen real-life mistakes in it.
//!
//! ```console
//! cargo run --example make_batches > examples/batches.ndjson
//! ```
//!
//! The same program writes the same bytes every time: nothing here asks for the time or for real randomness.

// The tables here are constants and never empty.
#![allow(clippy::indexing_slicing)]

mod journeys;
mod mistakes;
mod shop;

use std::io::{self, BufWriter, Write};

use serde_json::Value;
use shop::Random;

/// How many batches without the planted mistakes.
const BATCHES: usize = 300;
/// 2026-11-20 06:00 UTC, in milliseconds: when the first batch happens.
const OPENING_MS: i64 = 1_795_154_400_000;
/// Time between two batches.
const STEP_MS: i64 = 70_000;

fn main() -> io::Result<()> {
    let mut random = Random::new(20_261_120);
    let mut lines = Vec::new();
    for index in 0..BATCHES {
        let now_ms = OPENING_MS + STEP_MS * i64::try_from(index).unwrap_or_default();
        let batch = journeys::batch(index, now_ms, &mut random);
        lines.push(line(&batch, index));
    }
    mistakes::plant(&mut lines);

    let mut out = BufWriter::new(io::stdout().lock());
    for line in lines {
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// One batch as one line. Every seventh is written the way some JSON libraries do it: ASCII only, the rest escaped.
fn line(batch: &Value, index: usize) -> String {
    let text = batch.to_string();
    if index % 7 == 3 { ascii(&text) } else { text }
}

fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            let mut units = [0_u16; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}
