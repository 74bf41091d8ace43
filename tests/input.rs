//! Reading batches from files of every layout, and from files that are none.
// Helpers of tests, too, may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use mparticle_events::input::{BatchReader, Format, InputError, InputErrorKind, Layout, RawBatch};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(text: impl AsRef<[u8]>) -> Vec<Result<RawBatch, InputError>> {
    BatchReader::new(text.as_ref()).collect()
}

/// Text and line of each batch; panics on an error.
fn good(text: &str) -> Vec<(String, usize)> {
    let batches = read(text).into_iter().map(|item| item.expect("a batch"));
    let batches: Vec<RawBatch> = batches.collect();
    for (index, batch) in batches.iter().enumerate() {
        assert_eq!(batch.index, index as u64);
        let start = batch.offset as usize;
        assert_eq!(
            &text.as_bytes()[start..start + batch.bytes.len()],
            batch.bytes,
            "offset of batch {index}"
        );
    }
    batches.into_iter().map(|batch| (String::from_utf8(batch.bytes.into()).unwrap(), batch.line)).collect()
}

fn pairs(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    expected.iter().map(|(text, line)| ((*text).to_owned(), *line)).collect()
}

/// The only error, which must be the last item.
fn fault(text: impl AsRef<[u8]>) -> (usize, InputError) {
    let mut items = read(text);
    let error = items.pop().expect("an item").expect_err("an error");
    assert!(error.is_fatal());
    assert!(items.iter().all(Result::is_ok), "one message only");
    (items.len(), error)
}

fn layout(text: &str) -> Option<Layout> {
    let mut reader = BatchReader::new(text.as_bytes());
    reader.by_ref().for_each(drop);
    reader.layout()
}

#[test]
fn a_batch_a_line() {
    let text = "\u{feff}\r\n{\"a\":1}\r\n\n  {\"b\":\"}\"} \t\n[1,2]\n{\"c\":3}";
    let expected = [("{\"a\":1}", 2), ("{\"b\":\"}\"}", 4), ("[1,2]", 5), ("{\"c\":3}", 6)];
    assert_eq!(good(text), pairs(&expected));
    let mut reader = BatchReader::new(text.as_bytes());
    assert_eq!(reader.by_ref().count(), 4);
    assert!(reader.had_bom() && !reader.is_empty());
    assert_eq!((reader.layout(), reader.batches()), (Some(Layout::Lines), 4));
    assert_eq!(reader.bytes_read(), text.len() as u64);
}

#[test]
fn an_array_keeps_the_bytes_of_its_elements() {
    let text = "[ {\"a\": [1, \"]\"]},\n\n{ \"b\"\n:2 } ,3,\"x\\\"\", null ]\n";
    let expected =
        [("{\"a\": [1, \"]\"]}", 1), ("{ \"b\"\n:2 }", 3), ("3", 4), ("\"x\\\"\"", 4), ("null", 4)];
    assert_eq!(good(text), pairs(&expected));
    assert_eq!(good("[]"), vec![]);
    assert_eq!(layout("[]"), Some(Layout::Array));
}

#[test]
fn documents_that_span_lines() {
    let one = "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n";
    assert_eq!(good(one), pairs(&[(one.trim_end(), 1)]));
    let two = format!("{one}\n{one}");
    assert_eq!(good(&two), pairs(&[(one.trim_end(), 1), (one.trim_end(), 7)]));
    assert_eq!(good("{\"a\":1}{\"b\":2}"), pairs(&[("{\"a\":1}", 1), ("{\"b\":2}", 1)]));
}

