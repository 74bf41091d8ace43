//! Tests of the planner.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::pack::{Packer, Request};

fn raw(index: usize, bytes: impl Into<Vec<u8>>) -> RawBatch {
    RawBatch {
        bytes: bytes.into().into(),
        line: index + 1,
        column: 1,
        offset: 1000 * index as u64,
        index: index as u64,
    }
}

fn ids() -> RequestIds {
    RequestIds::for_input("test.ndjson")
}

fn limits(batch: u64, hard: u64) -> Limits {
    Limits { batch_bytes: batch, batch_bytes_hard: hard, ..Limits::default() }
}

fn bulk() -> Paths {
    Paths::One(Endpoint::Bulk)
}

fn plan(planner: &mut Planner, batches: &[String]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (index, batch) in batches.iter().enumerate() {
        planner.plan(raw(index, batch.clone()), &bulk(), &mut units).unwrap();
    }
    planner.finish(&mut units);
    units
}

fn request(units: &[Unit]) -> Request {
    let mut packer = Packer::new(Endpoint::Bulk, &Limits { request_bytes: 1 << 40, ..Limits::default() });
    for unit in units {
        assert_eq!(packer.push_unit(unit.clone()).unwrap(), None);
    }
    packer.finish().unwrap()
}

fn parsed(request: &Request, index: usize) -> Value {
    serde_json::from_slice(request.batch(index).unwrap()).unwrap()
}

