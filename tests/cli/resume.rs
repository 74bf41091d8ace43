//! Deliveries that end early, in any way, and are gone on with: nothing missing, nothing twice, the counts add up.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::send::{CREDENTIALS, get, json};
use crate::support::{AS_OF, SandboxProcess, file, good, letters, lines, mparticle, running};

/// The command against a sandbox in another process.
pub fn send(url: &str, path: &Path, more: &[&str]) -> assert_cmd::Command {
    let mut command = mparticle();
    command.args(["send", "--base-url", url, "--as-of", AS_OF]).args(more).arg(path).envs(CREDENTIALS);
    // There is no limit to keep here.
    command.args(["--rate", "1000000"]);
    command
}

pub fn spawn(url: &str, path: &Path, more: &[&str]) -> Child {
    let mut command = running(&["send", "--base-url", url, "--as-of", AS_OF]);
    command.args(more).arg(path).envs(CREDENTIALS).stdin(Stdio::null()).spawn().unwrap()
}

pub fn journal_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".mparticle-journal");
    name.into()
}

fn add(path: &Path, text: &str) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

pub fn rejected(summary: &Value) -> u64 {
    ["before_sending", "by_the_service", "gave_up"].iter().map(|by| number(&summary["rejected"][by])).sum()
}

pub fn adds_up(summary: &Value) {
    let sum = number(&summary["accepted"]) + rejected(summary) + number(&summary["not_attempted"]);
    assert_eq!(sum, number(&summary["read"]), "{summary}");
}

/// Batches of which every 37th is refused by the service and every 101st is too large for it.
pub fn mixed(number: usize) -> (String, BTreeSet<u64>) {
    let (mut text, mut bad) = (String::new(), BTreeSet::new());
    for line in 1..=number {
        let mut batch = good(line);
        if line % 101 == 0 {
            batch = batch.replace("Seen", &"x".repeat(2000));
            bad.insert(line as u64);
        } else if line % 37 == 0 {
            batch = batch.replace(r#""event_type":"custom_event","#, "");
            bad.insert(line as u64);
        }
        text.push_str(&batch);
        text.push('\n');
    }
    (text, bad)
}

/// Waits for a file to say so much; false when the process ended before.
pub fn until(child: &mut Child, mut there: impl FnMut() -> bool) -> bool {
    for _ in 0..20_000 {
        if there() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return there();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    unreachable!("nothing happened");
}

fn records(path: &Path) -> usize {
    std::fs::read(journal_of(path)).map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count())
}

/// A delivery that was killed after some of it.
fn killed(url: &str, path: &Path, more: &[&str]) {
    let mut child = spawn(url, path, &[more, &["--rate", "300", "--concurrency", "1"]].concat());
    assert!(until(&mut child, || records(path) >= 3), "it was over before it could be killed");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_at_any_instant_it_goes_on_until_all_is_delivered_once() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF, "--limit", "batch_bytes_hard=1500"], &[]);
    let total = 3000;
    let (text, bad) = mixed(total);
    let (_folder, path) = file("day.ndjson", text);
    let dead = path.with_file_name("day.ndjson.dead-letters.ndjson");
    let options = ["--no-validate", "--limit", "batch_bytes_hard=1500", "--resume"];
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut kills = 0;
    for _ in 0..10 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut child = spawn(&sandbox.url, &path, &[&options[..], &["--rate", "2500"]].concat());
        // Any instant: from before the journal is made to the middle of the delivery.
        std::thread::sleep(Duration::from_millis(random % 250));
        kills += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(kills > 0);
    let summary = json(&send(&sandbox.url, &path, &options).args(["--output", "json"]).assert().code(1));
    adds_up(&summary);
    assert_eq!((number(&summary["read"]), number(&summary["not_attempted"])), (total as u64, 0));
    assert_eq!(rejected(&summary), bad.len() as u64);

    let letters: Vec<u64> = letters(&dead).iter().map(|letter| number(&letter["line"])).collect();
    assert_eq!(letters.len(), bad.len(), "a dead letter is there twice or missing");
    assert_eq!(letters.into_iter().collect::<BTreeSet<_>>(), bad);
    // Different ids would have made them other batches; those that arrived twice were passed over.
    let stats = get(&sandbox.url, "/sandbox/stats");
    assert_eq!(number(&stats["batches"]["accepted"]), (total - bad.len()) as u64, "{stats}");
}