#[test]
fn the_layout_is_found_out() {
    for (text, expected) in [
        ("{\"a\":1}", Layout::Lines),
        ("{\"a\":1}\n\n\n", Layout::Lines),
        ("{\"a\":1\n{\"b\":2}\n", Layout::Lines),
        ("{\"a\":\"x\n{\"b\":2}\n", Layout::Lines),
        ("{\"a\":1}},\n{\"b\":2}\n", Layout::Lines),
        ("# made by hand\n{\"b\":2}\n", Layout::Lines),
        ("{\n\"a\":1\n}", Layout::Documents),
        ("{\"events\":[\n{\"a\":1}]}", Layout::Documents),
        ("{\n\n\n\"a\":1}", Layout::Documents),
        (" [\n{\"a\":1}]", Layout::Array),
    ] {
        assert_eq!(layout(text), Some(expected), "{text}");
    }
    let forced = BatchReader::new("[1]\n[2]\n".as_bytes()).format(Format::Ndjson);
    assert_eq!(forced.map(|batch| batch.unwrap().bytes).collect::<Vec<_>>(), ["[1]", "[2]"]);
    let forced = BatchReader::new("{\"a\":1}\n{\"b\":2}\n".as_bytes()).format(Format::Json);
    assert_eq!(forced.map(|batch| batch.unwrap().line).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn an_empty_input_is_not_an_input_of_no_batches() {
    for text in ["", "\n \r\n\t", "\u{feff}", "\u{feff}\n"] {
        let mut reader = BatchReader::new(text.as_bytes());
        assert!(reader.next().is_none());
        assert!(reader.is_empty(), "{text:?}");
    }
    let mut reader = BatchReader::new("[ ]".as_bytes());
    assert!(reader.next().is_none());
    assert!(!reader.is_empty());
}

#[test]
fn a_batch_that_is_too_long_is_named_and_passed_over() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
    for (text, lines) in [
        (format!("{{\"b\":1}}\n{long}\n{{\"c\":1}}\n"), [1, 2, 3]),
        (format!("[{{\"b\":1}},\n{long},\n{{\"c\":1}}]"), [1, 2, 3]),
        (format!("{{\n\"b\":1}}\n{long}\n{{\"c\":1}}"), [1, 3, 4]),
    ] {
        for buffer in [1, 7, 4096] {
            let input = BufReader::with_capacity(buffer, text.as_bytes());
            let items: Vec<_> = BatchReader::new(input).max_batch_bytes(100).collect();
            assert_eq!(items.len(), 3, "{text}");
            let error = items[1].as_ref().unwrap_err();
            assert!(matches!(error.kind(), InputErrorKind::TooLong { bytes: 1008, limit: 100 }), "{error}");
            assert_eq!((error.line(), error.index(), error.is_fatal()), (lines[1], Some(1), false));
            assert_eq!(items[0].as_ref().unwrap().line, lines[0]);
            let last = items[2].as_ref().unwrap();
            assert_eq!((last.line, last.index), (lines[2], 2));
        }
    }
}

#[test]
fn a_file_that_is_cut_off_says_where() {
    let (before, error) = fault("[{\"a\":1},\n{\"b\":\n[2,");
    assert_eq!((before, error.line(), error.index()), (1, 2, Some(1)));
    assert!(matches!(error.kind(), InputErrorKind::TruncatedBatch { last_line: 3 }));
    for text in ["[{\"a\":1}", "[{\"a\":1},\n", "[{\"a\":1} \n "] {
        let (before, error) = fault(text);
        assert_eq!(before, 1);
        assert!(matches!(error.kind(), InputErrorKind::UnclosedArray), "{error}");
    }
    let (before, error) = fault("{\n\"a\":1\n");
    assert_eq!((before, error.line()), (0, 1));
}

#[test]
fn what_cannot_be_told_apart_ends_the_reading_with_one_message() {
    for (text, line, words) in [
        ("[{\"a\":1}\n{\"b\":2}]", 2, "found '{' where `,` or `]` belongs"),
        ("[{\"a\":1},\n]", 2, "found ']' where a batch"),
        ("[{\"a\":1},,{}]", 1, "found ',' where a batch"),
        ("[{\"a\":1}]\n[{\"b\":2}]", 2, "found '[' after the `]`"),
        (
            "[\n{\"a\":[1,\n2}, {}]",
            3,
            "`}` in column 2 closes the wrong bracket in the batch that begins on line 2",
        ),
        ("[{\"a\":\"x},\n{}]", 1, "a string is not closed"),
        ("{\n\"a\":1},\n{\"b\":2}", 2, "found ',' where a batch"),
        ("id,name\n1,é\n", 1, "expected a batch, which begins with `{`, found 'i'"),
        ("é", 1, "found 'é'"),
    ] {
        let (_, error) = fault(text);
        assert_eq!(error.line(), line, "{text}: {error}");
        assert!(error.what().contains(words), "{text}: {error}");
        assert_eq!(error.to_string(), format!("line {line}: {}; {}", error.what(), error.help()));
    }
}

#[test]
fn binary_files_get_one_clear_message() {
    for (bytes, words) in [
        (&b"\x1f\x8b\x08\0\0"[..], "gzip"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (b"{\0\"\0", "UTF-16"),
        (b"{\"a\":1}\n\0\0", "binary"),
        (b"{\"a\":\"\xff\x01\"}", "binary"),
        (b"\xff{}", "binary"),
        (b"PAR1\x15\x04", "Parquet"),
    ] {
        let (before, error) = fault(bytes);
        assert_eq!(before, 0);
        assert!(error.what().contains(words), "{error}");
    }
    // Another encoding is for the rules to tell.
    let latin = b"{\"a\":\"M\xfcnchen\"}";
    assert_eq!(
        BatchReader::new(&latin[..]).map(|batch| batch.unwrap().bytes).collect::<Vec<_>>(),
        [&latin[..]]
    );
    // A character of three bytes across the end of the bytes that are looked at.
    let text = format!("{{\"a\":\"{}€\"}}", "x".repeat(1016));
    for capacity in [1024, 1025, 8192] {
        let reader = BatchReader::new(BufReader::with_capacity(capacity, text.as_bytes()));
        assert_eq!(reader.map(|batch| batch.unwrap().bytes).collect::<Vec<_>>(), [text.as_bytes()]);
    }
}

/// Is interrupted before every piece, and fails at its end.
struct Failing<'a> {
    rest: &'a [u8],
    interrupted: bool,
}

impl Read for Failing<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match self.rest.read(out)? {
            0 => Err(io::Error::other("the disk is gone")),
            length => Ok(length),
        }
    }
}

