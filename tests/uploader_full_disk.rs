//! The spool on a disk that runs full: `enqueue` says so, what it had promised is delivered once, and when there is room again it goes on.
//!
//! The disk is a small file system of memory where this process may mount one, in a name space that ends with the test. The other
//! way works everywhere: files that may not grow beyond a size.
#![cfg(all(feature = "spool", feature = "sandbox", unix))]
// Helpers of tests, too, may fail loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mparticle_events::Endpoint;
use mparticle_events::client::{Client, Credentials};
use mparticle_events::deliver::{Answer, Transport};
use mparticle_events::sandbox::Sandbox;
use mparticle_events::types::{Batch, Environment, Event};
use mparticle_events::uploader::{Counter, Durability, Gauge, Metrics, Spool, Uploader};
use tokio::sync::watch;

const LONG: Duration = Duration::from_secs(30);
/// More batches than there is room for.
const MANY: usize = 2000;

/// A client that waits until it is told to post.
struct Gated(Client, watch::Receiver<bool>);

impl Transport for Gated {
    async fn post(&self, endpoint: Endpoint, body: Bytes) -> Answer {
        self.1.clone().wait_for(|open| *open).await.unwrap();
        Transport::post(&self.0, endpoint, body).await
    }
}

/// How often the spool failed, and whether it does now.
#[derive(Default)]
struct Failures(AtomicU64, AtomicU64);

impl Metrics for Failures {
    fn count(&self, counter: Counter, by: u64) {
        if counter == Counter::SpoolFailures {
            self.0.fetch_add(by, Ordering::SeqCst);
        }
    }

    fn gauge(&self, gauge: Gauge, value: u64) {
        if gauge == Gauge::SpoolFailing {
            self.1.store(value, Ordering::SeqCst);
        }
    }
}

