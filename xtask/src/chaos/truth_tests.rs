//! Every way to cheat is noticed.

use serde_json::json;

use super::*;
use crate::bench::traffic::Random;

/// Four batches: two equal ones without an id, one with an id, and an invalid one.
struct World {
    scenario: Scenario,
    batches: Vec<Batch>,
    account: Account,
    letters: Vec<Letter>,
    told: Told,
}

fn text(mark: &str, id: Option<&str>) -> String {
    let mut batch = json!({"environment": "production", "events": [{"data": {"source_message_id": mark}}]});
    if let Some(id) = id {
        batch["source_request_id"] = json!(id);
    }
    batch.to_string()
}

fn taken(mark: &str, id: &str) -> Value {
    serde_json::from_str(&text(mark, Some(id))).unwrap()
}

fn world() -> World {
    let mut scenario = Scenario::draw(&mut Random(1), false);
    (scenario.validate, scenario.merge) = (true, false);
    let texts = [
        (text("a", None), Fate::Good),
        (text("a", None), Fate::Good),
        (text("b", Some("own")), Fate::Good),
        ("{".to_owned(), Fate::Invalid),
    ];
    let batches: Vec<Batch> = texts
        .into_iter()
        .zip(0_u64..)
        .map(|((text, fate), number)| Batch { offset: number * 100, line: number + 1, text, fate })
        .collect();
    let account =
        Account { taken: vec![taken("a", "x"), taken("a", "y"), taken("b", "own")], ..Account::default() };
    let letters = vec![letter(3, "invalid", json!("{"))];
    let told = Told { code: 1, read: 4, accepted: 3, held_back: 1, ..Told::default() };
    World { scenario, batches, account, letters, told }
}

fn letter(number: u64, reason: &str, batch: Value) -> Letter {
    let attempts = u64::from(!matches!(reason, "invalid" | "too_large"));
    let id = batch.get("source_request_id").and_then(Value::as_str).map(str::to_owned);
    let (offset, line) = (number * 100, number + 1);
    Letter { offset, line, reason: reason.into(), message: "why".into(), attempts, id, batch, piece: 0 }
}

impl World {
    fn differences(&self) -> Vec<String> {
        differences(&self.scenario, &self.batches, &self.account, &self.letters, &self.told)
    }

    #[track_caller]
    fn shows(&self, what: &str) {
        let found = self.differences();
        assert!(found.iter().any(|difference| difference.contains(what)), "{found:?}");
    }
}

#[test]
fn the_truth_has_no_differences() {
    assert_eq!(world().differences(), Vec::<String>::new());
}

#[test]
fn what_is_lost_is_found() {
    for number in 0..3 {
        let mut world = world();
        world.account.taken.remove(number);
        world.shows("lost: event");
    }
}

#[test]
fn what_is_doubled_is_found() {
    for mark in ["a", "b"] {
        let mut world = world();
        world.account.taken.push(taken(mark, "z"));
        world.shows("doubled: event");
    }
}

#[test]
fn what_arrives_changed_or_from_nowhere_is_found() {
    let mut world = world();
    world.account.taken[0]["environment"] = json!("development");
    world.shows("something changed");
    world.account.taken[0] = taken("c", "x");
    world.shows("not in the file");
}

#[test]
fn a_letter_that_is_missing_doubled_or_strange_is_found() {
    let with = |letters: Vec<Letter>| World { letters, ..world() };
    let right = || letter(3, "invalid", json!("{"));
    with(Vec::new()).shows("has 0 letters");
    with(vec![right(), right()]).shows("has 2 letters");
    with(vec![letter(3, "refused", json!("{"))]).shows("its letter says refused");
    with(vec![letter(3, "invalid", json!("["))]).shows("holds another batch");
    with(vec![right(), letter(9, "refused", json!({}))]).shows("where no batch begins");
    with(vec![Letter { line: 7, ..right() }]).shows("says line 7");
    with(vec![Letter { attempts: 2, ..right() }]).shows("after 2 attempts");
}