#[test]
fn a_delivery_that_is_complete_is_not_made_twice_and_what_is_added_is_sent() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (folder, path) = file("good.ndjson", lines(250));
    send(&sandbox.url, &path, &[]).assert().code(0);
    send(&sandbox.url, &path, &[])
        .assert()
        .code(2)
        .stderr(
            contains("good.ndjson: delivered already, at 20")
                .and(contains(": 250 batches accepted, 0 rejected")),
        )
        .stderr(contains("--resume sends what was added").and(contains("--restart")));
    add(&path, &format!("{}\n", good(900)));
    send(&sandbox.url, &path, &[]).assert().code(2);
    let summary = json(&send(&sandbox.url, &path, &["--resume", "--output", "json"]).assert().code(0));
    adds_up(&summary);
    assert_eq!((number(&summary["read"]), number(&summary["settled_by_earlier_runs"])), (251, 250));
    assert_eq!(number(&summary["requests"]), 1);
    // Again: nothing to do, and the whole account.
    let summary = json(&send(&sandbox.url, &path, &["--resume", "--output", "json"]).assert().code(0));
    assert_eq!((number(&summary["accepted"]), number(&summary["requests"])), (251, 0));
    assert!(std::fs::metadata(journal_of(&path)).unwrap().len() < 2000);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    // Another file of the same name is another delivery.
    std::fs::write(&path, format!("{}\n", good(901))).unwrap();
    let summary = json(&send(&sandbox.url, &path, &["--output", "json"]).assert().code(0));
    assert_eq!(number(&summary["accepted"]), 1);
}

#[test]
fn an_unfinished_delivery_has_to_be_decided_about() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (_folder, path) = file("good.ndjson", lines(1500));
    killed(&sandbox.url, &path, &[]);
    send(&sandbox.url, &path, &[])
        .assert()
        .code(2)
        .stderr(contains("an earlier delivery did not come to its end").and(contains("--resume goes on")));
    send(&sandbox.url, &path, &["--resume", "--endpoint", "auto"])
        .assert()
        .code(2)
        .stderr(contains("begun with other options: --endpoint was bulk, now auto"));
    let summary = json(&send(&sandbox.url, &path, &["--restart", "--output", "json"]).assert().code(0));
    assert_eq!((number(&summary["accepted"]), number(&summary["settled_by_earlier_runs"])), (1500, 0));
    assert_eq!(number(&get(&sandbox.url, "/sandbox/stats")["batches"]["accepted"]), 1500);
}

#[test]
fn input_that_was_changed_is_noticed_before_anything_is_sent() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    // The last line is not valid: its letter, too, has to wait until the input is known.
    let (_folder, path) = file("good.ndjson", format!("{}{{}}x\n", lines(1500)));
    killed(&sandbox.url, &path, &[]);
    let before = std::fs::read_to_string(&path).unwrap();
    let taken = number(&get(&sandbox.url, "/sandbox/stats")["requests"]["total"]);
    let dead = path.with_file_name("good.ndjson.dead-letters.ndjson");
    let letters_before = letters(&dead).len();
    for changed in [
        before.replacen("C-7\"", "C-8\"", 1),
        before.split_once('\n').unwrap().1.to_owned(),
        lines(3),
        format!("{{}}x\n{before}"),
    ] {
        std::fs::write(&path, changed).unwrap();
        send(&sandbox.url, &path, &["--resume"])
            .assert()
            .code(2)
            .stderr(contains("good.ndjson is not what it was when the delivery began").and(contains("line")))
            .stderr(contains("nothing was sent").and(contains("--restart")));
    }
    assert_eq!(number(&get(&sandbox.url, "/sandbox/stats")["requests"]["total"]), taken);
    assert_eq!(letters(&dead).len(), letters_before);
    std::fs::write(&path, before + &lines(1)).unwrap();
    let summary = json(&send(&sandbox.url, &path, &["--resume", "--output", "json"]).assert().code(1));
    adds_up(&summary);
    assert_eq!(
        (number(&summary["read"]), number(&summary["accepted"]), letters(&dead).len()),
        (1502, 1501, 1)
    );
}