impl Failures {
    fn now(&self) -> (u64, u64) {
        (self.0.load(Ordering::SeqCst), self.1.load(Ordering::SeqCst))
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// A batch of some kilobytes.
fn batch(number: usize) -> Batch {
    let mut event = Event::screen_view(format!("n{number}"));
    for name in ["a", "b", "c", "d"] {
        event = event.attribute(name, "x".repeat(4000));
    }
    Batch::new(Environment::Development).customer_id(format!("u{}", number % 7)).event(event)
}

/// The process whose disk runs full; says on its output what `enqueue` has promised, and what it has refused.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the tests below, as a process of its own"]
async fn child() {
    let credentials = Credentials::new("key", "secret").unwrap();
    let client = Client::builder(credentials).base_url(&variable("SERVER")).unwrap().build().unwrap();
    let (gate, open) = watch::channel(false);
    let durability = match variable("DURABILITY").as_str() {
        "every" => Durability::Every(Duration::from_millis(5)),
        _ => Durability::Immediate,
    };
    let spool = Spool::at(Path::new(&variable("DISK")).join("spool")).durability(durability);
    let builder = Uploader::builder(Gated(client, open)).window(Duration::from_millis(2)).max_bytes(1 << 30);
    let failures = Arc::new(Failures::default());
    let builder = builder.batches_per_second(None).spool(spool).metrics(Arc::clone(&failures) as _);
    if variable("DO") == "start" {
        return println!("not started: {}", builder.start().unwrap_err());
    }
    let uploader = builder.start().unwrap();
    if variable("DO") != "drain" {
        let promised = fill(&uploader).await;
        assert_eq!(uploader.held(), promised, "what was refused is not held");
        assert_eq!(uploader.closed_because(), None);
        assert_eq!(failures.now(), (1, 1));
    }
    if variable("DO").starts_with("room") {
        make_room();
        let mut tries = 0;
        while let Err(error) = uploader.enqueue(batch(MANY)).await {
            assert!(error.is_spool() && tries < 300, "{error}");
            tries += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!("promised n{MANY}");
        assert_eq!(failures.now(), (1, 0));
    }
    if variable("DO").ends_with("crash") {
        std::process::abort();
    }
    gate.send_replace(true);
    uploader.flush(LONG).await.unwrap();
    println!("flushed");
    assert!(uploader.shutdown(LONG).await.is_empty());
}

/// Enqueues until the disk is full. How many were taken in.
async fn fill(uploader: &Uploader) -> u64 {
    let mut promised = 0;
    let mut refused = 0;
    for number in 0..MANY {
        match uploader.enqueue(batch(number)).await {
            Ok(_) => {
                promised += 1;
                println!("promised n{number}");
            }
            Err(error) => {
                assert!(error.is_spool() && !error.is_closed(), "{error}");
                println!("refused n{number}: {error}");
                refused += 1;
            }
        }
        if refused == 5 {
            return promised;
        }
    }
    unreachable!("the disk did not run full");
}

fn make_room() {
    if variable("HOW") == "mounted" {
        std::fs::remove_file(Path::new(&variable("DISK")).join("ballast")).unwrap();
    } else {
        let pid = std::process::id().to_string();
        let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap();
        assert!(raised.success());
    }
}

/// Runs the process on a disk that runs full, and then one that delivers what is left. What they said.
fn lives(how: &str, what: &str, durability: &str, server: &str, disk: &Path) -> String {
    // The signal would end the process before it can say why.
    let (little, enough) = match how {
        "mounted" => (
            "mount -t tmpfs -o size=6m none \"$DISK\" && head -c 3000000 /dev/zero >\"$DISK/ballast\"",
            "rm -f \"$DISK/ballast\"",
        ),
        _ => ("trap '' XFSZ; ulimit -S -f 5000", "ulimit -S -f unlimited"),
    };
    let script = format!(
        "ulimit -c 0; {little} || exit 99
        \"$0\" --ignored --exact child --nocapture; echo \"ended with $?\"
        {enough} || exit 98
        DO=drain; export DO; exec \"$0\" --ignored --exact child --nocapture"
    );
    let mut command = Command::new(if how == "mounted" { "unshare" } else { "sh" });
    if how == "mounted" {
        command.args(["-rm", "sh"]);
    }
    command.args(["-c", &script]).arg(std::env::current_exe().unwrap());
    command.env("DISK", disk).env("HOW", how).env("DO", what).env("DURABILITY", durability);
    let output = command.env("SERVER", server).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{how}, {what}, {durability}: {said}\n{complaints}");
    said
}

#[test]
fn without_room_for_a_new_spool_it_does_not_start_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' XFSZ; ulimit -S -f 8; exec \"$0\" --ignored --exact child --nocapture";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap()).env("DISK", folder.path());
    command.envs([("SERVER", "http://127.0.0.1:1"), ("DO", "start"), ("DURABILITY", "immediate")]);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let place = folder.path().join("spool").display().to_string();
    let expected = format!(
        "not started: the spool {place} cannot be opened: files may not grow larger here (ulimit -f)\n"
    );
    assert!(said.contains(&expected), "{said}");
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn kinds() -> Vec<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let mut mount = Command::new("unshare");
    mount.args(["-rm", "mount", "-t", "tmpfs", "none"]).arg(folder.path());
    if succeeds(&mut mount) {
        return vec!["limited", "mounted"];
    }
    eprintln!("no file system can be mounted here: only with files that may not grow");
    vec!["limited"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_what_is_new_and_loses_nothing() {
    for how in kinds() {
        for (what, durability) in [
            ("deliver", "immediate"),
            ("deliver", "every"),
            ("room and deliver", "immediate"),
            ("room and deliver", "every"),
            ("room and crash", "immediate"),
            ("crash", "immediate"),
        ] {
            if what.starts_with("room")
                && how == "limited"
                && !succeeds(Command::new("prlimit").arg("--version"))
            {
                eprintln!("the limit of a process cannot be raised here: left out");
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let sandbox = Sandbox::start().await.unwrap();
            let said = tokio::task::block_in_place(|| {
                lives(how, what, durability, &sandbox.base_url(), folder.path())
            });
            let told = format!("{how}, {what}, {durability}: {said}");
            let why = if how == "mounted" { "the disk is full" } else { "files may not grow larger here" };
            let refusal = format!("the batch could not be written to the spool: {why}");
            assert!(said.lines().any(|line| line.contains("refused ") && line.contains(&refusal)), "{told}");
            let crashed = what.ends_with("crash");
            assert_eq!(said.contains("ended with 0"), !crashed, "{told}");

            let named = |word: &str| -> BTreeSet<String> {
                let number = |line: &str| Some(line.split_once(word)?.1.split([':', ' ']).next()?.to_owned());
                said.lines().filter_map(number).collect()
            };
            let (promised, refused) = (named("promised "), named("refused "));
            assert!(promised.len() > 20 && refused.len() >= 5, "{told}");
            let received = sandbox.received();
            let mut arrived = BTreeSet::new();
            for batch in &received.batches {
                for event in batch.json()["events"].as_array().unwrap() {
                    let name = event["data"]["screen_name"].as_str().unwrap().to_owned();
                    assert!(arrived.insert(name.clone()), "{name} is there twice: {told}");
                }
            }
            assert_eq!(arrived, promised, "{told}");
        }
    }
}
