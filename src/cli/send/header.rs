//! What a delivery depends on, so that a resumed run can be held to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::args::SendArgs;
use crate::cli::exit::Failure;
use crate::cli::inputs::Input;
use crate::clock;
use crate::journal::{Header, InputFacts, VERSION};

/// The header of a delivery that begins now.
#[must_use]
pub fn of(args: &SendArgs, inputs: &[Input], letters_from: u64) -> Header {
    let now = clock::system().now_unix_ms();
    Header {
        version: VERSION,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        started: now,
        as_of: args.check.as_of.unwrap_or(now),
        inputs: inputs
            .iter()
            .map(|input| InputFacts { name: input.name(), bytes: input.stored_size() })
            .collect(),
        options: options(args),
        letters_from,
    }
}

/// Compares an earlier run with what is asked for now.
///
/// # Errors
///
/// When something differs on which ids, bytes or the place of delivery depend: what, and what it was.
pub fn compare(earlier: &Header, args: &SendArgs, inputs: &[Input]) -> Result<(), Failure> {
    let names = |names: Vec<&str>| names.join(", ");
    let before: Vec<&str> = earlier.inputs.iter().map(|input| base(&input.name)).collect();
    let all: Vec<String> = inputs.iter().map(Input::name).collect();
    let now: Vec<&str> = all.iter().map(|name| base(name)).collect();
    if before != now {
        return Err(Failure::new(format!(
            "the journal is that of another delivery: its files are {}, not {}",
            names(before),
            names(now)
        ))
        .help("give the same files in the same order, or --restart, or another place for the journal with --state-dir"));
    }
    if let Some(as_of) = args.check.as_of
        && as_of != earlier.as_of
    {
        return Err(differs("--as-of", &time(earlier.as_of), &time(as_of)));
    }
    if earlier.tool != env!("CARGO_PKG_VERSION") {
        return Err(differs("the version of mparticle", &earlier.tool, env!("CARGO_PKG_VERSION")));
    }
    let now = options(args);
    for name in earlier.options.keys().chain(now.keys()) {
        let value = |options: &BTreeMap<String, String>| {
            options.get(name).filter(|value| !value.is_empty()).map_or("not set", String::as_str).to_owned()
        };
        let (before, now) = (value(&earlier.options), value(&now));
        if before != now {
            return Err(differs(name, &before, &now));
        }
    }
    Ok(())
}

fn differs(what: &str, before: &str, now: &str) -> Failure {
    Failure::new(format!("the delivery was begun with other options: {what} was {before}, now {now}"))
        .help("give the same options to go on, or --restart to begin anew with these")
}

fn base(name: &str) -> &str {
    Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or(name)
}

/// A time for people.
#[must_use]
pub fn time(unix_ms: i64) -> String {
    let seconds = unix_ms.div_euclid(1000);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| unix_ms.to_string(), |time| time.to_string())
}

/// The options that decide what is sent, in which bytes, under which ids and where to. Those that only decide how fast, or what is
/// shown, may differ from run to run.
fn options(args: &SendArgs) -> BTreeMap<String, String> {
    let check = &args.check;
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let list = |values: Vec<String>| values.join(",");
    let select =
        |layer: &[crate::cli::selectors::Selector]| list(layer.iter().map(ToString::to_string).collect());
    let severity = |all: &[(String, Option<crate::validate::Severity>)]| {
        let one = |(rule, severity): &(String, Option<crate::validate::Severity>)| {
            format!("{rule}={}", severity.map_or_else(|| "off".to_owned(), |severity| severity.to_string()))
        };
        list(all.iter().map(one).collect())
    };
    let limits = check.file.limits.iter().chain(&check.limit);
    let target = match (&args.base_url, &args.pod) {
        _ if args.sandbox => "a sandbox".to_owned(),
        (Some(url), _) => url.clone(),
        (None, Some(pod)) => pod.to_lowercase(),
        (None, None) => std::env::var("MPARTICLE_POD").unwrap_or_default().to_lowercase(),
    };
    let letters =
        args.dead_letters.as_ref().map(|path| fs::canonicalize(path).or_else(|_| std::path::absolute(path)));
    let letters = letters.and_then(Result::ok).map(|path| path.display().to_string());
    let pairs = [
        ("--endpoint", word(&args.endpoint)),
        ("--merge", args.merge.to_string()),
        ("--no-split", args.no_split.to_string()),
        ("the destination", target),
        ("--format", word(&args.input.format)),
        ("--no-validate", args.no_validate.to_string()),
        ("--strict", (check.strict || check.file.strict).to_string()),
        ("--select", select(&check.select)),
        ("--ignore", select(&check.ignore)),
        ("--severity", severity(&check.severity)),
        ("--limit", list(limits.map(|(name, value)| format!("{name}={value}")).collect())),
        ("select in mparticle.toml", select(&check.file.layer.select)),
        ("ignore in mparticle.toml", select(&check.file.layer.ignore)),
        ("severity in mparticle.toml", severity(&check.file.severity)),
        ("--dead-letters", letters.unwrap_or_default()),
        ("replay", args.replay.to_string()),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn args(line: &str) -> SendArgs {
        let line = format!("mparticle send a.ndjson {line}");
        match Cli::try_parse_from(line.split_whitespace()).unwrap().command {
            Command::Send(args) => *args,
            _ => unreachable!(),
        }
    }

    fn compared(before: &str, now: &str) -> String {
        let inputs = [Input::File("day/a.ndjson".into())];
        let header = of(&args(before), &inputs, 0);
        match compare(&header, &args(now), &[Input::File("a.ndjson".into())]) {
            Ok(()) => String::new(),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn what_changes_nothing_may_differ() {
        assert_eq!(compared("", "--rate 5 --concurrency 9 -q --output json --max-attempts 2 --resume"), "");
        assert_eq!(
            compared("--pod EU1 --limit event_attributes=5", "--pod eu1 --limit event_attributes=5"),
            ""
        );
    }

    #[test]
    fn what_changes_the_delivery_may_not() {
        for (before, now, expected) in [
            ("", "--endpoint auto", "--endpoint was bulk, now auto"),
            ("--pod eu1", "--pod us2", "the destination was eu1, now us2"),
            ("--strict", "", "--strict was true, now false"),
            ("--merge", "", "--merge was true, now false"),
            ("", "--no-split", "--no-split was false, now true"),
            ("--severity MP204=off", "", "--severity was MP204=off, now not set"),
            ("--ignore MP2", "--ignore MP2,MP3", "--ignore was MP2, now MP2,MP3"),
            (
                "--as-of 2026-11-20",
                "--as-of 2026-11-21",
                "--as-of was 2026-11-20T00:00:00Z, now 2026-11-21T00:00:00Z",
            ),
        ] {
            assert!(compared(before, now).ends_with(expected), "{}", compared(before, now));
        }
        let header = of(&args(""), &[Input::Stdin, Input::File("b".into())], 0);
        let failure = compare(&header, &args(""), &[Input::File("b".into())]).unwrap_err();
        assert!(failure.to_string().ends_with("its files are <stdin>, b, not b"), "{failure}");
    }
}