/// A batch of exactly that many bytes, with so many events.
fn sized(bytes: usize, events: usize, id: &str) -> String {
    let make = |fill: usize| {
        let events: Vec<String> = (0..events)
            .map(|number| {
                format!(r#"{{"n":{number},"x":"{}"}}"#, "x".repeat(if number == 0 { fill } else { 1000 }))
            })
            .collect();
        format!(r#"{{{id}"mpid":1,"events":[{}]}}"#, events.join(","))
    };
    let batch = make(bytes - make(0).len());
    assert_eq!(batch.len(), bytes);
    batch
}

#[test]
fn the_limit_of_a_batch_is_exact() {
    let own = r#""source_request_id":"mine","#;
    let mut planner = Planner::new(&Limits::default(), ids());
    assert_eq!(plan(&mut planner, &[sized(131_072, 3, own)]).len(), 1);
    assert_eq!(plan(&mut planner, &[sized(131_073, 3, own)]).len(), 2);
    let error = planner.plan(raw(0, sized(131_073, 1, own)), &bulk(), &mut Vec::new()).unwrap_err();
    assert_eq!((error.bytes, error.limit, error.reason), (131_073, 131_072, Some(Unsplittable::OneEvent)));
    // The id that is put in is sent, and so it counts.
    assert_eq!(plan(&mut planner, &[sized(131_072 - ADDED, 3, "")])[0].bytes(), 131_072);
    assert_eq!(plan(&mut planner, &[sized(131_073 - ADDED, 3, "")]).len(), 2);
}

#[test]
fn a_piece_is_filled_to_the_byte() {
    let batch = r#"{"mpid":1,"events":[{"n":1},{"n":2},{"n":3},{"n":4}]}"#.to_owned();
    let two = r#"{"mpid":1,"events":[{"n":1},{"n":2}]}"#.len() + ADDED;
    let of = |fill| plan(&mut Planner::new(&limits(fill, fill), ids()), std::slice::from_ref(&batch)).len();
    assert_eq!((of(two as u64), of(two as u64 - 1)), (2, 4));
}

#[test]
fn the_limit_of_a_request_holds_for_a_batch_alone_in_it() {
    let limits = Limits { request_bytes: 1000, ..Limits::default() };
    let mut planner = Planner::new(&limits, ids());
    let own = r#""source_request_id":"mine","#;
    let fits = plan(&mut planner, &[sized(997, 1, own)]);
    assert!(Packer::new(Endpoint::Bulk, &limits).push_unit(fits[0].clone()).is_ok());
    assert!(planner.plan(raw(0, sized(998, 1, own)), &bulk(), &mut Vec::new()).is_err());
}

#[test]
fn a_request_takes_a_hundred_batches_and_one_byte_less_than_its_limit() {
    let requests = |batches: &[String]| {
        let mut packer = Packer::new(Endpoint::Bulk, &Limits::default());
        let units = plan(&mut Planner::new(&Limits::default(), ids()), batches);
        let full: Vec<Request> =
            units.into_iter().filter_map(|unit| packer.push_unit(unit).unwrap()).collect();
        full.into_iter().chain(packer.finish()).map(|request| request.body().len()).collect::<Vec<_>>()
    };
    assert_eq!(requests(&vec!["{}".to_owned(); 100]).len(), 1);
    assert_eq!(requests(&vec!["{}".to_owned(); 101]).len(), 2);
    let own = r#""source_request_id":"mine","#;
    let two = |bytes| requests(&[sized(127_998, 2, own), sized(bytes, 2, own)]);
    assert_eq!(two(127_998), [255_999]);
    assert_eq!(two(127_999), [128_000, 128_001]);
}

#[test]
fn pieces_keep_all_but_the_events_and_the_id() {
    let own = r#"{ "source_request_id" : "mine", "mpid":1,"events":[ {"n":1} ,{"n":2}], "user_attributes":{"a":"\u00e9"}, "batch_id":7 }"#;
    let late = r#"{"mpid":1,"events":[{"n":1},{"n":2}],"source_request_id":12}"#;
    let none = r#"{"mpid":1,"events":[{"n":1},{"n":2}],"source_request_id":null}"#;
    for (batch, head, tail) in [
        (own, r#"{ "source_request_id" : ""#, r#"}], "user_attributes":{"a":"\u00e9"}, "batch_id":7 }"#),
        (late, r#"{"mpid":1,"events":[{"n":"#, r#""}"#),
        (none, r#"{"mpid":1,"events":[{"n":"#, r#""}"#),
    ] {
        let size = (batch.len() - 1) as u64;
        let units = plan(&mut Planner::new(&limits(size, size + 40), ids()), &[batch.to_owned()]);
        let units = if units.len() == 1 {
            let mut pieces = Vec::new();
            let paths = Paths::ByAge(vec![true, false]);
            Planner::new(&Limits::default(), ids()).plan(raw(0, batch), &paths, &mut pieces).unwrap();
            pieces
        } else {
            units
        };
        assert_eq!(units.iter().map(Unit::key).collect::<Vec<_>>(), [(0, 1), (0, 2)]);
        let request = request(&units);
        for index in 0..2 {
            let text = std::str::from_utf8(request.batch(index).unwrap()).unwrap();
            assert!(text.starts_with(head) && text.ends_with(tail), "{text}");
            assert_eq!(parsed(&request, index)["events"][0]["n"], index + 1);
            assert_eq!(parsed(&request, index)["source_request_id"].as_str().unwrap().len(), 36);
        }
    }
}

#[test]
fn ids_of_pieces_and_of_merged_batches_are_the_same_from_run_to_run() {
    let batch = r#"{"source_request_id":"mine","events":[{"n":1},{"n":2}]}"#;
    let mut pieces = Vec::new();
    Planner::new(&Limits::default(), ids())
        .plan(raw(0, batch), &Paths::ByAge(vec![false, true]), &mut pieces)
        .unwrap();
    let pieces = request(&pieces);
    let merged = [1, 2].map(|n| format!(r#"{{"mpid":1,"events":[{{"n":{n}}}]}}"#));
    let merged = request(&plan(&mut Planner::new(&Limits::default(), ids()).merge(true), &merged));
    // Written down: an id that changes with a new version would double what is sent again.
    insta::assert_snapshot!(
        format!(
            "{}\n{}",
            std::str::from_utf8(pieces.body()).unwrap(),
            std::str::from_utf8(merged.body()).unwrap()
        ),
        @r#"
    [{"source_request_id":"68b90fb3-d32d-5b0e-bf59-c7f6f0de4245","events":[{"n":2}]},{"source_request_id":"b0e3020a-7ef7-5d61-ae68-67723a080480","events":[{"n":1}]}]
    [{"source_request_id":"8155ddb1-e545-572d-9f48-a71b7b008314","mpid":1,"events":[{"n":1},{"n":2}]}]
    "#
    );
}

#[test]
fn what_cannot_be_split_is_given_back_with_the_reason() {
    let mut planner = Planner::new(&limits(60, 100), ids());
    let long = "x".repeat(100);
    for (batch, reason) in [
        (format!(r#"{{"a":"{long}"}}"#), Unsplittable::NoEvents),
        (format!(r#"{{"a":"{long}","events":[{{}},{{}}],"a":1}}"#), Unsplittable::RepeatedKey),
        (format!(r#"{{"events":[{{}},{{"a":"{long}"]}}"#), Unsplittable::Unreadable),
        (format!(r#"{{"source_request_id":[],"events":[{{}},{{"a":"{long}"}}]}}"#), Unsplittable::UnusableId),
        (
            format!(r#"{{"events":[{{}},{{"a":"{long}"}}]}}"#),
            Unsplittable::EventTooLarge { index: 1, bytes: 180 },
        ),
    ] {
        let error = planner.plan(raw(4, batch.clone()), &bulk(), &mut Vec::new()).unwrap_err();
        assert_eq!((error.reason, &error.batch.bytes[..]), (Some(reason), batch.as_bytes()));
        assert!(error.to_string().starts_with("line 5: the batch takes"), "{error}");
    }
    let units = plan(&mut planner.split(false), &["{}".to_owned()]);
    assert_eq!(units.len(), 1);
}

#[test]
fn only_what_differs_in_events_alone_is_merged() {
    let base = r#"{"environment":"production","mpid":1,"events":[{"n":1}],"user_attributes":{"a":1}}"#;
    let merges = |other: &str| {
        let batches = [base.to_owned(), other.to_owned()];
        plan(&mut Planner::new(&Limits::default(), ids()).merge(true), &batches).len() == 1
    };
    assert!(merges(base));
    assert!(merges(&base.replace("\"n\":1", "\"n\":2,\"mpid\":7")));
    for (from, to) in [
        ("production", "development"),
        ("\"mpid\":1", "\"mpid\":2"),
        ("\"a\":1", "\"a\":2"),
        ("\"user_attributes\"", "\"deleted_user_attributes\""),
        ("{\"environment\"", "{\"source_request_id\":\"x\",\"environment\""),
        ("{\"environment\"", "{\"consent_state\":{},\"environment\""),
        ("{\"environment\"", "{ \"environment\""),
        ("[{\"n\":1}]", "[]"),
        ("[{\"n\":1}]", "[1]"),
    ] {
        assert!(base.contains(from) && !merges(&base.replace(from, to)), "{to}");
    }
    let twice = |batch: &str| {
        plan(&mut Planner::new(&Limits::default(), ids()).merge(true), &[batch.to_owned(), batch.to_owned()])
            .len()
    };
    assert_eq!(twice(r#"{"user_identities":{"email":"a@example.com"},"events":[{}]}"#), 1);
    for nobody in [
        r#"{"events":[{}]}"#,
        r#"{"mpid":0,"events":[{}]}"#,
        r#"{"user_identities":{"email":""},"events":[{}]}"#,
        r#"{"mpid":1,"mpid":1,"events":[{}]}"#,
        r#"{"mpid":1,"source_request_id":null,"events":[{}]}"#,
    ] {
        assert_eq!(twice(nobody), 2, "{nobody}");
    }
}

#[test]
fn a_merged_batch_stays_within_bytes_and_events() {
    let batch = r#"{"mpid":1,"events":[{"n":1}]}"#.to_owned();
    let merged = |limits: &Limits, events| {
        let mut planner = Planner::new(limits, ids()).merge(true).max_merged_events(events);
        plan(&mut planner, &vec![batch.clone(); 10])
            .iter()
            .map(|unit| unit.origin.batches())
            .collect::<Vec<_>>()
    };
    assert_eq!(merged(&Limits::default(), 100), [10]);
    assert_eq!(merged(&Limits::default(), 4), [4, 4, 2]);
    let three = (batch.len() + 2 * 8 + ADDED) as u64;
    assert_eq!(merged(&limits(three, three), 100), [3, 3, 3, 1]);
    assert_eq!(merged(&limits(three - 1, three), 100), [2; 5]);
}

#[test]
fn the_order_of_the_input_is_kept_and_inputs_are_not_mixed() {
    let batch = |user: usize| format!(r#"{{"mpid":{user},"events":[{{}}]}}"#);
    let mut planner = Planner::new(&Limits::default(), ids()).merge(true);
    let users = [1, 1, 2, 1].map(batch);
    let units = plan(&mut planner, &users);
    assert_eq!(units.iter().map(|unit| unit.batch.index).collect::<Vec<_>>(), [0, 2, 3]);
    let mut units = Vec::new();
    planner.plan(raw(0, batch(1)), &bulk(), &mut units).unwrap();
    planner.next_input(RequestIds::for_input("other"), &mut units);
    planner.plan(raw(1, batch(1)), &bulk(), &mut units).unwrap();
    planner.finish(&mut units);
    assert_eq!(units.iter().map(|unit| unit.origin.batches()).collect::<Vec<_>>(), [1, 1]);
}

fn event() -> impl Strategy<Value = String> {
    ("[a-z\\]\\[{},]{0,30}", any::<i32>())
        .prop_map(|(text, number)| format!(r#"{{"t":"{text}" ,"n":{number}}}"#))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_together_are_the_batch(
        events in prop::collection::vec((event(), any::<bool>()), 1..30),
        own in prop::option::of("[a-z]{1,5}"),
        fill in 120_u64..400,
        by_age in any::<bool>(),
    ) {
        let list: Vec<&str> = events.iter().map(|(event, _)| &event[..]).collect();
        let id = own.map_or(String::new(), |id| format!(r#""source_request_id":"{id}","#));
        let batch = format!(r#"{{"mpid":1,{id}"events":[{}], "user_attributes":{{"a":1}}}}"#, list.join(" ,"));
        let ages: Vec<bool> = events.iter().map(|(_, old)| *old).collect();
        let both = ages.contains(&true) && ages.contains(&false);
        let paths = if by_age && both { Paths::ByAge(ages.clone()) } else { bulk() };
        let limits = limits(fill, fill + 60);
        let run = || {
            let mut units = Vec::new();
            Planner::new(&limits, ids()).plan(raw(3, batch.clone()), &paths, &mut units).map(|()| units)
        };
        let Ok(units) = run() else { return Ok(()) };
        prop_assert_eq!(&run().unwrap(), &units, "the same again");
        let request = request(&units);
        let mut seen = Vec::new();
        let mut used = BTreeSet::new();
        let original: Value = serde_json::from_str(&batch).unwrap();
        for (index, unit) in units.iter().enumerate() {
            prop_assert!(unit.bytes() as u64 <= fill + 60);
            let mut piece = parsed(&request, index);
            prop_assert!(used.insert(piece["source_request_id"].as_str().unwrap().to_owned()));
            let part = piece["events"].take();
            let part = part.as_array().unwrap();
            prop_assert!(unit.bytes() as u64 <= fill || part.len() == 1 || units.len() == 1);
            seen.extend(part.iter().map(|event| (unit.endpoint, event.clone())));
            prop_assert_eq!((&piece["mpid"], &piece["user_attributes"]), (&original["mpid"], &original["user_attributes"]));
            if units.len() > 1 {
                let place = Origin::Piece { number: index as u32 + 1, of: units.len() as u32, earlier: Default::default() };
                prop_assert_eq!(&unit.origin, &place);
            }
        }
        let mut expected: Vec<(Endpoint, Value)> = Vec::new();
        if by_age && both {
            for endpoint in [Endpoint::Historical, Endpoint::Bulk] {
                let part = original["events"].as_array().unwrap().iter().zip(&ages);
                let part = part.filter(|(_, old)| **old == endpoint.is_historical());
                expected.extend(part.map(|(event, _)| (endpoint, event.clone())));
            }
        } else {
            expected.extend(original["events"].as_array().unwrap().iter().map(|event| (Endpoint::Bulk, event.clone())));
        }
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn merged_batches_can_be_had_back(
        batches in prop::collection::vec((0_u8..2, prop::collection::vec(event(), 0..4)), 1..40),
        most in 1_usize..20,
        fill in 100_u64..600,
    ) {
        let batches: Vec<String> = batches
            .iter()
            .map(|(user, events)| format!(r#"{{"mpid":{},"events":[ {} ]}}"#, user + 1, events.join(", ")))
            .collect();
        let planner = || Planner::new(&limits(fill, 100_000), ids()).merge(true).max_merged_events(most);
        let units = plan(&mut planner(), &batches);
        prop_assert_eq!(&plan(&mut planner(), &batches), &units, "the same again");
        let alone = plan(&mut Planner::new(&Limits::default(), ids()), &batches);
        let request = request(&units);
        let mut next = 0;
        let mut used = BTreeSet::new();
        for (index, part) in request.parts().iter().enumerate() {
            let value = parsed(&request, index);
            prop_assert!(used.insert(value["source_request_id"].to_string()));
            let members = part.origin.members();
            if members.is_empty() {
                prop_assert_eq!(request.original(index).unwrap(), batches[next].as_bytes());
                prop_assert_eq!(&units[index], &alone[next], "as without merging");
                next += 1;
                continue;
            }
            prop_assert!(part.range.len() as u64 <= fill && value["events"].as_array().unwrap().len() <= most);
            let mut events = Vec::new();
            for (number, member) in members.iter().enumerate() {
                prop_assert_eq!(request.member(index, number).unwrap(), batches[next].as_bytes());
                prop_assert_eq!((member.index, member.line), (next as u64, next + 1));
                prop_assert_eq!(member.request_id, ids().id(&raw(next, batches[next].clone())));
                let one: Value = serde_json::from_str(&batches[next]).unwrap();
                prop_assert_eq!(&one["mpid"], &value["mpid"]);
                events.extend(one["events"].as_array().unwrap().clone());
                next += 1;
            }
            prop_assert_eq!(&Value::from(events), &value["events"]);
        }
        prop_assert_eq!(next, batches.len());
    }
}