/// What nobody could read was not sent, so that it is no part of what must be as it was.
#[test]
fn what_stands_behind_a_place_that_could_not_be_read_may_be_mended() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    for (number, check) in [(3, None), (1500, None), (1500, Some("--no-validate"))] {
        let batches: Vec<String> = (1..=number + 2).map(good).collect();
        let rest = format!("{}]", batches[number..].join(","));
        let array = format!("[{},", batches[..number].join(","));
        let (_folder, path) = file("array.json", format!("{array}{{]{rest}"));
        let options: Vec<&str> = ["--output", "json"].into_iter().chain(check).collect();
        let summary = json(&send(&sandbox.url, &path, &options).assert().code(1));
        assert_eq!(crate::resume::number(&summary["accepted"]), number as u64, "{summary}");
        let start = array.find(r#""customer_id""#).unwrap();
        std::fs::write(&path, format!("{}x{}{rest}", &array[..start], &array[start + 1..])).unwrap();
        let again = || send(&sandbox.url, &path, &[&options[..], &["--resume"]].concat()).assert();
        again().code(2).stderr(contains("is not what it was"));
        std::fs::write(&path, format!("{array}{rest}")).unwrap();
        let summary = json(&again().code(0));
        adds_up(&summary);
        let taken = (crate::resume::number(&summary["accepted"]), crate::resume::number(&summary["read"]));
        assert_eq!(taken, (number as u64 + 2, number as u64 + 2), "{summary}");
    }
}

#[test]
fn a_torn_journal_is_cut_and_a_damaged_one_is_named() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (_folder, path) = file("good.ndjson", lines(1500));
    killed(&sandbox.url, &path, &[]);
    let journal = journal_of(&path);
    let whole = std::fs::read(&journal).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.iter().position(|byte| *byte == b'\n').unwrap() + 12] ^= 1;
    std::fs::write(&journal, &damaged).unwrap();
    let byte = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    send(&sandbox.url, &path, &["--resume"])
        .assert()
        .code(2)
        .stderr(contains(format!("is damaged: the line at byte {byte} is not what was written")));
    assert_eq!(std::fs::read(&journal).unwrap(), damaged);
    std::fs::write(&journal, &whole[..whole.len() - 5]).unwrap();
    let summary = json(&send(&sandbox.url, &path, &["--resume", "--output", "json"]).assert().code(0));
    adds_up(&summary);
    assert_eq!(number(&summary["accepted"]), 1500);
    assert_eq!(number(&get(&sandbox.url, "/sandbox/stats")["batches"]["accepted"]), 1500);
}

#[test]
fn a_letter_that_was_written_but_not_entered_is_not_written_again() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (_folder, path) = file("bad.ndjson", format!("{{}}x\n{}{{}}y\n", lines(5)));
    let dead = path.with_file_name("bad.ndjson.dead-letters.ndjson");
    send(&sandbox.url, &path, &[]).assert().code(1);
    let all = std::fs::read_to_string(&dead).unwrap();
    // As if it had been killed right after the first letter, in the middle of the second.
    let journal = std::fs::read_to_string(journal_of(&path)).unwrap();
    std::fs::write(journal_of(&path), journal.split_inclusive('\n').next().unwrap()).unwrap();
    std::fs::write(&dead, &all[..all.find('\n').unwrap() + 30]).unwrap();
    let summary = json(&send(&sandbox.url, &path, &["--resume", "--output", "json"]).assert().code(1));
    adds_up(&summary);
    assert_eq!((rejected(&summary), number(&summary["read"])), (2, 7));
    let lines: Vec<u64> = letters(&dead).iter().map(|letter| number(&letter["line"])).collect();
    assert_eq!(lines, [1, 7]);
    assert_eq!(number(&get(&sandbox.url, "/sandbox/stats")["batches"]["accepted"]), 5);
}

