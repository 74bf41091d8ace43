//! Findings of one kind, in thousands of lines: the first few are shown in full, the others counted by kind.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};

use super::output::{Paint, count, grouped};
use crate::validate::render::Source;
use crate::validate::{Finding, Severity};

/// How many findings of a kind are shown in full.
pub const IN_FULL: u64 = 3;

/// How many kinds are told apart. Those that come later are shown one by one as long as there is room.
const CAPACITY: usize = 1000;

/// How many kinds are listed at the end.
const LISTED: usize = 20;

/// Characters of a place that are kept: names of attributes are as long as their sender likes.
const PLACE: usize = 120;

/// What was found of each kind; bounded, however many findings come.
#[derive(Debug, Default)]
pub struct Groups {
    by_kind: HashMap<u64, Group>,
    /// Findings of kinds for which there was no room any more.
    beyond: u64,
    /// Findings so far, to keep the order.
    seen: u64,
}

#[derive(Debug)]
struct Group {
    severity: Severity,
    code: &'static str,
    place: String,
    /// When the first of those that are only counted came.
    order: u64,
    shown: u64,
    more: u64,
    first: String,
    last: Line,
}

/// A place in a file, whose name is kept once a file.
#[derive(Debug, Default)]
struct Line {
    file: String,
    line: usize,
    column: Option<usize>,
}

impl Line {
    fn set(&mut self, source: &Source<'_>, finding: &Finding) {
        if self.file != source.name {
            source.name.clone_into(&mut self.file);
        }
        (self.line, self.column) = source.place(finding);
    }

    fn text(&self) -> String {
        let column = self.column.map(|column| format!(":{column}")).unwrap_or_default();
        format!("{}:{}{column}", self.file, self.line)
    }
}

impl Groups {
    /// Whether the finding is one of the first of its kind, and may be shown in full. If it is not, or `room` says that
    /// nothing more is shown, it is counted.
    pub fn take(&mut self, source: &Source<'_>, finding: &Finding, room: bool) -> bool {
        self.seen += 1;
        let kind = kind(finding);
        let full = self.by_kind.len() >= CAPACITY;
        let group = match self.by_kind.entry(kind) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(_) if full => {
                self.beyond += u64::from(!room);
                return room;
            }
            std::collections::hash_map::Entry::Vacant(free) => free.insert(Group {
                severity: finding.severity,
                code: finding.code,
                place: general(&finding.pointer).chars().take(PLACE).collect(),
                order: 0,
                shown: 0,
                more: 0,
                first: String::new(),
                last: Line::default(),
            }),
        };
        if room && group.shown < IN_FULL && group.more == 0 {
            group.shown += 1;
            return true;
        }
        group.last.set(source, finding);
        if group.more == 0 {
            (group.first, group.order) = (group.last.text(), self.seen);
        }
        group.more += 1;
        false
    }

    /// Writes a line for every kind of which not all were shown, in the order in which they were found.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write(&self, out: &mut dyn Write, color: bool) -> io::Result<()> {
        let mut counted: Vec<&Group> = self.by_kind.values().filter(|group| group.more > 0).collect();
        // Where there are too many to list, those that found most.
        counted.sort_by_key(|group| (std::cmp::Reverse(group.more), group.order));
        let left_out = counted.split_off(counted.len().min(LISTED));
        counted.sort_by_key(|group| group.order);
        for group in counted {
            group.write(out, Paint(color))?;
        }
        if !left_out.is_empty() {
            let number = left_out.iter().map(|group| group.more).sum();
            let kinds = count(left_out.len() as u64, "more kind");
            writeln!(out, "and {} of {kinds}, each rarer than those above", count(number, "finding"))?;
        }
        if self.beyond > 0 {
            let kinds = grouped(CAPACITY as u64);
            writeln!(out, "and {} of kinds beyond the first {kinds}", count(self.beyond, "finding"))?;
        }
        Ok(())
    }
}

