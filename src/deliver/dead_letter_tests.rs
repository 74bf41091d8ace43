//! Letters come back as they were written, and mended ones are told apart.

use std::sync::Arc;

use super::*;
use crate::clock::FixedClock;

fn letter(batch: &[u8]) -> DeadLetter {
    let raw = RawBatch { bytes: batch.to_vec().into(), line: 3, ..RawBatch::default() };
    DeadLetter::unsent(&raw, Reason::TooLarge, None, "too \"large\"\n")
}

fn written(letters: &[DeadLetter]) -> String {
    let mut out = DeadLetters::new(Vec::new(), Arc::new(FixedClock(1_700_000_000_000)));
    letters.iter().for_each(|letter| out.write(letter).unwrap());
    assert_eq!(out.written(), letters.len() as u64);
    String::from_utf8(out.into_inner()).unwrap()
}

#[test]
fn a_letter_is_one_line_with_the_batch_as_it_was() {
    let batch = b"{\"mpid\":9007199254740993,\r\n \"x\" :1.0}";
    let text = written(&[letter(batch)]).replace(&digest(batch), "DIGEST");
    assert_eq!(
        text,
        "{\"line\":3,\"offset\":0,\"reason\":\"too_large\",\"message\":\"too \\\"large\\\"\\n\",\"attempts\":0,\
         \"at\":\"2023-11-14T22:13:20Z\",\"digest\":\"DIGEST\",\"batch\":{\"mpid\":9007199254740993,   \"x\" :1.0}}\n"
    );
}

#[test]
fn whatever_the_batch_is_it_comes_back() {
    let batches =
        [&b"{\"batch\":{\"line\":4}}"[..], b"{\"a\":", b"\"text\"", b"\xff\0\n", b"null", "é\n".as_bytes()];
    let letters: Vec<_> = batches.iter().map(|batch| letter(batch)).collect();
    let text = written(&letters);
    assert_eq!(text.lines().count(), batches.len());
    let back: Vec<_> = Letters::new(text.as_bytes()).map(|letter| letter.unwrap().batch).collect();
    assert_eq!(back, batches);
}

#[test]
fn it_is_sent_again_under_the_same_id() {
    let mut letter = letter(b"{\"a\":1}");
    letter.request_id = Some("the id".to_owned());
    let text = written(&[letter]);
    let back = Letters::new(text.as_bytes()).next().unwrap().unwrap();
    assert_eq!(back.batch, b"{\"a\":1}");
    assert_eq!(back.to_raw().bytes, br#"{"source_request_id":"the id","a":1}"#[..]);
}

#[test]
fn a_mended_batch_gets_an_id_of_its_own_and_white_space_mends_nothing() {
    let mut letter = letter(br#"{"a":"x \" y"}"#);
    letter.request_id = Some("the id".to_owned());
    let id = |batch: &[u8]| {
        let letter = DeadLetter { batch: batch.to_vec(), ..letter.clone() };
        let raw: serde_json::Value = serde_json::from_slice(&letter.to_raw().bytes).unwrap();
        (letter.is_mended(), raw["source_request_id"].as_str().unwrap().to_owned())
    };
    assert_eq!(id(b"{ \"a\":\n\"x \\\" y\" }"), (false, "the id".to_owned()));
    let (mended, first) = id(br#"{"a":"x \"  y"}"#);
    assert!(mended && first != "the id");
    assert_eq!(id(br#"{"a":"x \"  y"}"#), (true, first.clone()));
    assert_ne!(id(br#"{"a":"z"}"#).1, first);
    // Its own is not touched.
    assert_eq!(id(br#"{"source_request_id":"mine"}"#), (true, "mine".to_owned()));
}

#[test]
fn lines_that_are_no_letters_are_named() {
    let text = format!("{{\"line\":1}}\n{}", written(&[letter(b"{}")]));
    let all: Vec<_> = Letters::new(text.as_bytes()).collect();
    assert_eq!(all.len(), 2);
    assert!(all[0].as_ref().unwrap_err().to_string().starts_with("line 1 is no dead letter: missing field"));
    assert!(all[1].is_ok());
}

#[test]
fn a_full_disk_is_an_error_that_names_the_line() {
    let mut disk = [0_u8; 20];
    let mut out = DeadLetters::new(&mut disk[..], Arc::new(FixedClock(0)));
    let error = out.write(&letter(b"{}")).unwrap_err();
    assert!(error.to_string().contains("for line 3 could not be written"), "{error}");
    assert_eq!(out.written(), 0);
}
