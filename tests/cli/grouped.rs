//! `mparticle send` where thousands of lines have the same fault: a few are shown, the others counted.
#![cfg(unix)]

use std::io::Write as _;
use std::process::Command;

use crate::resume::{journal_of, send, spawn, until};
use crate::support::{AS_OF, SandboxProcess, file, good, lines, mparticle};

/// A batch with an event type that there is not.
fn bad(customer: usize) -> String {
    good(customer).replace("custom_event\"", "custom_evnt\"") + "\n"
}

fn told(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn ten_thousand_of_a_kind_take_a_screen() {
    let content: String = (1..=10_000).map(bad).collect();
    let (folder, _) = file("big.ndjson", content + &lines(5));
    std::fs::write(folder.path().join("small.ndjson"), (1..=200).map(bad).collect::<String>()).unwrap();
    for how in ["--sandbox", "--dry-run"] {
        let run = |name: &str, more: &[&str]| {
            let mut command = mparticle();
            command.args(["send", how, "--as-of", AS_OF, name]).args(more);
            told(&command.current_dir(folder.path()).assert().code(1))
        };
        let all = run("big.ndjson", &[]);
        assert_eq!(all.matches(" --> ").count(), 3, "{all}");
        let more =
            "error[MP117] at /events/*/event_type: 9,997 more, from big.ndjson:4:81 to big.ndjson:10000:85\n";
        assert!(all.contains(more), "{all}");
        assert!(
            all.contains("9,997 more findings only counted; --max-findings 0 shows all in full"),
            "{all}"
        );
        assert!(all.lines().count() < 50, "{all}");
        assert_eq!(run("small.ndjson", &["--max-findings", "1"]).matches(" --> ").count(), 1);
        assert_eq!(run("small.ndjson", &["--max-findings", "0"]).matches(" --> ").count(), 200);
        assert_eq!(run("small.ndjson", &["--quiet"]), "");
    }
}

#[test]
fn what_is_too_large_is_counted_too() {
    let large = |customer| good(customer).replace("Seen", &"x".repeat(400)) + "\n";
    let (_folder, path) = file("large.ndjson", (0..1000).map(large).collect::<String>());
    let run = |more: &[&str]| {
        let options = ["send", "--dry-run", "--no-validate", "--limit", "batch_bytes_hard=300"];
        told(&mparticle().args(options).arg(&path).args(more).assert().code(1))
    };
    let all = run(&[]);
    assert_eq!(all.matches("the service allows 300").count(), 100, "{all}");
    assert!(all.contains("900 more findings only counted"), "{all}");
    assert_eq!(run(&["--quiet"]), "");
}

#[test]
fn a_resumed_run_shows_what_is_new_and_one_that_is_stopped_what_it_found() {
    let sandbox = SandboxProcess::start(&["--as-of", AS_OF], &[]);
    let (_folder, path) = file("a.ndjson", (1..=50).map(bad).collect::<String>());
    let first = told(&send(&sandbox.url, &path, &[]).assert().code(1));
    assert!(first.contains(": 47 more, from ") && first.contains("a.ndjson:50:"), "{first}");
    let again = told(&send(&sandbox.url, &path, &["--resume"]).assert().code(1));
    assert!(!again.contains(" --> ") && !again.contains(" more, from "), "{again}");
    let mut more = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    more.write_all((51..=60).map(bad).collect::<String>().as_bytes()).unwrap();
    let new = told(&send(&sandbox.url, &path, &["--resume"]).assert().code(1));
    assert_eq!(new.matches(" --> ").count(), 3, "{new}");
    let rest = |line: &str| line.contains(": 7 more, from ") && line.contains("a.ndjson:54:");
    assert!(new.lines().any(rest), "{new}");

    // Every tenth is bad; it is stopped long before the end.
    let mixed = (1..=6000).map(|line| if line % 10 == 0 { bad(line) } else { good(line) + "\n" });
    let (_folder, path) = file("b.ndjson", mixed.collect::<String>());
    let mut child = spawn(&sandbox.url, &path, &["--rate", "300", "--concurrency", "1"]);
    let accepted =
        || std::fs::read_to_string(journal_of(&path)).is_ok_and(|journal| journal.contains("\"accepted\""));
    assert!(until(&mut child, accepted));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stopped = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stopped}");
    let rest = |line: &str| line.starts_with("error[MP117]") && line.contains(" more, from ");
    assert!(stopped.lines().any(rest), "{stopped}");
}
