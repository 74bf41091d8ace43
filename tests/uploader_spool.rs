//! The spool: real files, a real server, and a real process that is killed.
#![cfg(all(feature = "spool", feature = "sandbox"))]
// Helpers of tests, too, may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "uploader/script.rs"]
mod script;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mparticle_events::client::{Client, Credentials};
use mparticle_events::deliver::Answer;
use mparticle_events::sandbox::Sandbox;
use mparticle_events::types::{Batch, Environment, Event};
use mparticle_events::uploader::{Durability, Spool, Uploader};
use script::{Fates, Script, ids};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(50);

fn user(name: &str, screen: &str) -> Batch {
    Batch::new(Environment::Development).customer_id(name).event(Event::screen_view(screen))
}

fn start(script: &Script, spool: &Spool) -> Uploader {
    let window = Duration::from_millis(5);
    Uploader::builder(script.clone())
        .window(window)
        .batches_per_second(None)
        .spool(spool.clone())
        .start()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_delivered_is_sent_by_the_next_under_the_same_ids() {
    let folder = tempfile::tempdir().unwrap();
    for durability in [Durability::Immediate, Durability::Every(Duration::from_millis(5))] {
        let spool =
            Spool::at(folder.path().join(format!("{durability:?}").replace(' ', ""))).durability(durability);
        let deaf = Script::gated();
        let uploader = start(&deaf, &spool);
        for (name, screen) in [("a", "1"), ("a", "2"), ("b", "3")] {
            uploader.enqueue(user(name, screen)).await.unwrap();
        }
        uploader.try_enqueue(user("c", "4").source_request_id("mine")).unwrap();
        assert_eq!(uploader.flush(SHORT).await.unwrap_err().left, 4);
        let left = uploader.shutdown(SHORT).await;
        drop(uploader);
        let before: BTreeSet<_> = left.iter().map(|left| left.source_request_id().unwrap()).collect();

        let script = Script::accepting();
        let uploader = start(&script, &spool);
        let ticket = uploader.enqueue(user("a", "5")).await.unwrap();
        assert!(left.iter().flat_map(|left| &left.tickets).all(|earlier| earlier.number() < ticket.number()));
        uploader.flush(LONG).await.unwrap();
        let after = ids(&script.bodies());
        assert!(after.is_superset(&before) && after.len() == before.len() + 1, "{before:?} {after:?}");
        assert!(uploader.shutdown(LONG).await.is_empty());
        drop(uploader);

        let script = Script::accepting();
        let uploader = start(&script, &spool);
        uploader.flush(LONG).await.unwrap();
        assert!(script.bodies().is_empty(), "everything was settled");
    }
}

#[tokio::test]
async fn what_is_refused_is_kept_as_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::at(folder.path().join("spool")).max_dead_letters(2);
    let fates = Fates::default();
    let script = Script::answering(|_| Answer::status(400));
    let builder = Uploader::builder(script).batches_per_second(None).spool(spool.clone());
    let uploader = builder.on_settled(fates.note()).start().unwrap();
    for name in ["a", "b", "c"] {
        uploader.enqueue(user(name, "1")).await.unwrap();
    }
    uploader.flush(LONG).await.unwrap();
    assert!(uploader.shutdown(LONG).await.is_empty());
    drop(uploader);
    let letters = spool.take_dead_letters().unwrap();
    assert_eq!(letters.len(), 2, "no more are kept");
    assert!(letters[0].batch.get().contains("\"a\"") && letters[0].status == Some(400));
    assert!(spool.take_dead_letters().unwrap().is_empty());
    assert_eq!(fates.all().len(), 3);
}

#[tokio::test]
async fn a_spool_in_use_or_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::at(folder.path().join("spool"));
    let try_start = |spool: &Spool| Uploader::builder(Script::accepting()).spool(spool.clone()).start();
    let first = try_start(&spool).unwrap();
    let error = try_start(&spool).unwrap_err();
    assert!(error.is_in_use() && error.to_string().contains("in use by another process"), "{error}");
    drop(first.shutdown(LONG).await);

    let damaged = Spool::at(folder.path().join("damaged"));
    std::fs::write(damaged.path(), vec![b'x'; 8192]).unwrap();
    let error = try_start(&damaged).unwrap_err();
    assert!(!error.is_in_use() && error.to_string().contains("move it away"), "{error}");
    let error = try_start(&Spool::at(folder.path().join("no/such/folder"))).unwrap_err();
    assert!(error.to_string().contains("cannot be opened"), "{error}");
}

/// Batches of one life of the process, enqueued by so many tasks.
const BATCHES: usize = 400;
const TASKS: usize = 8;

/// The process that is killed: enqueues, and says on its output what `enqueue` has promised.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test below, as a process of its own"]
async fn child() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let credentials = Credentials::new("key", "secret").unwrap();
    let client = Client::builder(credentials).base_url(&variable("SERVER")).unwrap().build().unwrap();
    let builder = Uploader::builder(client).window(Duration::from_millis(2)).batches_per_second(None);
    let uploader = builder.spool(Spool::at(variable("SPOOL"))).start().unwrap();
    let (first, last): (usize, usize) =
        (variable("FIRST").parse().unwrap(), variable("LAST").parse().unwrap());
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let uploader = uploader.clone();
            tokio::spawn(async move {
                for number in (first..last).filter(|number| number % TASKS == task) {
                    uploader.enqueue(user(&format!("u{task}"), &format!("n{number}"))).await.unwrap();
                    println!("promised n{number}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(uploader.shutdown(LONG).await.is_empty());
    println!("finished");
}

fn spawn(server: &str, spool: &Spool, first: usize, last: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child", "--nocapture"])
        .env("SERVER", server)
        .env("SPOOL", spool.path())
        .env("FIRST", first.to_string())
        .env("LAST", last.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_loses_nothing_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::at(folder.path().join("spool"));
    let sandbox = Sandbox::start().await.unwrap();
    let mut promised = BTreeSet::new();
    let mut killed = 0;
    for life in 0..5 {
        let mut child = spawn(&sandbox.base_url(), &spool, life * BATCHES, (life + 1) * BATCHES);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        for (count, line) in lines.enumerate() {
            // Killed after a different number of promises in each life; what it still says afterwards holds as well.
            if count == 20 + life * 70 {
                child.kill().unwrap();
            }
            promised.extend(line.split("promised ").nth(1).map(str::to_owned));
        }
        killed += usize::from(!child.wait().unwrap().success());
    }
    assert_eq!(killed, 5);
    let output = spawn(&sandbox.base_url(), &spool, 0, 0).wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("finished"), "{output:?}");

    let received = sandbox.received();
    let mut arrived = BTreeSet::new();
    for event in received.batches.iter().flat_map(|batch| batch.json()["events"].as_array().unwrap().clone())
    {
        let name = event["data"]["screen_name"].as_str().unwrap().to_owned();
        assert!(arrived.insert(name.clone()), "{name} is there twice");
    }
    let missing: Vec<_> = promised.difference(&arrived).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(promised.len() >= 5 * 20 && received.counts.rejected == 0);
}