#[test]
fn two_processes_on_one_journal_are_refused_and_ctrl_c_says_how_to_go_on() {
    // Takes requests and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let (_folder, path) = file("good.ndjson", lines(3));
    let mut child = spawn(&url, &path, &[]);
    let (connection, _) = silent.accept().unwrap();
    for option in ["--resume", "--restart"] {
        send(&url, &path, &[option]).assert().code(2).stderr(
            contains("another process is delivering this").and(contains("good.ndjson.mparticle-journal")),
        );
    }
    let interrupt = || Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt().success());
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(line.contains("once more to stop at once"), "{line}");
    // What is under way is dropped, and the server goes away: the run ends by itself.
    drop((connection, silent));
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    let command = format!("send --base-url {url} --as-of {AS_OF} {} --resume", path.display());
    assert!(rest.contains(&format!("To go on where it stopped: mparticle {command}\n")), "{rest}");

    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    // To another address: refused. Begun anew there: delivered.
    send(&sandbox.url, &path, &["--resume"]).assert().code(2).stderr(contains("the destination was"));
    send(&sandbox.url, &path, &["--restart"]).assert().code(0);
}

#[test]
fn stopped_at_once_nothing_is_lost() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (_folder, path) = file("good.ndjson", lines(1500));
    let mut child = spawn(&sandbox.url, &path, &["--rate", "300"]);
    assert!(until(&mut child, || records(&path) >= 3));
    for _ in 0..2 {
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let summary = json(&send(&sandbox.url, &path, &["--resume", "--output", "json"]).assert().code(0));
    adds_up(&summary);
    assert_eq!(number(&summary["accepted"]), 1500);
    assert_eq!(number(&get(&sandbox.url, "/sandbox/stats")["batches"]["accepted"]), 1500);
}

#[test]
fn what_comes_from_a_pipe_is_resumed_when_the_same_comes_again() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (folder, state) = file("state", "");
    let state = state.with_file_name("journals");
    let dead = folder.path().join("dead");
    let options = ["--state-dir", state.to_str().unwrap(), "--dead-letters", dead.to_str().unwrap()];
    let run = |text: String, more: &[&str]| {
        send(&sandbox.url, Path::new("-"), &options).args(more).write_stdin(text).assert()
    };
    run(lines(2), &[]).code(0);
    let summary = json(&run(lines(5), &["--resume", "--output", "json"]).code(0));
    assert_eq!((number(&summary["accepted"]), number(&summary["settled_by_earlier_runs"])), (5, 2));
    run(lines(6).replacen("C-0", "C-x", 1), &["--resume"])
        .code(2)
        .stderr(contains("<stdin> is not what it was").and(predicate::str::contains("nothing was sent")));
    send(&sandbox.url, Path::new("-"), &["--resume"])
        .write_stdin("")
        .assert()
        .code(2)
        .stderr(contains("only with --state-dir"));
}

#[test]
fn a_directory_is_resumed_although_letters_were_added_to_it() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (folder, _) = file("a.ndjson", format!("{{}}x\n{}", lines(3)));
    std::fs::write(folder.path().join("b.ndjson"), lines(4)).unwrap();
    send(&sandbox.url, folder.path(), &[]).assert().code(1);
    let summary =
        json(&send(&sandbox.url, folder.path(), &["--resume", "--output", "json"]).assert().code(1));
    assert_eq!((number(&summary["read"]), number(&summary["requests"])), (8, 0));
}

#[test]
fn the_input_is_never_taken_for_the_file_of_dead_letters() {
    let (_folder, path) = file("a.ndjson", "{}x\n");
    mparticle()
        .args(["send", "--sandbox", "--dead-letters"])
        .args([&path, &path])
        .assert()
        .code(2)
        .stderr(contains("is input and file of dead letters at the same time"));
}
