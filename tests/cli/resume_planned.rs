//! Deliveries of merged and of split batches that end early and are gone on with: every event once, every batch counted once.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use predicates::str::contains;
use serde_json::Value;

use crate::resume::{adds_up, journal_of, number, rejected, send};
use crate::send::{CREDENTIALS, get, json};
use crate::support::{AS_OF, SandboxProcess, file, letters, running};

const OLD: &str = "1700000000000";
const NEW: &str = "1795170000000";

/// Random numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The lines of an input in which every event has its own name.
#[derive(Default)]
struct Lines {
    events: usize,
}

impl Lines {
    fn event(&mut self, time: &str) -> String {
        self.events += 1;
        let name = self.events;
        format!(
            r#"{{"event_type":"custom_event","data":{{"event_name":"E-{name}","custom_event_type":"other","timestamp_unixtime_ms":{time}}}}}"#
        )
    }

    fn batch(&mut self, customer: u64, times: &[&str]) -> String {
        let events: Vec<String> = times.iter().map(|time| self.event(time)).collect();
        format!(
            r#"{{"environment":"development","user_identities":{{"customer_id":"C-{customer}"}},"events":[{}]}}"#,
            events.join(",")
        )
    }

    /// Batches of which many can be merged; the service refuses some, and one of them takes the whole group along.
    fn like(&mut self, number: usize, random: &mut Random) -> String {
        let mut text = String::new();
        for index in 0..number {
            let mut batch = self.batch(index as u64 / 7, &[NEW]);
            if random.below(40) == 0 {
                batch = batch.replace(r#""event_type":"custom_event","#, "");
            }
            text += &batch;
            text.push('\n');
        }
        text
    }

    /// Batches of which some are too large, some belong to two paths, some are both, and some are refused.
    fn unlike(&mut self, number: usize, random: &mut Random) -> String {
        let mut text = String::new();
        for index in 0..number {
            let times: &[&str] = match random.below(6) {
                0 => &[NEW; 30],
                1 => &[OLD, NEW, OLD],
                2 => &[NEW, OLD, NEW, OLD, NEW, OLD, NEW, OLD, NEW, OLD, NEW, OLD, NEW, OLD, NEW, OLD, NEW],
                3 => &[OLD],
                _ => &[NEW],
            };
            let mut batch = self.batch(index as u64, times);
            if random.below(12) == 0 {
                // One of the events, and so one of the pieces.
                batch = batch.replacen(r#""event_type":"custom_event","#, "", 1);
            }
            text += &batch;
            text.push('\n');
        }
        text
    }
}

/// A sandbox that loses some of its answers.
fn sandbox() -> SandboxProcess {
    let faults =
        ["--fault", "drop-after:rate=0.1", "--fault", "slow-answer:delay=30,rate=0.5", "--seed", "5"];
    let limits = ["--as-of", AS_OF, "--limit", "batch_bytes_hard=1500"];
    SandboxProcess::start(&[&faults[..], &limits[..]].concat(), &[])
}

const LIMITS: [&str; 5] =
    ["--no-validate", "--limit", "batch_bytes=1400", "--limit", "batch_bytes_hard=1500"];

/// Begins or goes on, and kills it at some instant. Whether it was killed.
fn cut_short(url: &str, path: &Path, options: &[&str], random: &mut Random) -> bool {
    let mut command = running(&["send", "--base-url", url, "--as-of", AS_OF, "--resume", "--rate", "800"]);
    command.args(options).arg(path).envs(CREDENTIALS);
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(20 + random.below(230)));
    let killed = child.try_wait().unwrap().is_none();
    let _ = child.kill();
    child.wait().unwrap();
    killed
}

fn names(batch: &Value, all: &mut BTreeMap<String, usize>) {
    for event in batch["events"].as_array().unwrap() {
        *all.entry(event["data"]["event_name"].as_str().unwrap().to_owned()).or_default() += 1;
    }
}

/// Every event of the input was accepted once, or stands in one dead letter, and not both.
fn each_event_once(url: &str, dead: &Path, events: usize) {
    let mut all = BTreeMap::new();
    let mut offset = 0;
    loop {
        let page = get(url, &format!("/sandbox/received?limit=100&offset={offset}"));
        let batches = page["batches"].as_array().unwrap();
        batches.iter().for_each(|batch| names(&batch["batch"], &mut all));
        offset += batches.len();
        if batches.is_empty() {
            break;
        }
    }
    letters(dead).iter().for_each(|letter| names(&letter["batch"], &mut all));
    let more: Vec<_> = all.iter().filter(|(_, times)| **times != 1).collect();
    assert!(more.is_empty(), "twice or more: {more:?}");
    let missing: Vec<_> =
        (1..=events).map(|n| format!("E-{n}")).filter(|name| !all.contains_key(name)).collect();
    assert!(missing.is_empty(), "lost: {missing:?}");
    assert_eq!(all.len(), events);
}

fn dead_letters_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".dead-letters.ndjson");
    name.into()
}

