//! `mparticle replay`: dead letters, mended or not, sent again.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::send::{CREDENTIALS, get, json};
use crate::support::{AS_OF, SandboxProcess, file, good, letters, lines, mparticle};

#[test]
fn mended_letters_are_delivered_and_the_others_go_to_the_next_file() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let bad = |customer| good(customer).replace(r#""event_type":"custom_event","#, "");
    let text = format!("{}{}\n{}\n{{}}x\n", lines(2), bad(8), bad(9));
    let (_folder, path) = file("day.ndjson", text);
    let options = ["--base-url", &sandbox.url, "--as-of", AS_OF, "--output", "json"];
    let run = |command: &str, more: &[&str], path: &std::path::Path| {
        mparticle().arg(command).args(options).args(more).arg(path).envs(CREDENTIALS).assert()
    };
    // Two are refused by the service, as the check is told to let them through.
    run("send", &["--ignore", "MP1,MP3"], &path).code(1);
    let dead = path.with_file_name("day.ndjson.dead-letters.ndjson");
    assert_eq!(letters(&dead).len(), 3);

    // Mended: the batch of customer 8.
    let text = std::fs::read_to_string(&dead).unwrap();
    let mended: Vec<String> = text
        .lines()
        .map(|line| match line.contains("C-8") {
            true => line.replace(r#"{"data""#, r#"{"event_type":"custom_event","data""#),
            false => line.to_owned(),
        })
        .collect();
    assert_ne!(mended.join("\n"), text.trim_end());
    std::fs::write(&dead, mended.join("\n") + "\n").unwrap();
    let summary = json(&run("replay", &[], &dead).code(1));
    assert_eq!((&summary["read"], &summary["accepted"]), (&Value::from(3), &Value::from(1)));
    let next = path.with_file_name("day.ndjson.dead-letters.2.ndjson");
    let left: Vec<u64> = letters(&next).iter().map(|letter| letter["line"].as_u64().unwrap()).collect();
    // The lines are those of the file that was replayed.
    let expected: Vec<u64> =
        (1..).zip(&mended).filter(|(_, line)| !line.contains("C-8")).map(|(n, _)| n).collect();
    assert_eq!(left, expected);
    assert_eq!(get(&sandbox.url, "/sandbox/stats")["batches"]["accepted"], 3);
    // It has a journal like any delivery, and can be gone on with.
    run("replay", &[], &dead).code(2).stderr(contains("delivered already"));
    let summary = json(&run("replay", &["--resume"], &dead).code(1));
    assert_eq!((&summary["accepted"], &summary["requests"]), (&Value::from(1), &Value::from(0)));
}

#[test]
fn what_may_have_arrived_goes_again_under_the_id_it_had() {
    // Nobody listens: given up, although it was never sent.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        // Takes the one request, and breaks the connection instead of answering.
        let (mut stream, _) = nobody.accept().unwrap();
        let _ = std::io::Read::read(&mut stream, &mut [0; 100]);
    });
    let (_folder, path) = file("day.ndjson", lines(1));
    let options = ["send", "--base-url", &url, "--max-attempts", "1", "--as-of", AS_OF];
    mparticle().args(options).arg(&path).envs(CREDENTIALS).assert().code(predicate::ne(0));
    server.join().unwrap();
    let dead = path.with_file_name("day.ndjson.dead-letters.ndjson");
    let letters = letters(&dead);
    assert_eq!(letters[0]["reason"], "gave_up");
    let id = letters[0]["source_request_id"].as_str().unwrap();

    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let options = ["replay", "--base-url", &sandbox.url, "--as-of", AS_OF];
    mparticle().args(options).arg(&dead).envs(CREDENTIALS).assert().code(0);
    assert!(crate::send::get_text(&sandbox.url, "/sandbox/received").contains(id));
}

#[test]
fn lines_that_are_no_letters_are_named_and_nothing_is_sent() {
    let (_folder, path) = file("left.ndjson", format!("{}\n{{\"line\":1}}\n{{\"file\":\n", good(1)));
    mparticle()
        .args(["replay", "--sandbox"])
        .arg(&path)
        .assert()
        .code(2)
        .stderr(contains("left.ndjson:1: missing field").and(contains("left.ndjson:3: ")))
        .stderr(contains("3 lines are no dead letters; nothing was sent"))
        .stderr(contains("sandbox listening").not());
    mparticle().args(["replay", "--sandbox", "-"]).assert().code(2).stderr(contains("read from files"));
    mparticle().arg("replay").assert().code(2).stderr(contains("LETTERS"));
    let folder = path.parent().unwrap();
    mparticle().args(["replay", "--sandbox"]).arg(folder).assert().code(2).stderr(contains("a directory"));
}
