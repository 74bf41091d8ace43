//! Tokens of a JSON document whose bytes are known to be UTF-8. Stops at the first byte that is out of place.

use super::sixteen::{first_bracket, first_end};

/// Reads one document from front to back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

/// A text between its quotes, as it stands in the document.
#[derive(Clone, Copy, Debug)]
pub(in crate::validate) struct Raw<'a> {
    pub(super) document: &'a str,
    /// Where it begins and ends.
    pub(super) start: usize,
    pub(super) end: usize,
    /// It has escapes, so that it is not yet what it means.
    pub(super) escaped: bool,
}

impl<'a> Raw<'a> {
    /// What stands between the quotes.
    #[inline(always)]
    pub(super) fn text(&self) -> &'a str {
        self.document.get(self.start..self.end).unwrap_or_default()
    }

    /// The same as bytes.
    #[inline(always)]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.document.as_bytes().get(self.start..self.end).unwrap_or_default()
    }

    /// Its length in bytes.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// The second eight bytes.
    #[inline(always)]
    pub(super) fn middle(&self) -> u64 {
        let rest = self.document.as_bytes().get(self.start + 8..).unwrap_or_default();
        rest.first_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk))
    }

    /// Its first byte.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<u8> {
        if self.start < self.end { self.document.as_bytes().get(self.start).copied() } else { None }
    }

    /// What the text means, as a copy. Escapes were checked before, so that there is always an answer.
    pub(super) fn decode(&self) -> Option<String> {
        serde_json::from_str(&format!("\"{}\"", self.text())).ok()
    }
}

/// What remains of a word of which so many bytes count.
const FIRST: [u64; 9] = [
    0,
    0xff,
    0xffff,
    0xff_ffff,
    0xffff_ffff,
    0xff_ffff_ffff,
    0xffff_ffff_ffff,
    0xff_ffff_ffff_ffff,
    u64::MAX,
];
impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no blank; not consumed.
    #[inline(always)]
    pub(super) fn token(&mut self) -> Option<u8> {
        loop {
            let byte = self.peek()?;
            if byte > b' ' {
                return Some(byte);
            }
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return None;
            }
            self.at += 1;
        }
    }

    /// Whether the next byte that is no blank is this one. Hardly ever does a blank come before it.
    #[inline(always)]
    pub(super) fn is_next(&mut self, wanted: u8) -> Option<bool> {
        Some(self.peek() == Some(wanted) || self.token()? == wanted)
    }

    /// Consumes `wanted`, after blanks.
    #[inline(always)]
    pub(super) fn expect(&mut self, wanted: u8) -> Option<()> {
        self.is_next(wanted)?.then(|| self.at += 1)
    }

    /// Nothing but blanks follows.
    pub(super) fn is_over(&mut self) -> bool {
        self.token().is_none() && self.at >= self.bytes.len()
    }

    pub(super) fn word(&self, at: usize) -> Option<u64> {
        let (chunk, _) = self.bytes.get(at..)?.split_first_chunk::<8>()?;
        Some(u64::from_le_bytes(*chunk))
    }

    /// The first and last eight bytes of a name, as [`super::table::Object::find`] wants them.
    #[inline(always)]
    pub(super) fn ends_of(&self, name: Raw<'_>) -> Option<(u64, u64)> {
        let length = name.len();
        let Some(first) = self.word(name.start) else {
            // A short one, right at the end of the document.
            return Some((name.text().bytes().rev().fold(0, |word, byte| word << 8 | u64::from(byte)), 0));
        };
        // Without branches: lengths of names cannot be foreseen.
        let last = self.word(name.end.saturating_sub(8))? & 0_u64.wrapping_sub(u64::from(length >= 8));
        Some((first & FIRST.get(length.min(8))?, last))
    }

    /// A text, from its opening quote on.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<Raw<'a>> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(at..)?;
            let byte = match rest.first_chunk() {
                Some(chunk) => match first_end(chunk) {
                    Some(end) => {
                        at += end;
                        // What was found lies within the chunk.
                        *chunk.get(end & 15)?
                    }
                    None => {
                        at += chunk.len();
                        continue;
                    }
                },
                None => {
                    let end = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'))?;
                    at += end;
                    *rest.get(end)?
                }
            };
            match byte {
                b'"' => {
                    self.at = at + 1;
                    return Some(Raw { document: self.text, start, end: at, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.at = at;
                    self.escape()?;
                    at = self.at;
                }
                _ => return None,
            }
        }
    }

    /// One escape; both halves of a surrogate pair together.
    fn escape(&mut self) -> Option<()> {
        match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let unit = self.unit()?;
                match unit {
                    0xd800..=0xdbff if matches!(self.unit()?, 0xdc00..=0xdfff) => {}
                    0xd800..=0xdfff => return None,
                    _ => {}
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// `\uXXXX`.
    fn unit(&mut self) -> Option<u32> {
        let (escape, _) = self.bytes.get(self.at..)?.split_first_chunk::<6>()?;
        let [b'\\', b'u', digits @ ..] = escape else { return None };
        self.at += 6;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    }

    /// The rest of a literal such as `null`.
    #[inline(always)]
    pub(super) fn literal(&mut self, literal: &[u8]) -> Option<()> {
        let found = self.bytes.get(self.at..self.at + literal.len())?;
        (found == literal).then(|| self.at += literal.len())
    }

    /// Moves behind the value that begins here without checking more of it than brackets and texts. Whoever calls
    /// this has to read the value properly afterwards.
    pub(super) fn leap(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            // Numbers, commas and the like in one go.
            while let Some(sixteen) = self.bytes.get(self.at..)?.first_chunk() {
                if let Some(found) = first_bracket(sixteen) {
                    self.at += found;
                    break;
                }
                self.at += sixteen.len();
            }
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Option<(&str, bool)> {
        Scanner::new(text).string().map(|raw| (raw.text(), raw.escaped))
    }

    #[test]
    fn texts_end_at_their_quote_wherever_it_stands() {
        for length in 0..40 {
            let plain = "é".repeat(length);
            assert_eq!(string(&format!("\"{plain}\"")), Some((plain.as_str(), false)));
            let document = format!("\"{plain}\\\"\" and more than eight bytes");
            assert_eq!(string(&document).unwrap().0.len(), 2 * length + 2);
            assert!(string(&format!("\"{plain}")).is_none());
            assert!(string(&format!("\"{plain}\u{1f}12345678\"")).is_none());
        }
        assert!(string("\"\u{7f}\u{80}\u{ff}\"").is_some());
    }

    #[test]
    fn escapes_are_those_of_json_and_surrogates_come_in_pairs() {
        for good in [r#""\"\\\/\b\f\n\r\t""#, r#""\u0000\uFFFF""#, r#""\ud83d\uDE00""#] {
            assert!(string(good).is_some_and(|(_, escaped)| escaped), "{good}");
        }
        for bad in [
            r#""\x""#,
            r#""\u12g4""#,
            r#""\u123"#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\u0041""#,
            r#""\""#,
        ] {
            assert!(string(bad).is_none(), "{bad}");
        }
    }
}
