//! Follows the strings and brackets of JSON text, without parsing it.

use std::ops::Range;

use super::lanes::Bytes16;

/// Brackets deeper than this are counted, but no longer told apart: bounded memory on hostile input.
const MAX_DEPTH: usize = 4096;

/// White space as JSON knows it.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Why a text cannot be followed further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A closing bracket of the wrong kind.
    Mismatched(u8),
    /// A line ends within a string.
    UnclosedString,
}

/// How far a piece of text took a [`Scanner`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All of it; the value goes on.
    More,
    /// The value ends after so many bytes of the piece.
    Done(usize),
    /// A fault at this byte of the piece.
    Bad(usize, Fault),
}

/// Finds the end of one object, array or string that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scanner {
    open: Brackets,
    deeper: usize,
    in_string: bool,
    escaped: bool,
}

/// The brackets that are open: a bit for each, set for a brace. No memory is asked for before there are more than 64.
#[derive(Clone, Debug, Default)]
struct Brackets {
    depth: usize,
    /// The innermost of them, up to 64.
    inner: u64,
    outer: Vec<u64>,
}

impl Brackets {
    fn push(&mut self, brace: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(std::mem::take(&mut self.inner));
        }
        self.inner = self.inner << 1 | u64::from(brace);
        self.depth += 1;
    }

    fn pop(&mut self) -> Option<bool> {
        self.depth = self.depth.checked_sub(1)?;
        let brace = self.inner & 1 == 1;
        self.inner >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.inner = self.outer.pop().unwrap_or_default();
        }
        Some(brace)
    }
}

impl Scanner {
    /// Whether the text so far ends within a string.
    pub(crate) fn in_string(&self) -> bool {
        self.in_string
    }

    /// Follows the next piece. The first one must begin with `{`, `[` or `"`.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Step {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            if self.in_string {
                match self.string(piece, at) {
                    Ok(after) => at = after,
                    Err(step) => return step,
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' if self.open.depth == MAX_DEPTH => self.deeper += 1,
                b'{' | b'[' => self.open.push(byte == b'{'),
                b'}' | b']' if self.deeper > 0 => self.deeper -= 1,
                b'}' | b']' => {
                    if self.open.pop() != Some(byte == b'}') {
                        return Step::Bad(at, Fault::Mismatched(byte));
                    }
                    if self.open.depth == 0 {
                        return Step::Done(at + 1);
                    }
                }
                // A number, or what stands between two members.
                _ => {}
            }
            at += 1;
        }
        Step::More
    }

    /// Follows a string from within; where it goes on after it or its next escape, or how the whole ends.
    fn string(&mut self, piece: &[u8], at: usize) -> Result<usize, Step> {
        let rest = piece.get(at..).unwrap_or_default();
        if std::mem::take(&mut self.escaped) {
            return match rest.first() {
                Some(b'\n') => Err(Step::Bad(at, Fault::UnclosedString)),
                _ => Ok(at + 1),
            };
        }
        let Some(special) = special(rest) else { return Ok(piece.len()) };
        let found = at + special;
        match piece.get(found) {
            Some(b'\n') => return Err(Step::Bad(found, Fault::UnclosedString)),
            Some(b'\\') => self.escaped = true,
            _ => {
                self.in_string = false;
                if self.open.depth == 0 {
                    return Err(Step::Done(found + 1));
                }
            }
        }
        Ok(found + 1)
    }
}

/// A member of a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its key, quotes included.
    pub(crate) key: Range<usize>,
    /// Its value.
    pub(crate) value: Range<usize>,
}

impl Member {
    /// Whether it has that name, escapes undone.
    pub(crate) fn is_named(&self, text: &[u8], name: &str) -> bool {
        let Some(key) = text.get(self.key.clone()) else { return false };
        if key.contains(&b'\\') {
            return serde_json::from_slice::<String>(key).is_ok_and(|key| key == name);
        }
        key.get(1..key.len().saturating_sub(1)) == Some(name.as_bytes())
    }
}

