//! Compares what was in the file with what the service took, what stands in the dead letters, and what the command said. No I/O.
//!
//! Events are counted, not batches: a batch may be split or merged on its way, an event may not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::input::{Batch, Fate};
use super::scenario::Scenario;

/// One dead letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// The place of its batch in the file.
    pub offset: u64,
    /// The line of its batch.
    pub line: u64,
    /// Which piece of the batch, 0 for all of it.
    pub piece: u64,
    /// Why, in the word of the file.
    pub reason: String,
    /// What was wrong.
    pub message: String,
    /// Posts.
    pub attempts: u64,
    /// The id it was sent with.
    pub id: Option<String>,
    /// The batch: a value when it is JSON, else its text.
    pub batch: Value,
}

/// What the command said at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The exit code.
    pub code: i32,
    /// Batches read.
    pub read: u64,
    /// Batches taken.
    pub accepted: u64,
    /// Batches held back before sending.
    pub held_back: u64,
    /// Batches that the service refused.
    pub refused: u64,
    /// Batches without a clear answer.
    pub gave_up: u64,
    /// Batches neither taken nor rejected.
    pub not_attempted: u64,
}

/// What the service knows.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Batches it took, repeated ones left out.
    pub taken: Vec<Value>,
    /// Ids that it refused at least once.
    pub refused: BTreeSet<String>,
    /// Batches that came without an id.
    pub without_id: u64,
}

impl Letter {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// With what is wrong with the line.
    pub fn parse(line: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(line).map_err(|error| format!("no dead letter: {error}: {line}"))?;
        let number = |name: &str| value.get(name).and_then(Value::as_u64);
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let need = |name: &str| format!("no `{name}` in a dead letter: {line}");
        let batch = value.get("batch").or_else(|| value.get("batch_text")).cloned();
        let batch = batch.ok_or_else(|| need("batch"))?;
        let own = batch.get("source_request_id").and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            offset: number("offset").ok_or_else(|| need("offset"))?,
            line: number("line").ok_or_else(|| need("line"))?,
            piece: number("piece").unwrap_or_default(),
            reason: text("reason").ok_or_else(|| need("reason"))?,
            message: text("message").ok_or_else(|| need("message"))?,
            attempts: number("attempts").ok_or_else(|| need("attempts"))?,
            id: text("source_request_id").or(own),
            batch,
        })
    }

    /// Never posted, as opposed to posted without success.
    fn is_unsent(&self) -> bool {
        matches!(self.reason.as_str(), "invalid" | "too_large")
    }
}

impl Told {
    /// Reads what `--output json` printed.
    ///
    /// # Errors
    ///
    /// When it is not that.
    pub fn parse(code: i32, stdout: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(stdout)
            .map_err(|error| format!("standard output is no summary: {error}: {stdout}"))?;
        let number = |pointer: &str| {
            value.pointer(pointer).and_then(Value::as_u64).ok_or_else(|| format!("no `{pointer}`: {stdout}"))
        };
        Ok(Self {
            code,
            read: number("/read")?,
            accepted: number("/accepted")?,
            held_back: number("/rejected/before_sending")?,
            refused: number("/rejected/by_the_service")?,
            gave_up: number("/rejected/gave_up")?,
            not_attempted: number("/not_attempted")?,
        })
    }
}

/// All differences, none when all is well.
#[must_use]
pub fn differences(
    scenario: &Scenario,
    batches: &[Batch],
    account: &Account,
    letters: &[Letter],
    told: &Told,
) -> Vec<String> {
    let mut found = Vec::new();
    let letters = letters.iter().flat_map(|letter| apart(letter, scenario, batches));
    let letters: Vec<Letter> = letters.collect();
    let mut by_offset: BTreeMap<u64, Vec<&Letter>> = BTreeMap::new();
    for letter in &letters {
        by_offset.entry(letter.offset).or_default().push(letter);
    }
    for offset in by_offset.keys() {
        if !batches.iter().any(|batch| batch.offset == *offset) {
            found.push(format!("a letter for byte {offset}, where no batch begins"));
        }
    }
    let mut marks: BTreeMap<String, Mark> = BTreeMap::new();
    for batch in batches {
        let letters = by_offset.get(&batch.offset).map_or(&[][..], Vec::as_slice);
        check_letters(scenario, batch, letters, account, &mut found);
        expect(batch, letters, &mut marks);
    }
    count_taken(account, &mut marks, &mut found);
    for (mark, expected) in &marks {
        expected.check(mark, &mut found);
    }
    // What is no JSON has no id, and is sent all the same when nothing is checked.
    if account.without_id > 0 && scenario.validate {
        found.push(format!("{} batches came without an id", account.without_id));
    }
    check_told(batches.len(), &by_offset, told, &mut found);
    found
}

