//! Pieces of JSON and of what is nearly JSON, by the parts of its grammar.

use crate::traffic::Random;

/// One of everything.
pub fn all() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for text in structures().into_iter().chain(numbers()).chain(strings()).chain(words()) {
        all.push(text.into_bytes());
    }
    all.extend(bytes_in_strings());
    all.extend(blanks());
    all
}

/// Brackets, commas and colons: each of a few good values with every token taken away, doubled or replaced.
fn structures() -> Vec<String> {
    const TOKENS: [&str; 9] = ["{", "}", "[", "]", ",", ":", "\"a\"", "1", "null"];
    let good: [&[&str]; 6] = [
        &["{", "\"a\"", ":", "1", "}"],
        &["{", "\"a\"", ":", "1", ",", "\"b\"", ":", "null", "}"],
        &["[", "1", ",", "\"a\"", "]"],
        &["{", "}"],
        &["[", "]"],
        &["[", "{", "\"a\"", ":", "[", "]", "}", ",", "1", "]"],
    ];
    let mut all = Vec::new();
    for tokens in good {
        all.push(tokens.concat());
        for at in 0..tokens.len() {
            let (before, after) = (tokens[..at].concat(), tokens[at + 1..].concat());
            all.push(format!("{before}{after}"));
            all.push(before.clone());
            for other in TOKENS {
                all.push(format!("{before}{other}{after}"));
                all.push(format!("{before}{}{other}{after}", tokens[at]));
            }
        }
    }
    // Repeated and odd keys; comments; nesting up to and beyond what is read.
    for odd in
        ["{\"a\":1,\"a\":2}", "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "[1]//", "[/*1*/]", "#1", "{\"\":0}"]
    {
        all.push(odd.to_owned());
    }
    for depth in [2, 100, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 400, 20_000] {
        all.push("[".repeat(depth) + &"]".repeat(depth));
        all.push("[".repeat(depth));
        all.push("{\"a\":".repeat(depth) + "1" + &"}".repeat(depth));
    }
    all
}

/// Every combination of the parts of a number, good and bad ones.
fn numbers() -> Vec<String> {
    let mut all = Vec::new();
    for sign in ["", "-", "+", "--"] {
        for integer in ["", "0", "00", "01", "7", "10", "1234567", "12345678", "123456789012345678"] {
            for fraction in ["", ".", ".0", ".5", ".12345678", "..1", ".e"] {
                for exponent in
                    ["", "e", "E", "e5", "E+5", "e-5", "e+", "e00", "e99", "e308", "e-400", "e5.5", "ee1"]
                {
                    all.push(format!("{sign}{integer}{fraction}{exponent}"));
                }
            }
        }
    }
    // Where 32, 53 and 64 bits end, and far beyond.
    for edge in [1_i128 << 31, 1 << 32, 1 << 53, 1 << 63, 1 << 64, 10_i128.pow(18), 10_i128.pow(19)] {
        for near in [-2, -1, 0, 1] {
            all.push((edge + near).to_string());
            all.push((-edge + near).to_string());
        }
    }
    for digits in [17, 18, 19, 20, 21, 63, 64, 65, 400] {
        all.push("9".repeat(digits));
        all.push(format!("0.{}", "9".repeat(digits)));
        all.push(format!("1e{}", "9".repeat(digits)));
        all.push(format!("1e-{}", "9".repeat(digits)));
        all.push(format!("0e{}", "9".repeat(digits)));
    }
    for odd in [
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "1e309",
        "0x10",
        "1_000",
        "1,5",
        "1 2",
        "- 1",
        "1.e1",
        ".5",
        "Infinity",
        "-Infinity",
        "NaN",
        "1f",
        "1n",
        "١",
    ] {
        all.push(odd.to_owned());
    }
    all
}

/// Escapes of every byte, and surrogates in every company; texts that are never closed.
fn strings() -> Vec<String> {
    let mut all =
        vec!["\"".to_owned(), "\"\"".to_owned(), "\"a".to_owned(), "a\"".to_owned(), "'a'".to_owned()];
    for byte in 0x20..0x7f_u8 {
        let letter = char::from(byte);
        all.push(format!("\"\\{letter}\""));
        all.push(format!("\"12345678\\{letter}0041\""));
        all.push(format!("\"\\u004{letter}\""));
        all.push(format!("\"\\u{letter}041x\""));
    }
    let units = [
        "\\ud800", "\\uDBFF", "\\udc00", "\\uDFFF", "\\u0041", "\\uffff", "x", "\\n", "\\", "\\u", "\\ud8",
        "",
    ];
    for one in units {
        for other in units {
            all.push(format!("\"{one}{other}\""));
            all.push(format!("\"long enough {one}{other} to be read in words\""));
            all.push(format!("\"{one}{other}"));
        }
    }
    for length in 0..20 {
        let plain = "p".repeat(length);
        all.push(format!("\"{plain}"));
        all.push(format!("\"{plain}\\\""));
        all.push(format!("\"{plain}\\\\\""));
        for control in 0..0x20_u8 {
            all.push(format!("\"{plain}{}p\"", char::from(control)));
        }
        all.push(format!("\"{plain}\u{7f}{plain}\u{80}\u{2028}\u{feff}\u{fffe}\u{10ffff}\""));
    }
    all
}

/// Literals, cut and changed.
fn words() -> Vec<String> {
    let mut all = Vec::new();
    for word in ["true", "false", "null"] {
        for end in 0..=word.len() {
            all.push(word[..end].to_owned());
            all.push(format!("{}x{}", &word[..end], &word[end..]));
        }
        all.extend([word.to_uppercase(), format!("{word} {word}"), format!("\"{word}"), format!("{word}1")]);
    }
    all.extend(["undefined", "nil", "None", "t", "tru e"].map(str::to_owned));
    all
}

/// Bytes that are UTF-8, and bytes that are not, in a text, in a key and between tokens.
fn bytes_in_strings() -> Vec<Vec<u8>> {
    let mut sequences: Vec<Vec<u8>> = (0x7f..=0xff).map(|byte| vec![byte]).collect();
    // Each number of bytes at the borders of its range: too long for what it says, surrogates, beyond the last one.
    for first in [0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xf8, 0xfc, 0xfe] {
        for second in [0x00, 0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0] {
            sequences.push(vec![first, second]);
            sequences.push(vec![first, second, 0x80]);
            sequences.push(vec![first, second, 0xbf, 0xbf]);
            sequences.push(vec![first, second, 0x80, 0x80, 0x80]);
            sequences.push(vec![first, second, 0x80, 0x80, 0x80, 0x80]);
        }
    }
    let around: [(&[u8], &[u8]); 5] =
        [(b"\"", b"\""), (b"\"eight by", b"tes more\""), (b"{\"", b"\":1}"), (b"", b"1"), (b"\"cut ", b"")];
    let put = |sequence: &Vec<u8>| around.map(|(before, after)| [before, sequence, after].concat());
    sequences.iter().flat_map(put).collect()
}

/// White space of all kinds around and between tokens, also what is none in JSON; byte-order marks.
fn blanks() -> Vec<Vec<u8>> {
    const BLANKS: [&[u8]; 16] = [
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\x0b",
        b"\x0c",
        b"\0",
        b"\x1c",
        b"\x7f",
        b"\x85",
        b"\xa0",
        b"\xc2\xa0",
        b"\xe2\x80\xa8",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
    ];
    let mut all = vec![Vec::new()];
    for blank in BLANKS {
        all.push(blank.to_vec());
        all.push(blank.repeat(30));
        for parts in [&[&b"1"[..]][..], &[b"[", b"1", b",", b"2", b"]"], &[b"{", b"\"a\"", b":", b"1", b"}"]]
        {
            all.push([blank, &parts.concat(), blank].concat());
            for at in 0..parts.len() {
                all.push([parts[..at].concat(), blank.to_vec(), parts[at..].concat()].concat());
            }
        }
    }
    all
}

/// Two or three fragments, put together as a list or an object.
pub fn join(random: &mut Random, fragments: &[Vec<u8>]) -> Vec<u8> {
    let mut pick = || fragments[random.below(fragments.len())].clone();
    let (one, other) = (pick(), pick());
    let name = format!("k{}", random.below(2)).into_bytes();
    match random.below(4) {
        0 => [b"[", &one[..], b",", &other, b"]"].concat(),
        1 => [b"{\"k1\":", &one[..], b",\"", &name, b"\":", &other, b"}"].concat(),
        2 => [b"{", &one[..], b":", &other, b"}"].concat(),
        _ => [&one[..], &other].concat(),
    }
}

/// One to three small changes, mostly to what the grammar is made of.
pub fn change(random: &mut Random, bytes: &mut Vec<u8>) {
    const TOKENS: &[u8] =
        b"{}[]:,\"\\/-+.eE0123456789abfnrtu \n\t\r\0\x0c\x1f\x7f\x80\xbf\xc3\xe2\xed\xf0\xff";
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len() + 1);
        let token = TOKENS[random.below(TOKENS.len())];
        match random.below(6) {
            0 if at < bytes.len() => drop(bytes.remove(at)),
            1 if at < bytes.len() => bytes[at] = token,
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 if at < bytes.len() => bytes.insert(at, bytes[at]),
            4 => {
                let end = (at + random.below(8)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            _ => bytes.insert(at, token),
        }
    }
}

/// Nothing that the accepting pass leaves to the rules without a look: very long numbers, and very large exponents.
pub fn is_usual(fragment: &[u8]) -> bool {
    let text = String::from_utf8_lossy(fragment);
    let exponent = text.rsplit(['e', 'E']).next().unwrap_or_default().trim_start_matches(['+', '-']);
    fragment.len() <= 64 && (exponent.len() <= 2 || text.starts_with('"') || !text.contains(['e', 'E']))
}