#[test]
fn a_failing_disk_is_an_error_and_an_interruption_is_not() {
    let start = format!("{{\"a\":1}}\n{{\"b\":\"{}\"}}\n{{\"c\"", "x".repeat(2000));
    let input = Failing { rest: start.as_bytes(), interrupted: false };
    let items: Vec<_> = BatchReader::new(BufReader::with_capacity(3, input)).collect();
    assert_eq!(items.len(), 3);
    assert!(items[1].is_ok());
    let error = items[2].as_ref().unwrap_err();
    assert!(error.to_string().contains("line 3: reading failed: the disk is gone"), "{error}");
}

/// Hands out a few bytes at a time, and counts how often it is asked.
struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
    asked: Rc<Cell<usize>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.rest.read(out)
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.asked.set(self.asked.get() + 1);
        Ok(&self.rest[..self.rest.len().min(self.size)])
    }

    fn consume(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }
}

fn space() -> impl Strategy<Value = String> {
    "[ \t]{0,3}"
}

fn breaks() -> impl Strategy<Value = String> {
    "(\r\n|\n| |\t){0,4}"
}

fn batch() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[{}\\[\\]\",:\\\\]{0,8}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"{]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-z\"}]{0,6}", value, 0..5).prop_map(|map| json!(map))
}

/// What must come out: the line each batch begins on, and its value.
fn check(text: &str, expected: &[(usize, Value)], size: usize) -> Result<(), TestCaseError> {
    let input = Pieces { rest: text.as_bytes(), size, asked: Rc::default() };
    let items: Result<Vec<_>, _> = BatchReader::new(input).collect();
    let items = items.map_err(|error| TestCaseError::fail(format!("{error} in {text:?}")))?;
    let found: Vec<(usize, Value)> =
        items.iter().map(|batch| (batch.line, serde_json::from_slice(&batch.bytes).unwrap())).collect();
    prop_assert_eq!(&found[..], expected, "{:?}", text);
    for batch in items {
        let start = batch.offset as usize;
        prop_assert_eq!(&text.as_bytes()[start..start + batch.bytes.len()], &batch.bytes[..]);
    }
    Ok(())
}

fn line_of(text: &str) -> usize {
    1 + text.matches('\n').count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_comes_back(
        batches in prop::collection::vec((breaks(), batch(), space()), 1..8),
        end in breaks(),
        size in 1_usize..40,
    ) {
        let (mut text, mut expected) = (String::new(), Vec::new());
        for (index, (before, value, after)) in batches.into_iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            text.push_str(&before);
            expected.push((line_of(&text), value.clone()));
            text.push_str(&format!("{value}{after}"));
        }
        text.push_str(&end);
        check(&text, &expected, size)?;
    }

    #[test]
    fn every_element_comes_back(
        batches in prop::collection::vec((breaks(), batch(), breaks(), any::<bool>()), 0..8),
        start in breaks(),
        end in breaks(),
        size in 1_usize..40,
    ) {
        let (mut text, mut expected) = (format!("{start}["), Vec::new());
        for (index, (before, value, after, pretty)) in batches.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&before);
            expected.push((line_of(&text), value.clone()));
            text.push_str(&if pretty { format!("{value:#}") } else { value.to_string() });
            text.push_str(&after);
        }
        text.push_str(&format!("]{end}"));
        check(&text, &expected, size)?;
    }

    #[test]
    fn every_document_comes_back(
        batches in prop::collection::vec((breaks(), batch()), 1..8),
        end in breaks(),
        size in 1_usize..40,
    ) {
        let (mut text, mut expected) = (String::new(), Vec::new());
        for (index, (before, mut value)) in batches.into_iter().enumerate() {
            // An empty object is printed on one line, and then the first document would be a line like any other.
            value["k"] = json!(index);
            text.push_str(&before);
            expected.push((line_of(&text), value.clone()));
            text.push_str(&format!("{value:#}\n"));
        }
        text.push_str(&end);
        check(&text, &expected, size)?;
    }

    #[test]
    fn no_bytes_make_it_panic_and_the_work_is_linear(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "[\\[\\]{}\",:\\\\ \n1a]{0,300}".prop_map(String::into_bytes),
        ],
        size in 1_usize..20,
        cap in 0_usize..60,
    ) {
        let asked = Rc::new(Cell::new(0));
        let input = Pieces { rest: &bytes, size, asked: Rc::clone(&asked) };
        let items: Vec<_> = BatchReader::new(input).max_batch_bytes(cap).collect();
        prop_assert!(items.len() <= bytes.len() + 1);
        prop_assert!(asked.get() <= 20 * bytes.len() + 40, "{} pieces, {} bytes", asked.get(), bytes.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Ok(batch) => prop_assert!(!batch.bytes.is_empty() && batch.bytes.len() <= cap),
                Err(error) => prop_assert!(!error.is_fatal() || index + 1 == items.len()),
            }
        }
    }
}
