//! Which batch of a request is the bad one.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::stream;
use mparticle_events::Endpoint;
use mparticle_events::client::ApiError;
use mparticle_events::deliver::dead_letter::Letters;
use mparticle_events::deliver::{Answer, Reason, Stop, Transport};
use mparticle_events::input::BatchReader;
use mparticle_events::pack::{Packer, RequestIds};
use mparticle_events::validate::Limits;

use crate::run::{Fate, Log, agree, deliver, requests, scripted, sender};
use crate::server::{Server, Style};

#[tokio::test]
async fn single_bad_batches_are_found_from_the_answer_to_the_rest() {
    for style in [Style::Index, Style::Position] {
        let server = Server::start(style, vec![]).await;
        let (summary, log) = deliver(&server, requests(30, 10, |line| line == 3 || line == 20)).await;
        let refused = log.lines(
            |fate| matches!(fate, Fate::Rejected(Reason::Refused, said) if said.contains("bad \"value\"")),
        );
        assert_eq!(refused, BTreeSet::from([3, 20]), "{style:?}");
        assert_eq!((summary.accepted, summary.notes.len()), (28, 0));
        assert_eq!(summary.requests, 3);
        let letters = log.letters.unwrap().into_inner();
        for letter in Letters::new(&letters[..]).map(Result::unwrap) {
            assert_eq!(
                (letter.status, letter.attempts, letter.code.as_deref()),
                (Some(202), 1, Some("BAD_REQUEST"))
            );
            assert!(letter.batch.starts_with(format!("{{\"n\":{}", letter.line).as_bytes()));
            let sent: serde_json::Value = serde_json::from_slice(&letter.to_raw().bytes).unwrap();
            assert!(server.account().ids.contains(sent["source_request_id"].as_str().unwrap()));
        }
    }
}

#[tokio::test]
async fn an_error_without_a_place_is_a_note_with_all_its_lines() {
    let server = Server::start(Style::Nowhere, vec![]).await;
    let (summary, _) = deliver(&server, requests(6, 3, |line| line == 5)).await;
    assert_eq!((summary.accepted, summary.rejected), (6, 0));
    assert_eq!(summary.notes.len(), 1);
    assert_eq!(summary.notes[0].lines, [4, 5, 6]);
    assert!(!summary.is_clean());
}

#[tokio::test]
async fn a_refused_request_is_halved_until_the_bad_batch_is_alone() {
    for status in [400, 413] {
        let server = Server::start(Style::RefuseAll(status), vec![]).await;
        let (summary, log) = deliver(&server, requests(16, 16, |line| line == 11)).await;
        assert_eq!((summary.accepted, summary.rejected), (15, 1));
        assert!(matches!(&log.fate[&11], Fate::Rejected(Reason::Refused, said) if said.contains("bad")));
        assert_eq!(server.account().taken.len(), 15);
        assert_eq!(summary.requests, 9, "one, and two for each halving");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_names_its_batches_needs_one_more_post_and_not_many() {
    let named = |index: usize| ApiError::new("BAD_REQUEST", format!("Bad. Path '[{index}].x'."));
    let transport = scripted(move |number| match number {
        0 => Answer::status(400).with_errors(vec![named(11), named(3)]),
        _ => Answer::status(202),
    });
    let mut log = Log::default();
    let summary =
        sender(transport).run(stream::iter(requests(16, 16, |_| false)), &Stop::new(), &mut log).await;
    agree(&summary, &log, 16);
    assert_eq!((summary.requests, summary.accepted, summary.rejected), (2, 14, 2));
    assert_eq!(log.lines(|fate| matches!(fate, Fate::Rejected(..))), BTreeSet::from([4, 12]));

    // A service that names one batch at a time is asked once more only; then halves find the rest.
    let transport = scripted(move |_| Answer::status(400).with_errors(vec![named(0)]));
    let mut log = Log::default();
    let summary =
        sender(transport).run(stream::iter(requests(16, 16, |_| false)), &Stop::new(), &mut log).await;
    agree(&summary, &log, 16);
    assert_eq!((summary.accepted, summary.rejected), (0, 16));
}

/// Takes everything but the batch with `bad` in it, of which it says the place only, in UTF-16 units.
struct Vague;

impl Transport for Vague {
    async fn post(&self, _: Endpoint, body: Bytes) -> Answer {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let Some(bad) = text.find("bad") else { return Answer::status(202) };
        let position = text[..bad].encode_utf16().count();
        let message = format!("Not an integer. line 1, position {position}.");
        Answer::status(202).with_errors(vec![ApiError::new("BAD_REQUEST", message)])
    }
}

#[tokio::test]
async fn a_place_that_can_mean_two_batches_is_looked_at_more_closely() {
    let text: String = (1..=8)
        .map(|line| match line {
            1 => format!("{{\"n\":1,\"a\":\"{}\"}}\n", "\u{1F600}".repeat(200)),
            5 => "{\"n\":\"bad\"}\n".to_owned(),
            line => format!("{{\"n\":{line}}}\n"),
        })
        .collect();
    for ids in [true, false] {
        let packer = Packer::new(Endpoint::Bulk, &Limits::default());
        let mut packer = if ids { packer.request_ids(RequestIds::for_input("x")) } else { packer };
        for batch in BatchReader::new(text.as_bytes()) {
            assert!(packer.push(batch.unwrap()).unwrap().is_none());
        }
        let mut log = Log::default();
        let requests = stream::iter(packer.finish());
        let summary = sender(Vague).run(requests, &Stop::new(), &mut log).await;
        agree(&summary, &log, 8);
        if ids {
            let refused = log.lines(|fate| matches!(fate, Fate::Rejected(Reason::Refused, _)));
            assert_eq!((refused, summary.notes.len()), (BTreeSet::from([5]), 0));
        } else {
            // To post them again could double them.
            assert_eq!((summary.accepted, summary.notes.len(), summary.requests), (8, 1, 1));
        }
    }
}
