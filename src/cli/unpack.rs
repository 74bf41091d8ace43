//! Unpacks gzip and zstd while reading. What an input is, its first bytes say and not its name.

use std::error::Error;
use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// How an input is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip, RFC 1952.
    Gzip,
    /// zstd, RFC 8878.
    Zstd,
}

impl Packing {
    /// Told from the first bytes.
    #[must_use]
    pub fn of(start: &[u8]) -> Self {
        match start {
            [0x1F, 0x8B, ..] => Self::Gzip,
            // A frame, or one to be skipped, which may come first.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// What a reader reads, unpacked. Looks at nothing before the first byte is wanted.
pub struct Unpacked<R: BufRead>(State<R>);

enum State<R: BufRead> {
    New(R),
    Plain(R),
    Gzip(Box<MultiGzDecoder<R>>),
    Zstd(Box<Frames<R>>),
    /// After an error, and while the state changes.
    Done,
}

impl<R: BufRead> Unpacked<R> {
    /// Unpacks what `source` holds.
    pub fn new(source: R) -> Self {
        Self(State::New(source))
    }
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let State::New(_) = self.0
            && let State::New(source) = std::mem::replace(&mut self.0, State::Done)
        {
            self.0 = begin(source)?;
        }
        let result = match &mut self.0 {
            State::Plain(source) | State::New(source) => return source.read(buffer),
            State::Gzip(decoder) => retried(|| decoder.read(buffer)).map_err(|error| explain("gzip", &error)),
            State::Zstd(frames) => retried(|| frames.read(buffer)).map_err(|error| explain("zstd", &error)),
            State::Done => Ok(0),
        };
        if result.is_err() {
            self.0 = State::Done;
        }
        result
    }
}

fn retried(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

fn begin<R: BufRead>(mut source: R) -> io::Result<State<R>> {
    let start = loop {
        match source.fill_buf() {
            Ok(start) => break start,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    Ok(match Packing::of(start) {
        Packing::Plain => State::Plain(source),
        Packing::Gzip => State::Gzip(Box::new(MultiGzDecoder::new(source))),
        Packing::Zstd => {
            State::Zstd(Box::new(Frames { source, decoder: FrameDecoder::new(), inside: false }))
        }
    })
}

/// Whether reading past the end is at the bottom of the error.
fn is_end(error: &io::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return true;
            }
            // The error that an `io::Error` wraps is not its source, but that of which it gives the source.
            cause = error.get_ref().map(|inner| inner as &(dyn Error + 'static));
        } else {
            cause = error.source();
        }
    }
    false
}

fn explain(kind: &str, error: &io::Error) -> io::Error {
    let what = if is_end(error) {
        format!("the {kind} data ends before it is complete: the file was not copied or written to its end")
    } else {
        format!("the {kind} data is damaged: {error}")
    };
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// One zstd frame after another, as `cat a.zst b.zst` leaves them.
struct Frames<R: BufRead> {
    source: R,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside {
                if self.source.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.inside = self.open()?;
                continue;
            }
            let mut frame = Frame { source: &mut self.source, decoder: &mut self.decoder };
            let read = frame.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.inside = false;
            self.verify()?;
        }
    }

    /// Reads the head of a frame; false when it was one to be skipped, and was.
    fn open(&mut self) -> io::Result<bool> {
        match self.decoder.init(&mut self.source) {
            Ok(()) => Ok(true),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = u64::from(length);
                let skipped = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                if skipped < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(false) }
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn verify(&self) -> io::Result<()> {
        let (written, counted) =
            (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        match (written, counted) {
            (Some(written), Some(counted)) if written != counted => {
                Err(io::Error::other("the checksum is another one"))
            }
            _ => Ok(()),
        }
    }
}

/// The frame under way.
struct Frame<'a, R: BufRead> {
    source: &'a mut R,
    decoder: &'a mut FrameDecoder,
}

impl<R: BufRead> Frame<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            self.decoder
                .decode_blocks(&mut *self.source, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(io::Error::other)?;
        }
        self.decoder.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        compress_to_vec(text, CompressionLevel::Fastest)
    }

    fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        // A small buffer, so that heads and ends fall across its borders.
        Unpacked::new(io::BufReader::with_capacity(7, bytes)).read_to_end(&mut out).map(|_| out)
    }

    fn text() -> Vec<u8> {
        (0..20_000_u32)
            .flat_map(|number| number.wrapping_mul(2_654_435_761).to_string().into_bytes())
            .collect()
    }

    #[test]
    fn packed_and_plain_come_out_the_same() {
        let text = text();
        for packed in [text.clone(), gzip(&text), zstd(&text)] {
            assert!(unpack(&packed).unwrap() == text);
        }
        assert!(unpack(b"").unwrap().is_empty());
    }

    #[test]
    fn parts_one_after_another_are_one_input() {
        assert_eq!(unpack(&[gzip(b"one\n"), gzip(b"two\n")].concat()).unwrap(), b"one\ntwo\n");
        let skipped = [&[0x51, 0x2A, 0x4D, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
        let all = [skipped.clone(), zstd(b"one\n"), skipped, zstd(b"two\n")].concat();
        assert_eq!(unpack(&all).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn what_is_cut_off_anywhere_says_so() {
        for packed in [gzip(&text()), zstd(&text())] {
            for kept in [5, 9, packed.len() / 2, packed.len() - 1] {
                let error = unpack(packed.get(..kept).unwrap()).unwrap_err();
                assert!(error.to_string().contains("ends before it is complete"), "{kept}: {error}");
            }
        }
    }

    #[test]
    fn what_is_damaged_says_so() {
        for packed in [gzip(&text()), zstd(&text())] {
            let mut packed = packed;
            let middle = packed.len() / 2;
            for byte in packed.iter_mut().skip(middle).take(40) {
                *byte = !*byte;
            }
            let error = unpack(&packed).unwrap_err();
            assert!(error.to_string().contains("data is damaged"), "{error}");
        }
    }
}