/// The batches that a letter stands for: several when they were merged and may have arrived under the id of the whole.
fn apart(letter: &Letter, scenario: &Scenario, batches: &[Batch]) -> Vec<Letter> {
    let (mut left, rest) = (events_of(&letter.batch).into_iter().peekable(), rest_of(&letter.batch));
    if !scenario.merge || letter.reason != "gave_up" || letter.piece > 0 {
        return vec![letter.clone()];
    }
    let mut members = Vec::new();
    for batch in batches.iter().filter(|batch| batch.offset >= letter.offset) {
        let Some(next) = left.peek() else { break };
        let value = value_of(&batch.text);
        let events = events_of(&value);
        if rest_of(&value) != rest || events.first() != Some(next) {
            continue;
        }
        if !events.into_iter().all(|event| left.next() == Some(event)) {
            break;
        }
        members.push(Letter { offset: batch.offset, line: batch.line, batch: value, ..letter.clone() });
    }
    // What does not fit is looked at as it is, and found.
    let fits = left.peek().is_none() && members.first().is_some_and(|first| first.offset == letter.offset);
    if fits && members.len() > 1 { members } else { vec![letter.clone()] }
}

/// One event of the file, and how often it may be taken.
#[derive(Debug, Default)]
struct Mark {
    lines: Vec<u64>,
    event: Value,
    /// Its batch without events and id.
    rest: Value,
    has_own_id: bool,
    /// Copies that have to be taken.
    clean: usize,
    /// Copies that may have been.
    maybe: usize,
    taken: usize,
}

impl Mark {
    fn check(&self, mark: &str, found: &mut Vec<String>) {
        let (mut least, mut most) = (self.clean, self.clean + self.maybe);
        if self.has_own_id {
            // Equal lines with one id are one batch.
            (least, most) = (least.min(1), most.min(1));
        }
        let (taken, lines) = (self.taken, &self.lines);
        if taken < least {
            found.push(format!(
                "lost: event {mark} of lines {lines:?} was taken {taken} times instead of {least}"
            ));
        }
        if taken > most {
            found.push(format!(
                "doubled: event {mark} of lines {lines:?} was taken {taken} times instead of {most}"
            ));
        }
    }
}

fn check_letters(
    scenario: &Scenario,
    batch: &Batch,
    letters: &[&Letter],
    account: &Account,
    found: &mut Vec<String>,
) {
    let line = batch.line;
    let pieces: BTreeSet<u64> = letters.iter().map(|letter| letter.piece).collect();
    if pieces.len() < letters.len() || (pieces.contains(&0) && pieces.len() > 1) {
        found.push(format!("line {line} has {} letters, for the pieces {pieces:?}", letters.len()));
    }
    let passes = batch.fate == Fate::Good || (batch.fate == Fate::Repeated && !scenario.validate);
    if !passes && letters.len() != 1 {
        found.push(format!("line {line} is {:?} and has {} letters", batch.fate, letters.len()));
    }
    for letter in letters {
        if letter.line != line {
            found.push(format!("the letter for line {line} says line {}", letter.line));
        }
        let allowed: &[&str] = match batch.fate {
            Fate::Invalid | Fate::Repeated if scenario.validate => &["invalid"],
            Fate::Good | Fate::Invalid | Fate::Repeated => &["refused", "gave_up"],
            Fate::TooLarge if scenario.validate => &["invalid", "too_large"],
            Fate::TooLarge => &["too_large"],
        };
        if !allowed.contains(&letter.reason.as_str()) || letter.message.is_empty() {
            let (fate, reason, message) = (batch.fate, &letter.reason, &letter.message);
            found.push(format!("line {line} is {fate:?}, its letter says {reason}: {message}"));
        }
        if letter.is_unsent() != (letter.attempts == 0) {
            found.push(format!(
                "the letter for line {line}: {} after {} attempts",
                letter.reason, letter.attempts
            ));
        }
        if letter.piece == 0 && letter.batch != value_of(&batch.text) {
            found.push(format!("the letter for line {line} holds another batch"));
        }
        let is_refused = passes && letter.reason == "refused";
        // A merged batch was refused under the id of the whole.
        if is_refused && !scenario.merge && !letter.id.as_ref().is_some_and(|id| account.refused.contains(id))
        {
            let (id, message) = (&letter.id, &letter.message);
            found.push(format!("line {line} is said to be refused, and was not: {id:?}: {message}"));
        }
    }
}

