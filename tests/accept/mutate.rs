//! Changes to batches: of their structure, of single values, and of bytes.

use serde_json::{Map, Value, json};

use crate::traffic::{NOW_MS, Random};

const HOUR_MS: i64 = 3_600_000;

/// One of the seeds with a few changes.
pub fn mutate(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let seed = &seeds[random.below(seeds.len())];
    if random.below(10) < 6
        && let Ok(mut document) = serde_json::from_slice::<Value>(seed)
    {
        for _ in 0..1 + random.below(2) {
            change(random, &mut document, seeds);
        }
        let mut text = String::new();
        write(random, &document, &mut text);
        let mut bytes = text.into_bytes();
        if random.one_in(10) {
            change_bytes(random, &mut bytes);
        }
        return bytes;
    }
    let mut bytes = seed.clone();
    for _ in 0..1 + random.below(2) {
        change_bytes(random, &mut bytes);
    }
    bytes
}

/// Goes down to a random place and changes it.
fn change(random: &mut Random, node: &mut Value, seeds: &[Vec<u8>]) {
    let stop = random.one_in(5);
    match node {
        Value::Object(members) if !members.is_empty() && !stop => {
            let index = random.below(members.len());
            if let Some(child) = members.values_mut().nth(index) {
                change(random, child, seeds);
            }
        }
        Value::Array(items) if !items.is_empty() && !stop => {
            let index = random.below(items.len());
            change(random, &mut items[index], seeds);
        }
        Value::Object(members) => change_members(random, members, seeds),
        Value::Array(items) => match random.below(3) {
            0 if !items.is_empty() => drop(items.remove(random.below(items.len()))),
            1 if !items.is_empty() => items.push(items[random.below(items.len())].clone()),
            _ => items.push(value(random)),
        },
        Value::String(text) if random.one_in(2) => change_text(random, text),
        Value::Number(_) if random.one_in(2) => *node = number(random),
        other => *other = value(random),
    }
}

fn change_members(random: &mut Random, members: &mut Map<String, Value>, seeds: &[Vec<u8>]) {
    let names: Vec<String> = members.keys().cloned().collect();
    let name = names.get(random.below(names.len())).cloned().unwrap_or_default();
    match random.below(6) {
        0 => drop(members.remove(&name)),
        1 => {
            let moved = members.remove(&name).unwrap_or(Value::Null);
            let mut name = name;
            change_text(random, &mut name);
            members.insert(name, moved);
        }
        2 => drop(members.insert(name, value(random))),
        3 => drop(members.insert(random.pick(NAMES).to_owned(), value(random))),
        4 => {
            // What another batch has under its name.
            let seed = &seeds[random.below(seeds.len())];
            if let Ok(Value::Object(other)) = serde_json::from_slice::<Value>(seed)
                && let Some((name, value)) = other.iter().nth(random.below(other.len()))
            {
                members.insert(name.clone(), value.clone());
            }
        }
        _ => {
            if let Some(kind) = members.get_mut("event_type") {
                *kind = json!(random.pick(KINDS));
            }
        }
    }
}

fn change_text(random: &mut Random, text: &mut String) {
    match random.below(8) {
        0 => text.clear(),
        1 => *text = text.to_uppercase(),
        2 => *text = text.repeat(1 + random.below(400 / text.len().max(1) + 2)),
        3 => drop(text.pop()),
        4 => text.insert(0, ['$', ' ', 'é', '"', '\\', '0', '\u{a0}'][random.below(7)]),
        5 => *text = text.replace('-', ""),
        6 => *text = text.replace(|c: char| c.is_ascii_alphanumeric(), "0"),
        _ => *text = random.pick(TEXTS).to_owned(),
    }
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "\u{3000}",
    "0",
    "x",
    "attribution",
    "purchase",
    "application_initialized",
    "development",
    "PRODUCTION",
    "00000000-0000-0000-0000-000000000000",
    "613ae726-f1d8-4eb4-9c4a-5d1e2f3a4b5c",
    "{613ae726-f1d8-4eb4-9c4a-5d1e2f3a4b5c}",
    "10.0.0.1",
    "::ffff:1.2.3.4",
    "fe80::1%eth0",
    "DE",
    "de",
    "DEU",
    "UK",
    "EUR",
    "eur",
    "lat_long",
    "LAT_LONG",
    "gps",
    "1768435200000",
    "17",
    "true",
    "null",
    "delete",
    "$age",
    "plan",
];