impl Group {
    /// `error[MP204] at /events/*/data/event_name: 12,342 more, from a.ndjson:4:30 to a.ndjson:90:31`
    fn write(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let label = format!("{}[{}]", self.severity, self.code);
        match self.severity {
            Severity::Error => write!(out, "{}", paint.error(label))?,
            Severity::Warning => write!(out, "{}", paint.warning(label))?,
        }
        let place = if self.place.is_empty() { "the batch" } else { &self.place };
        let (more, first) = (grouped(self.more), printable(&self.first));
        // Whether there are others of the kind above: with little room there may be none.
        let more = if self.shown > 0 { format!("{more} more") } else { format!("{more} not shown") };
        write!(out, " at {}: {more}", printable(place))?;
        if self.more == 1 {
            return writeln!(out, ", at {first}");
        }
        writeln!(out, ", from {first} to {}", printable(&self.last.text()))
    }
}

/// Text that does nothing to a terminal but stand there.
fn printable(text: &str) -> String {
    crate::validate::render::printable(text)
}

/// Findings are of one kind when rule, severity, place and message are the same, but for positions in lists and numbers.
fn kind(finding: &Finding) -> u64 {
    let mut hasher = DefaultHasher::new();
    (finding.code, finding.severity, general(&finding.pointer)).hash(&mut hasher);
    let message = finding.message.split(|c: char| c.is_ascii_digit()).filter(|piece| !piece.is_empty());
    message.for_each(|piece| piece.hash(&mut hasher));
    hasher.finish()
}

/// The pointer with `*` for positions in lists.
fn general(pointer: &str) -> String {
    let is_position = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let steps = pointer.split('/').map(|step| if is_position(step) { "*" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::Validator;

    fn text(groups: &Groups) -> String {
        let mut out = Vec::new();
        groups.write(&mut out, false).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn feed(groups: &mut Groups, line: usize, batch: &str, room: bool) -> usize {
        let report = Validator::new().check_bytes(batch.as_bytes());
        let source = Source { name: "a.ndjson", first_line: line, first_column: 1, text: batch.as_bytes() };
        report.findings().iter().filter(|finding| groups.take(&source, finding, room)).count()
    }

    #[test]
    fn the_first_of_a_kind_are_shown_and_the_others_counted() {
        let mut groups = Groups::default();
        let shown: usize = (1..=10).map(|line| feed(&mut groups, line, r#"{"a":}"#, true)).sum();
        assert_eq!(shown, 3);
        assert_eq!(text(&groups), "error[MP001] at the batch: 7 more, from a.ndjson:4:6 to a.ndjson:10:6\n");
    }

    #[test]
    fn positions_in_lists_make_no_kinds_and_names_do() {
        assert_eq!(general("/events/12/data/a1"), "/events/*/data/a1");
        assert_eq!(general(""), "");
        let event = r#"{"event_type":"nope","data":{}}"#;
        let batch = format!(r#"{{"environment":"production","mpid":1,"events":[{}]}}"#, [event; 9].join(","));
        let mut groups = Groups::default();
        assert_eq!(feed(&mut groups, 1, &batch, true), 3);
        assert!(text(&groups).starts_with("error[MP117] at /events/*/event_type: 6 more, from a.ndjson:1:"));
    }

    #[test]
    fn without_room_nothing_is_shown_and_nothing_is_lost() {
        let mut groups = Groups::default();
        assert_eq!(feed(&mut groups, 7, r#"{"a":}"#, false), 0);
        assert_eq!(text(&groups), "error[MP001] at the batch: 1 not shown, at a.ndjson:7:6\n");
    }

    #[test]
    fn kinds_are_bounded_and_the_rest_is_told() {
        let mut groups = Groups::default();
        let member = |number: usize| {
            format!(r#"{{"environment":"production","mpid":1,"user_attributes":{{"a":"b"}},"x{number}":1}}"#)
        };
        for line in 1..=CAPACITY + 50 {
            feed(&mut groups, line, &member(line), false);
        }
        assert_eq!(groups.by_kind.len(), CAPACITY);
        let text = text(&groups);
        assert_eq!(text.lines().count(), LISTED + 2, "{text}");
        assert!(
            text.contains("and 980 findings of 980 more kinds")
                && text.contains("and 50 findings of kinds beyond")
        );
    }
}