/// The members of a JSON object at its top level; `None` when its brackets and strings make none.
pub(crate) fn members(text: &[u8]) -> Option<Vec<Member>> {
    let mut members = Vec::new();
    let mut at = skip_space(text, 0);
    if text.get(at) != Some(&b'{') {
        return None;
    }
    at = skip_space(text, at + 1);
    if text.get(at) == Some(&b'}') {
        return ends_at(text, at + 1).then_some(members);
    }
    loop {
        if text.get(at) != Some(&b'"') {
            return None;
        }
        let key = at..value_end(text, at)?;
        at = skip_space(text, key.end);
        if text.get(at) != Some(&b':') {
            return None;
        }
        at = skip_space(text, at + 1);
        let value = at..value_end(text, at)?;
        at = skip_space(text, value.end);
        members.push(Member { key, value });
        match text.get(at)? {
            b',' => at = skip_space(text, at + 1),
            b'}' => return ends_at(text, at + 1).then_some(members),
            _ => return None,
        }
    }
}

/// Where the first quote, backslash or line break is. Most strings are short: the first bytes are looked at here, which costs less than a call.
fn special(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    for _ in 0..2 {
        let Some((sixteen, after)) = rest.split_first_chunk() else { break };
        let sixteen = Bytes16::new(sixteen);
        let found = sixteen.equal(b'"') | sixteen.equal(b'\\') | sixteen.equal(b'\n');
        if let Some(at) = found.first() {
            return Some(text.len() - rest.len() + at);
        }
        rest = after;
    }
    memchr::memchr3(b'"', b'\\', b'\n', rest).map(|at| text.len() - rest.len() + at)
}

/// The elements of a JSON array that stands at `array` in the text; `None` when its brackets and strings make none.
pub(crate) fn elements(text: &[u8], array: Range<usize>) -> Option<Vec<Range<usize>>> {
    let mut elements = Vec::new();
    let text = text.get(..array.end)?;
    if text.get(array.start) != Some(&b'[') {
        return None;
    }
    let mut at = skip_space(text, array.start + 1);
    if text.get(at) == Some(&b']') {
        return ends_at(text, at + 1).then_some(elements);
    }
    loop {
        let element = at..value_end(text, at)?;
        at = skip_space(text, element.end);
        elements.push(element);
        match text.get(at)? {
            b',' => at = skip_space(text, at + 1),
            b']' => return ends_at(text, at + 1).then_some(elements),
            _ => return None,
        }
    }
}

fn skip_space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| is_space(**byte)).count()
}

fn ends_at(text: &[u8], at: usize) -> bool {
    skip_space(text, at) >= text.len()
}

/// The end of the value that begins at this byte.
fn value_end(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    match rest.first()? {
        b'{' | b'[' | b'"' => match Scanner::default().feed(rest) {
            Step::Done(length) => Some(from + length),
            Step::More | Step::Bad(..) => None,
        },
        _ => Some(from + scalar_length(rest)).filter(|end| *end > from),
    }
}