fn add(path: &Path, text: &str) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Goes on until nothing is left, and checks the account.
fn ends(url: &str, path: &Path, options: &[&str], events: usize) -> Value {
    let dead = dead_letters_of(path);
    let summary = json(
        &send(url, path, options)
            .args(["--resume", "--output", "json"])
            .assert()
            .stderr(predicates::prelude::PredicateBooleanExt::not(contains("do not add up"))),
    );
    adds_up(&summary);
    let read = std::fs::read_to_string(path).unwrap().lines().count() as u64;
    assert_eq!((number(&summary["read"]), number(&summary["not_attempted"])), (read, 0), "{summary}");
    each_event_once(url, &dead, events);
    // And once more: nothing to do, the same account.
    let again = json(&send(url, path, options).args(["--resume", "--output", "json"]).assert());
    for name in ["read", "accepted", "accepted_by_endpoint", "accepted_pieces_by_endpoint", "rejected"] {
        assert_eq!(again[name], summary[name], "{name}");
    }
    assert_eq!((number(&again["requests"]), &again["settled_by_earlier_runs"]), (0, &again["read"]));
    summary
}

#[test]
fn merged_batches_are_delivered_once_although_killed_and_although_the_file_grows() {
    for seed in [3, 0x9E37_79B9] {
        let (sandbox, mut random, mut lines) = (sandbox(), Random(seed), Lines::default());
        let (_folder, path) = file("day.ndjson", lines.like(1200, &mut random));
        let options = [&["--merge"], &LIMITS[..]].concat();
        let mut kills = 0;
        for round in 0..14 {
            kills += usize::from(cut_short(&sandbox.url, &path, &options, &mut random));
            if round % 2 == 1 {
                // At the end of the file there is always a group that others could have joined.
                add(&path, &lines.like(1 + random.below(5) as usize, &mut random));
            }
        }
        assert!(kills > 0);
        let summary = ends(&sandbox.url, &path, &options, lines.events);
        assert_eq!(rejected(&summary), letters(&dead_letters_of(&path)).len() as u64);
    }
}

#[test]
fn batches_in_pieces_are_delivered_once_although_killed() {
    for seed in [7, 0x51_7CC1_B727] {
        let (sandbox, mut random, mut lines) = (sandbox(), Random(seed), Lines::default());
        let (_folder, path) = file("day.ndjson", lines.unlike(500, &mut random));
        let options = [&["--endpoint", "auto"], &LIMITS[..]].concat();
        let mut kills = 0;
        for _ in 0..12 {
            kills += usize::from(cut_short(&sandbox.url, &path, &options, &mut random));
        }
        assert!(kills > 0);
        add(&path, &lines.unlike(3, &mut random));
        let summary = ends(&sandbox.url, &path, &options, lines.events);
        let in_pieces = number(&summary["accepted"])
            - summary["accepted_by_endpoint"].as_object().unwrap().values().map(number).sum::<u64>();
        assert!(in_pieces > 0 && rejected(&summary) > 0, "{summary}");
    }
}

/// A short file whose only group was sent when the run was killed: what is added afterwards must not change that group.
#[test]
fn a_group_on_its_way_when_the_file_ended_stays_as_it_was() {
    let args = ["--as-of", AS_OF, "--fault", "slow-answer:delay=60000,count=1"];
    let sandbox = SandboxProcess::start(&args, &[]);
    let mut lines = Lines::default();
    let mut of_one =
        |number: usize| -> String { (0..number).map(|_| lines.batch(1, &[NEW]) + "\n").collect() };
    let (_folder, path) = file("day.ndjson", of_one(3));
    let mut command = running(&["send", "--base-url", &sandbox.url, "--as-of", AS_OF, "--merge"]);
    let mut child = command.arg(&path).envs(CREDENTIALS).stdin(Stdio::null()).spawn().unwrap();
    let taken = || number(&get(&sandbox.url, "/sandbox/stats")["batches"]["accepted"]);
    for _ in 0..10_000 {
        if taken() == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(taken(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(std::fs::metadata(journal_of(&path)).unwrap().len() > 0);
    add(&path, &of_one(2));
    let summary = ends(&sandbox.url, &path, &["--merge"], 5);
    assert_eq!((number(&summary["accepted"]), number(&summary["requests"])), (5, 1));
    // The group of three again, under the id it had, and the two by themselves in a group of their own.
    let stats = get(&sandbox.url, "/sandbox/stats");
    let (accepted, duplicate) = (&stats["batches"]["accepted"], &stats["batches"]["duplicate"]);
    assert_eq!((number(accepted), number(duplicate)), (2, 1), "{stats}");
}

#[test]
fn a_run_with_other_plans_is_refused() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let mut lines = Lines::default();
    let (_folder, path) = file("day.ndjson", lines.batch(1, &[NEW]) + "\n");
    send(&sandbox.url, &path, &[]).assert().code(0);
    for (option, said) in [
        ("--merge", "begun with other options: --merge was false, now true"),
        ("--no-split", "begun with other options: --no-split was false, now true"),
        ("--limit=batch_bytes=1000", "begun with other options: --limit was not set, now batch_bytes=1000"),
    ] {
        send(&sandbox.url, &path, &["--resume", option]).assert().code(2).stderr(contains(said));
    }
    let later = ["send", "--base-url", &sandbox.url, "--as-of", "2026-11-21", "--resume"];
    let output =
        Command::new(env!("CARGO_BIN_EXE_mparticle")).args(later).arg(&path).envs(CREDENTIALS).output();
    let stderr = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(stderr.contains("--as-of was 2026-11-20T12:00:00Z, now 2026-11-21T00:00:00Z"), "{stderr}");
}
