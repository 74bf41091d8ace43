//! Finds out how batches are laid out in a file, from its first two lines.

use std::io::{self, Read};

use super::scan::{Scanner, Step, is_space};
use super::source::{Source, Stretch};
use super::{Format, InputErrorKind, Layout};

/// The bytes at the start that must be text.
const PROBE: usize = 1024;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What the first bytes say.
#[derive(Debug)]
pub(super) enum Start {
    /// White space at most.
    Empty,
    /// Batches, laid out like this.
    Batches(Layout),
    /// Nothing that could be read.
    Fault(InputErrorKind),
}

/// Looks at the start of an input, and reads over a byte order mark and leading white space; true when there was a mark.
pub(super) fn start<R: Read>(
    source: &mut Source<R>,
    format: Format,
    cap: usize,
) -> io::Result<(bool, Start)> {
    while source.ahead().len() <= PROBE && source.look()? {}
    let bom = source.ahead().starts_with(BOM);
    if let Some(fault) = binary(source.ahead()) {
        return Ok((bom, Start::Fault(fault)));
    }
    if bom {
        source.advance(Stretch::invisible(BOM.len()));
    }
    let Some(first) = source.skip_space()? else { return Ok((bom, Start::Empty)) };
    let layout = match (format, first) {
        (Format::Ndjson, _) => Layout::Lines,
        (_, b'[') => Layout::Array,
        (Format::Json, _) => Layout::Documents,
        (Format::Auto, b'{') => lines_or_documents(source, cap)?,
        (Format::Auto, _) => {
            let (_, next) = two_lines(source, cap)?;
            if next != Some(b'{') {
                return Ok((
                    bom,
                    Start::Fault(InputErrorKind::NotJson { found: first_char(source.ahead()) }),
                ));
            }
            Layout::Lines
        }
    };
    Ok((bom, Start::Batches(layout)))
}

fn binary(start: &[u8]) -> Option<InputErrorKind> {
    let probe = start.get(..PROBE).unwrap_or(start);
    let looks_like = match probe {
        [0x1F, 0x8B, ..] => Some("gzip"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some("zstd"),
        [b'P', b'K', 3, 4, ..] => Some("a zip archive"),
        [b'P', b'A', b'R', b'1', ..] => Some("a Parquet file"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..] => {
            Some("UTF-16 text")
        }
        _ => None,
    };
    let is_control = |byte: &u8| byte.is_ascii_control() && !is_space(*byte);
    // A character cut in two by the end of the probe, or of the file, is another matter. So is text in another
    // encoding, such as Latin-1: which batch has it, and where, is a finding.
    let text = std::str::from_utf8(probe).map_or_else(|error| error.error_len().is_none(), |_| true)
        || (matches!(probe.trim_ascii_start(), [b'{' | b'[', ..]) && !probe.iter().any(is_control));
    (looks_like.is_some() || !text || probe.contains(&0)).then_some(InputErrorKind::Binary { looks_like })
}

/// The length of the first line, and the first byte after it that is no white space.
fn two_lines<R: Read>(source: &mut Source<R>, cap: usize) -> io::Result<(usize, Option<u8>)> {
    let mut looked = 0;
    let length = loop {
        let ahead = source.ahead();
        let rest = ahead.get(looked..).unwrap_or_default();
        if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            break looked + end;
        }
        looked = ahead.len();
        if looked > cap || !source.look()? {
            return Ok((looked, None));
        }
    };
    looked = length;
    loop {
        let ahead = source.ahead();
        let rest = ahead.get(looked..).unwrap_or_default();
        if let Some(next) = rest.iter().find(|byte| !is_space(**byte)) {
            return Ok((length, Some(*next)));
        }
        looked = ahead.len();
        if looked > cap || !source.look()? {
            return Ok((length, None));
        }
    }
}

fn lines_or_documents<R: Read>(source: &mut Source<R>, cap: usize) -> io::Result<Layout> {
    let (length, next) = two_lines(source, cap)?;
    let line = source.ahead().get(..length).unwrap_or_default();
    let mut scanner = Scanner::default();
    Ok(match scanner.feed(line) {
        Step::Done(end) => {
            let after = line.iter().skip(end).find(|byte| !is_space(**byte));
            if after == Some(&b'{') { Layout::Documents } else { Layout::Lines }
        }
        Step::Bad(..) => Layout::Lines,
        // A line of at most `cap` bytes that never ends is one batch that is too long, whichever way it is read.
        Step::More if length > cap => Layout::Lines,
        Step::More => {
            let last = line.iter().rev().find(|byte| !is_space(**byte));
            let awaits_value = !scanner.in_string() && matches!(last, Some(b':' | b'[' | b','));
            if next == Some(b'{') && !awaits_value { Layout::Lines } else { Layout::Documents }
        }
    })
}

/// The first character of a text that is known to be UTF-8 in its first bytes.
pub(super) fn first_char(text: &[u8]) -> char {
    let start = text.get(..text.len().min(4)).unwrap_or_default();
    start
        .utf8_chunks()
        .next()
        .and_then(|chunk| chunk.valid().chars().next())
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}