const NAMES: &[&str] = &[
    "mpid",
    "api_key",
    "batch_id",
    "timestamp_unixtime_ms",
    "event_name",
    "screen_name",
    "custom_attributes",
    "deleted_user_attributes",
    "user_attributes",
    "events",
    "location",
    "product_action",
    "promotion_action",
    "product_impressions",
    "products",
    "currency_code",
    "is_first_run",
    "is_upgrade",
    "consent_state",
    "ccpa",
    "gdpr",
    "data_sale_opt_out",
    "country_code",
    "location_source",
    "latitude",
    "longitude",
    "$Age",
    "$plan",
    "",
    " ",
    "plan",
    "session_start_unixtime_ms",
    "session_id",
    "source_info",
    "partner_identities",
    "integration_attributes",
    "ios_advertising_id",
    "android_advertising_id",
    "amp_id",
    "mp_deviceid",
    "ip",
    "custom_event_type",
    "unknown",
    "custom_flags",
    "source_message_id",
    "source_request_id",
    "action_identifier",
    "added_to_cart_time_ms",
    "160",
];

const KINDS: &[&str] = &[
    "session_start",
    "session_end",
    "screen_view",
    "custom_event",
    "commerce_event",
    "crash_report",
    "opt_out",
    "first_run",
    "uninstall",
    "push_registration",
    "application_state_transition",
    "push_message",
    "network_performance",
    "breadcrumb",
    "profile",
    "user_attribute_change",
    "user_identity_change",
    "CUSTOM_EVENT",
    "push_reaction",
    "nothing",
];

fn value(random: &mut Random) -> Value {
    match random.below(12) {
        0 => Value::Null,
        1 => json!(random.one_in(2)),
        2..=4 => number(random),
        5 => json!([]),
        6 => json!({}),
        7 => json!([random.pick(TEXTS), random.pick(TEXTS)]),
        8 => json!({ random.pick(NAMES): random.pick(TEXTS) }),
        9 => json!({ random.pick(NAMES): number(random) }),
        _ => json!(random.pick(TEXTS)),
    }
}

/// Numbers on either side of every border that a rule knows.
fn number(random: &mut Random) -> Value {
    let near = [-1_i64, 0, 1][random.below(3)];
    let hours = [0, 24, -24, -72, -720, -721, -719, 48, -73, -71][random.below(10)];
    match random.below(10) {
        0..=2 => json!(NOW_MS + hours * HOUR_MS + near),
        3 => json!(
            [100_000_000_i64, 100_000_000_000, 100_000_000_000_000, 100_000_000_000_000_000][random.below(4)]
                + near
        ),
        4 => json!([0_i64, 90, 180, -90, -180][random.below(5)] + near),
        5 => json!([0.0, -0.0, 90.0, 90.000_001, 180.5, 1e-7, 1.0, 1e300, 17.5, -89.9][random.below(10)]),
        6 => json!([i64::MIN, i64::MAX, 0, 1, -1][random.below(5)]),
        7 => json!(u64::MAX - random.next() % 3),
        8 => json!(NOW_MS / 1000),
        _ => json!(random.next() as i64 >> random.below(64)),
    }
}

/// As text, with members in any order, now and then a blank, an escape or a repeated member.
fn write(random: &mut Random, node: &Value, text: &mut String) {
    blank(random, text);
    match node {
        Value::Object(members) => {
            text.push('{');
            let mut all: Vec<_> = members.iter().collect();
            if random.one_in(3) && all.len() > 1 {
                let last = all.len() - 1;
                all.swap(random.below(last), last);
            }
            if random.one_in(200) && !all.is_empty() {
                all.push(all[random.below(all.len())]);
            }
            for (index, (name, value)) in all.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                blank(random, text);
                write_text(random, name, 4000, text);
                blank(random, text);
                text.push(':');
                write(random, value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(random, item, text);
            }
            text.push(']');
        }
        Value::String(content) => write_text(random, content, 300, text),
        other => text.push_str(&other.to_string()),
    }
    blank(random, text);
}

fn write_text(random: &mut Random, content: &str, escapes: usize, text: &mut String) {
    if random.one_in(escapes) {
        text.push('"');
        content.encode_utf16().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        text.push('"');
    } else {
        text.push_str(&Value::from(content).to_string());
    }
}

fn blank(random: &mut Random, text: &mut String) {
    if random.one_in(120) {
        text.push([' ', '\n', '\t', '\r'][random.below(4)]);
    }
}

fn change_bytes(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len().max(1)).min(bytes.len());
    match random.below(8) {
        0 if at < bytes.len() => bytes[at] = (random.next() >> 32) as u8,
        1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 if at < bytes.len() => drop(bytes.remove(at)),
        3 => bytes.insert(at, b"\"\\{}[]:,0-.eE \n\tu\x00\x1f\x7f\x80\xffxtfn"[random.below(26)]),
        4 => bytes.truncate(at),
        5 => {
            let end = (at + random.below(20)).min(bytes.len());
            let copy = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        6 => {
            let end = (at + random.below(6)).min(bytes.len());
            bytes.drain(at..end);
        }
        _ => {
            // A digit or letter for another one, which mostly leaves JSON behind.
            let from = bytes.iter().skip(at).position(u8::is_ascii_alphanumeric);
            if let Some(place) = from.map(|offset| at + offset) {
                bytes[place] = b"0123456789abcdefXYZ"[random.below(19)];
            }
        }
    }
}