/// Enters the events of a batch.
fn expect(batch: &Batch, letters: &[&Letter], marks: &mut BTreeMap<String, Mark>) {
    let value = value_of(&batch.text);
    let rest = rest_of(&value);
    for (name, event) in events_of(&value) {
        let letter = letters.iter().find(|letter| {
            letter.piece == 0 || events_of(&letter.batch).iter().any(|(other, _)| *other == name)
        });
        let mark = marks.entry(name).or_default();
        mark.lines.push(batch.line);
        mark.has_own_id = value.get("source_request_id").is_some();
        (mark.event, mark.rest) = (event, rest.clone());
        match letter {
            None => mark.clean += 1,
            Some(letter) if letter.is_unsent() || batch.fate == Fate::Invalid => {}
            Some(_) => mark.maybe += 1,
        }
    }
}

fn count_taken(account: &Account, marks: &mut BTreeMap<String, Mark>, found: &mut Vec<String>) {
    for taken in &account.taken {
        let rest = rest_of(taken);
        for (name, event) in events_of(taken) {
            let Some(mark) = marks.get_mut(&name) else {
                found.push(format!("event {name} was taken, and is not in the file"));
                continue;
            };
            mark.taken += 1;
            if mark.event != event || mark.rest != rest {
                found.push(format!("event {name} of lines {:?} arrived with something changed", mark.lines));
            }
        }
    }
}

fn check_told(batches: usize, by_offset: &BTreeMap<u64, Vec<&Letter>>, told: &Told, found: &mut Vec<String>) {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let (all, rejected) = (count(batches), count(by_offset.len()));
    // A batch of which one piece was refused and another given up counts as refused.
    let reason = |letters: &Vec<&Letter>| {
        let is_there = |reason: &&str| letters.iter().any(|letter| letter.reason == *reason);
        ["invalid", "too_large", "refused", "gave_up"].into_iter().find(is_there)
    };
    let reasons: Vec<&str> = by_offset.values().filter_map(reason).collect();
    let for_reason = |wanted: &[&str]| count(reasons.iter().filter(|reason| wanted.contains(reason)).count());
    let wanted = Told {
        code: i32::from(rejected > 0),
        read: all,
        accepted: all.saturating_sub(rejected),
        held_back: for_reason(&["invalid", "too_large"]),
        refused: for_reason(&["refused"]),
        gave_up: for_reason(&["gave_up"]),
        not_attempted: 0,
    };
    if *told != wanted {
        found.push(format!("the command said {told:?}, and the truth is {wanted:?}"));
    }
}

/// What is no JSON stands in a letter as text.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The events of a batch with their marks.
fn events_of(batch: &Value) -> Vec<(String, Value)> {
    let events = batch.get("events").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mark = |event: &Value| Some(event.pointer("/data/source_message_id")?.as_str()?.to_owned());
    events.iter().filter_map(|event| Some((mark(event)?, event.clone()))).collect()
}

fn rest_of(batch: &Value) -> Value {
    let mut rest = batch.clone();
    if let Some(members) = rest.as_object_mut() {
        members.remove("events");
        members.remove("source_request_id");
    }
    rest
}

#[cfg(test)]
#[path = "truth_tests.rs"]
mod tests;
