//! Tests of the ledger: de-duplication, exact sums, and the bound.

use super::*;

fn arrival<'a>(key: &'a ApiKey, id: &'a str, now_ms: i64) -> Arrival<'a> {
    Arrival { key, id, digest: 7, now_ms }
}

/// Taken, arrivals, duplicates, refused.
fn of(ledger: &Ledger, id: &str) -> [u32; 4] {
    match ledger.find(id).as_slice() {
        [entry] => [entry.taken, entry.arrivals, entry.duplicates, entry.refused],
        found => panic!("{found:?}"),
    }
}

#[test]
fn an_id_is_known_to_its_key_only() {
    let mut ledger = Ledger::new(10);
    let [one, other] = ["ab", "a"].map(ApiKey::for_test);
    for id in ["c", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", &"c".repeat(500)] {
        assert!(ledger.take(arrival(&one, id, 0)));
        assert!(!ledger.take(arrival(&one, id, 0)));
        assert!(ledger.take(arrival(&other, id, 0)));
        assert!(ledger.take(arrival(&other, &format!("b{id}"), 0)));
        assert_eq!(ledger.find(id).len(), 2);
    }
}

#[test]
fn an_id_is_known_for_thirty_days() {
    let mut ledger = Ledger::new(10);
    let key = ApiKey::for_test("key");
    let window_ms = i64::from(WINDOW_S) * 1000;
    assert!(ledger.take(arrival(&key, "id", 5)));
    assert!(!ledger.take(arrival(&key, "id", window_ms + 5)));
    assert!(ledger.take(arrival(&key, "id", window_ms + 1000)));
    assert_eq!(of(&ledger, "id"), [2, 3, 1, 0]);
}

#[test]
fn the_oldest_id_goes_when_there_are_too_many() {
    let mut ledger = Ledger::new(3);
    let key = ApiKey::for_test("key");
    let uuids: Vec<_> = (0..50_u128).map(|n| Uuid::from_u128(n << 64 | n).to_string()).collect();
    let texts: Vec<_> = (0..50).map(|n| "x".repeat(n * 4)).collect();
    for (uuid, text) in uuids.iter().zip(&texts) {
        assert!(ledger.take(arrival(&key, uuid, 0)));
        assert!(ledger.take(arrival(&key, text, 0)));
        assert!(!ledger.take(arrival(&key, text, 0)));
        assert!(!ledger.take(arrival(&key, uuid, 0)));
        assert_eq!((of(&ledger, uuid), of(&ledger, text)), ([1, 2, 1, 0], [1, 2, 1, 0]));
    }
    let totals = ledger.totals();
    assert_eq!((totals.ids, totals.forgotten, totals.taken, totals.duplicates), (3, 97, 100, 100));
    assert!(ledger.find(&uuids[0]).is_empty());
    assert!(ledger.text.len() < 400, "{}", ledger.text.len());
    assert_eq!(ledger.index.len(), 3);
    // What was let go is taken again.
    assert!(ledger.take(arrival(&key, &uuids[0], 0)));
}

#[test]
fn no_room_at_all_is_no_de_duplication() {
    let mut ledger = Ledger::new(0);
    let key = ApiKey::for_test("key");
    assert!(ledger.take(arrival(&key, "id", 0)) && ledger.take(arrival(&key, "id", 0)));
    ledger.refuse(arrival(&key, "id", 0), Reason::Invalid);
    assert_eq!((ledger.totals().ids, ledger.totals().forgotten), (0, 3));
}

#[test]
fn what_was_refused_can_still_be_taken() {
    let mut ledger = Ledger::new(10);
    let key = ApiKey::for_test("key");
    ledger.refuse(arrival(&key, "id", 0), Reason::Status(503));
    ledger.refuse(arrival(&key, "id", 0), Reason::DropBefore);
    assert_eq!(ledger.find("id")[0].refused_because.as_deref(), Some("drop-before"));
    assert!(ledger.take(arrival(&key, "id", 0)));
    assert!(!ledger.take(arrival(&key, "id", 0)));
    assert_eq!(of(&ledger, "id"), [1, 4, 1, 2]);
    ledger.pass(true);
    ledger.pass(false);
    let sums = AccountTotals {
        ids: 1,
        forgotten: 0,
        arrivals: 6,
        taken: 2,
        duplicates: 1,
        refused: 3,
        without_id: 2,
    };
    assert_eq!(ledger.totals(), sums);
}

#[test]
fn other_bytes_under_the_same_id_are_noticed() {
    let mut ledger = Ledger::new(10);
    let key = ApiKey::for_test("key");
    ledger.take(Arrival { digest: 1, ..arrival(&key, "id", 0) });
    assert!(!ledger.find("id")[0].differed);
    ledger.take(Arrival { digest: 2, ..arrival(&key, "id", 0) });
    let entry = &ledger.find("id")[0];
    assert_eq!((entry.differed, entry.digest.as_str()), (true, "0000000000000001"));
}

#[test]
fn ids_come_back_as_they_were_written() {
    let mut ledger = Ledger::new(10);
    let key = ApiKey::for_test("example-api-key");
    let upper = "3F2504E0-4F89-41D3-9A0C-0305E82C3301";
    let ids = [upper, &upper.to_lowercase(), "ünïcode", "3f2504e04f8941d39a0c0305e82c3301"];
    for id in ids {
        assert!(ledger.take(arrival(&key, id, 0)));
    }
    let (entries, next) = ledger.page(0, 100);
    assert_eq!(entries.iter().map(|entry| entry.id.as_deref().unwrap()).collect::<Vec<_>>(), ids);
    assert_eq!((next, entries[0].api_key.as_str()), (4, "exam****"));
    assert!(ledger.take(arrival(&key, &"l".repeat(129), 0)));
    let long = &ledger.page(4, 1).0[0];
    assert!(long.id.is_none() && long.id_digest.is_some());
}

#[test]
fn pages_go_on_where_they_ended_also_when_entries_are_let_go() {
    let mut ledger = Ledger::new(4);
    let key = ApiKey::for_test("key");
    let ids: Vec<_> = (0..6).map(|n| n.to_string()).collect();
    for id in &ids[..4] {
        ledger.take(arrival(&key, id, 0));
    }
    let (first, next) = ledger.page(0, 2);
    assert_eq!((first.len(), next), (2, 2));
    for id in &ids[4..] {
        ledger.take(arrival(&key, id, 0));
    }
    let (second, next) = ledger.page(next, 100);
    let shown: Vec<_> = second.into_iter().filter_map(|entry| entry.id).collect();
    assert_eq!((shown, next), (ids[2..].to_vec(), 6));
    assert_eq!(ledger.page(next, 100), (vec![], 6));
}

#[test]
fn an_entry_is_as_small_as_promised() {
    assert_eq!(size_of::<Entry>(), 40);
}