#[test]
fn a_refusal_needs_a_witness_and_leaves_room_for_a_lost_answer() {
    let mut world = world();
    world.letters.push(letter(2, "refused", taken("b", "own")));
    (world.told.accepted, world.told.refused) = (2, 1);
    world.shows("is said to be refused");
    world.account.refused.insert("own".to_owned());
    assert_eq!(world.differences(), Vec::<String>::new());
    world.account.taken.pop();
    assert_eq!(world.differences(), Vec::<String>::new());
}

#[test]
fn counts_that_are_not_the_truth_are_found() {
    let changes: [fn(&mut Told); 5] = [
        |told| told.code = 0,
        |told| told.read += 1,
        |told| told.accepted -= 1,
        |told| (told.held_back, told.refused) = (0, 1),
        |told| told.not_attempted = 1,
    ];
    for change in changes {
        let mut world = world();
        change(&mut world.told);
        world.shows("the command said");
    }
}

#[test]
fn pieces_are_counted_by_their_events() {
    let mut world = world();
    let both =
        json!({"events": [{"data": {"source_message_id": "c"}}, {"data": {"source_message_id": "d"}}]});
    world.batches.push(Batch { offset: 400, line: 5, text: both.to_string(), fate: Fate::Good });
    let piece =
        |mark: &str| json!({"source_request_id": mark, "events": [{"data": {"source_message_id": mark}}]});
    world.account.taken.push(piece("c"));
    world.account.refused.insert("d".to_owned());
    world.letters.push(Letter { piece: 2, ..letter(4, "refused", piece("d")) });
    (world.told.read, world.told.refused) = (5, 1);
    assert_eq!(world.differences(), Vec::<String>::new());
    world.account.taken.pop();
    world.shows("lost: event c");
}

#[test]
fn a_batch_whose_pieces_were_rejected_for_two_reasons_counts_as_refused() {
    for reasons in [["refused", "gave_up"], ["gave_up", "refused"]] {
        let mut world = world();
        let both =
            json!({"events": [{"data": {"source_message_id": "c"}}, {"data": {"source_message_id": "d"}}]});
        world.batches.push(Batch { offset: 400, line: 5, text: both.to_string(), fate: Fate::Good });
        for ((mark, reason), piece) in ["c", "d"].into_iter().zip(reasons).zip(1..) {
            let batch = json!({"source_request_id": mark, "events": [{"data": {"source_message_id": mark}}]});
            world.letters.push(Letter { piece, ..letter(4, reason, batch) });
            world.account.refused.insert(mark.to_owned());
        }
        (world.told.read, world.told.refused) = (5, 1);
        assert_eq!(world.differences(), Vec::<String>::new());
        (world.told.refused, world.told.gave_up) = (0, 1);
        world.shows("the command said");
    }
}

#[test]
fn letters_and_summaries_are_read() {
    let line = r#"{"line":3,"offset":9,"reason":"refused","message":"m","attempts":2,"source_request_id":"i","batch":{"a":1}}"#;
    let letter = Letter::parse(line).unwrap();
    assert_eq!((letter.offset, letter.piece, letter.id.as_deref()), (9, 0, Some("i")));
    assert!(Letter::parse(r#"{"line":3}"#).unwrap_err().contains("`batch`"));
    assert!(Told::parse(0, "{}").unwrap_err().contains("/read"));
}

#[test]
fn a_letter_for_merged_batches_stands_for_each() {
    let mut world = world();
    world.scenario.merge = true;
    world.batches[1].text = text("d", None);
    let events = [json!({"data": {"source_message_id": "a"}}), json!({"data": {"source_message_id": "d"}})];
    let merged = json!({"environment": "production", "events": events});
    world.account.taken.drain(..2);
    world.letters.push(letter(0, "gave_up", merged));
    (world.told.accepted, world.told.gave_up) = (1, 2);
    assert_eq!(world.differences(), Vec::<String>::new());
    world.letters[1].batch["events"].as_array_mut().unwrap().pop();
    world.shows("lost: event d");
}