/// Bytes until something that cannot belong to a number or a word.
pub(crate) fn scalar_length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Option<Vec<(&str, &str)>> {
        let members = members(text.as_bytes())?;
        Some(members.into_iter().map(|member| (&text[member.key], &text[member.value])).collect())
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let text = br#"{"a":"}]\"}","b":[{"c":"\\"}]} tail"#;
        assert_eq!(Scanner::default().feed(text), Step::Done(text.len() - 5));
    }

    #[test]
    fn a_value_can_come_a_byte_at_a_time() {
        let text = br#"{"a\"":["\\","}"]}"#;
        let mut scanner = Scanner::default();
        for (at, byte) in text.iter().enumerate() {
            let expected = if at + 1 == text.len() { Step::Done(1) } else { Step::More };
            assert_eq!(scanner.feed(&[*byte]), expected, "byte {at}");
        }
    }

    #[test]
    fn wrong_bracket_and_open_string_are_faults() {
        assert_eq!(Scanner::default().feed(b"[1}"), Step::Bad(2, Fault::Mismatched(b'}')));
        assert_eq!(Scanner::default().feed(b"[\"a\n"), Step::Bad(3, Fault::UnclosedString));
        assert_eq!(Scanner::default().feed(b"[\"a\\\n"), Step::Bad(4, Fault::UnclosedString));
    }

    #[test]
    fn strings_of_any_length_end_at_their_quote() {
        for length in 0..70 {
            for text in ["x", "é", "\\\"", "\\n"] {
                let text = format!("[\"{}\", 1]", text.repeat(length));
                assert_eq!(Scanner::default().feed(text.as_bytes()), Step::Done(text.len()), "{text}");
                assert_eq!(Scanner::default().feed(&text.as_bytes()[..text.len() - 5]), Step::More, "{text}");
            }
            let broken = format!("\"{}\n\"", "x".repeat(length));
            let fault = Step::Bad(length + 1, Fault::UnclosedString);
            assert_eq!(Scanner::default().feed(broken.as_bytes()), fault);
        }
    }

    #[test]
    fn very_deep_nesting_is_followed_in_bounded_memory() {
        let deep = MAX_DEPTH * 3;
        let text = "[".repeat(deep) + &"]".repeat(deep);
        let mut scanner = Scanner::default();
        assert_eq!(scanner.feed(text.as_bytes()), Step::Done(text.len()));
        assert!(scanner.open.outer.capacity() <= MAX_DEPTH / 32);
    }

    #[test]
    fn brackets_are_told_apart_at_any_depth() {
        for depth in [1, 2, 63, 64, 65, 127, 128, 129, 1000] {
            let open: Vec<u8> = (0..depth).map(|level| if level % 3 == 0 { b'{' } else { b'[' }).collect();
            let close: Vec<u8> =
                open.iter().rev().map(|byte| if *byte == b'{' { b'}' } else { b']' }).collect();
            let mut text = [open, close].concat();
            assert_eq!(Scanner::default().feed(&text), Step::Done(depth * 2));
            text[depth] ^= b'{' ^ b'[';
            assert_eq!(Scanner::default().feed(&text), Step::Bad(depth, Fault::Mismatched(text[depth])));
        }
    }

    #[test]
    fn members_of_the_top_level_only() {
        let text = r#" { "a" : 1 , "b":{"x":[1,"}"]}, "c":"\"," } "#;
        assert_eq!(
            names(text),
            Some(vec![("\"a\"", "1"), ("\"b\"", r#"{"x":[1,"}"]}"#), ("\"c\"", r#""\",""#)])
        );
        assert_eq!(names("{}"), Some(vec![]));
        for bad in [
            "",
            "[]",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1} x",
            "{\"a\":1 2}",
            "{a:1}",
            "\"a\"",
        ] {
            assert_eq!(names(bad), None, "{bad}");
        }
    }

    #[test]
    fn elements_of_an_array_keep_their_own_commas() {
        let text = r#"{"a":[ {"b":[1,2]} , "],",3]}"#;
        let all = elements(text.as_bytes(), 5..text.len() - 1).unwrap();
        assert_eq!(
            all.into_iter().map(|element| &text[element]).collect::<Vec<_>>(),
            [r#"{"b":[1,2]}"#, "\"],\"", "3"]
        );
        assert_eq!(elements(b"[ ]", 0..3), Some(vec![]));
        for bad in ["", "[", "[1,]", "[1 2]", "[,1]", "{}", "[1]]", "[{]}"] {
            assert_eq!(elements(bad.as_bytes(), 0..bad.len()), None, "{bad}");
        }
    }

    #[test]
    fn an_escaped_key_is_the_same_key() {
        let text = br#"{"source\u005frequest_id":1}"#;
        let members = members(text).unwrap();
        assert!(members[0].is_named(text, "source_request_id"));
        assert!(!members[0].is_named(text, "source"));
    }
}
