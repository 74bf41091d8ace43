//! Batches with one fault each, as they happen: a renamed member, a wrong kind of value, a unit mixed up, a line cut off.
//! Made from the good ones, so that faults of all kinds stand at all places.

use super::traffic::{Random, Size, batch};

/// What stands in a good batch, and what somebody has made of it.
const FAULTS: [(&str, &str); 36] = [
    ("\"environment\":\"production\"", "\"environment\":\"prod\""),
    ("\"environment\":", "\"env\":"),
    ("\"event_type\":\"custom_event\"", "\"event_type\":\"customevent\""),
    ("\"event_type\":\"screen_view\"", "\"event_type\":\"SCREEN_VIEW\""),
    ("\"event_type\":\"", "\"eventType\":\""),
    ("\"custom_event_type\":\"other\"", "\"custom_event_type\":\"misc\""),
    ("\"data\":{", "\"data\":{\"comment\":\"checked by hand\","),
    ("\"events\":[", "\"events\":[null,"),
    ("\"timestamp_unixtime_ms\":17", "\"timestamp_unixtime_ms\":\"today\",\"event_num\":17"),
    ("\"timestamp_unixtime_ms\":17", "\"timestamp_unixtime_ms\":9917"),
    ("\"timestamp_unixtime_ms\":", "\"timestamp\":"),
    ("\"session_start_unixtime_ms\":17", "\"session_start_unixtime_ms\":17.5,\"event_num\":17"),
    ("\"source_message_id\":\"", "\"source_message_id\":\"m-1\",\"source_message_id\":\""),
    ("\"session_uuid\":\"", "\"session_id\":\""),
    ("\"custom_attributes\":{\"", "\"custom_attributes\":{\"basket\":{\"items\":[1,2]},\""),
    ("\"custom_attributes\":{\"", "\"custom_attributes\":{\" \":1,\""),
    ("\"custom_attributes\":", "\"customAttributes\":"),
    ("\"latitude\":", "\"latitude\":-9"),
    ("\"latitude\":", "\"lat\":"),
    ("\"country_code\":\"DE\"", "\"country_code\":\"Germany\""),
    ("\"currency_code\":\"EUR\"", "\"currency_code\":\"Euro\""),
    ("\"quantity\":", "\"qty\":"),
    ("\"price\":", "\"price\":[],\"position\":"),
    ("\"action\":\"purchase\"", "\"action\":\"bought\""),
    ("\"screen_name\":\"", "\"screen_name\":7,\"activity_type\":\""),
    ("\"is_tablet\":false", "\"is_tablet\":\"false\""),
    ("\"screen_height\":2532", "\"screen_height\":\"2532\""),
    ("\"schema_version\":2", "\"schema_version\":\"two\""),
    ("\"mpid\":", "\"mpid\":0,\"MPID\":"),
    ("\"email\":\"", "\"e_mail\":\""),
    ("\"newsletter\":true", "\"newsletter\":{\"weekly\":true}"),
    ("\"$city\":\"Berlin\"", "\"$town\":\"Berlin\""),
    ("\"user_attributes\":{", "\"user_attributes\":[{"),
    ("\"consented\":true", "\"consented\":\"yes\""),
    ("\"ip\":\"", "\"ip\":\"10."),
    ("\":\"", "\":\"\u{7}"),
];

/// A batch with a fault.
pub fn faulty(random: &mut Random, size: Size) -> Vec<u8> {
    let good = batch(random, size);
    if random.one_in(20) {
        // Cut off, or in another encoding.
        let mut bytes = good.into_bytes();
        let place = 1 + random.below(bytes.len() - 1);
        if random.one_in(2) {
            bytes.truncate(place);
        } else {
            bytes[place] = 0xe9;
        }
        return bytes;
    }
    let first = random.below(FAULTS.len());
    let turns = FAULTS.iter().cycle().skip(first).take(FAULTS.len());
    let fitting = turns.map(|(right, wrong)| (right, wrong, good.match_indices(right).count()));
    let Some((right, wrong, count)) = fitting.into_iter().find(|(.., count)| *count > 0) else {
        return Vec::new();
    };
    let place = good.match_indices(right).nth(random.below(count)).map_or(0, |(place, _)| place);
    format!("{}{wrong}{}", &good[..place], &good[place + right.len()..]).into_bytes()
}

/// A corpus of at least so many bytes, small batches and larger ones, each with a fault.
pub fn corpus(bytes: usize) -> Vec<Vec<u8>> {
    let mut random = Random(99);
    let mut made = 0;
    let mut batches = Vec::new();
    while made < bytes {
        let size = if random.one_in(3) { Size::Mixed } else { Size::Small };
        let batch = faulty(&mut random, size);
        made += batch.len();
        batches.push(batch);
    }
    batches
}
