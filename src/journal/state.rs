//! What a journal says: its records, read one after another and summed up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

use super::content::Checkpoint;
use super::error::JournalErrorKind;
use super::record::{Counts, Done, End, Header, Record, VERSION};
use super::spans::Settled;
use super::untraced::UntracedErrors;
use crate::deliver::Reason;

/// Checkpoints kept in memory: enough to tell where a change is.
const KEPT: usize = 512;

/// How far a delivery has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// What it depends on; none in a journal that was just made.
    pub header: Option<Header>,
    /// What need not be sent again.
    pub settled: Settled,
    /// Batches in pieces of which one was rejected, by their place, and why.
    pub spoiled: BTreeMap<u64, Reason>,
    /// Where inputs ended while batches were merged: see [`Record::Cut`].
    pub cuts: BTreeSet<u64>,
    /// What came of that, in batches.
    pub counts: Counts,
    /// Errors of the service that could not be traced to one batch.
    pub untraced: UntracedErrors,
    /// What the input was; in order, and the last one lies behind all that is settled.
    pub checkpoints: Vec<Checkpoint>,
    /// Bytes of the file of dead letters up to the last letter that is accounted for.
    pub letters: u64,
    /// Set when nothing is left to do.
    pub end: Option<End>,
}

impl State {
    /// Whether it says of nothing that it is settled.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.settled.is_empty() && self.untraced.is_empty() && self.end.is_none()
    }

    /// Of a delivery that just began.
    #[must_use]
    pub fn begun(header: Header) -> Self {
        Self { letters: header.letters_from, header: Some(header), ..Self::default() }
    }

    /// Reads a journal; also gives the bytes of it that are whole. What comes after these was cut off while it was written.
    ///
    /// # Errors
    ///
    /// When a line is not what was written although others follow, or it is no journal at all.
    pub fn read(mut input: impl BufRead) -> Result<(Self, u64), JournalErrorKind> {
        let (mut state, mut whole, mut at) = (Self::default(), 0, 0);
        let (mut bad, mut line) = (None, Vec::new());
        loop {
            line.clear();
            let length = input.read_until(b'\n', &mut line).map_err(JournalErrorKind::Io)?;
            if length == 0 {
                break;
            }
            let begin = at;
            at += u64::try_from(length).unwrap_or_default();
            match (Record::checked(&line), bad) {
                (Some(_), Some(byte)) => return Err(JournalErrorKind::Damaged { byte }),
                (Some(json), None) => {
                    // Every byte of it is as it was written, so it was another version that wrote it.
                    let record = serde_json::from_slice(json).map_err(|_| JournalErrorKind::Newer)?;
                    state.apply(record)?;
                    whole = at;
                }
                (None, _) if state.header.is_none() && !looks_torn(&line) => {
                    return Err(JournalErrorKind::Foreign);
                }
                (None, _) => bad = bad.or(Some(begin)),
            }
        }
        Ok((state, whole))
    }

    pub(super) fn apply(&mut self, record: Record) -> Result<(), JournalErrorKind> {
        match (record, self.header.is_some()) {
            (Record::Header(header), false) if header.version == VERSION => {
                self.letters = header.letters_from;
                self.header = Some(*header);
            }
            (Record::Header(_), false) => return Err(JournalErrorKind::Newer),
            (Record::Header(_), true) | (_, false) => return Err(JournalErrorKind::Foreign),
            (Record::Checkpoint(checkpoint), true) => self.checkpoint(checkpoint),
            (Record::Done(done), true) => self.done(&done),
            (Record::Cut(offset), true) => {
                self.cuts.insert(offset);
            }
            (Record::Untraced(error), true) => {
                self.untraced.add(error);
            }
            (Record::MoreUntraced(more), true) => self.untraced.add_more(more),
            (Record::End(end), true) => self.end = Some(end),
        }
        Ok(())
    }

    fn done(&mut self, done: &Done) {
        self.counts.add(&done.counts);
        for (start, end) in &done.spans {
            self.settled.insert(*start, *end);
        }
        for (offset, piece) in &done.pieces {
            self.settled.insert_piece(*offset, *piece);
        }
        for (offset, reason) in done.all_spoiled() {
            self.spoil(offset, reason);
        }
        self.letters = done.letters.unwrap_or(self.letters);
        self.end = None;
    }

    /// A piece of the batch at this place was rejected.
    pub fn spoil(&mut self, offset: u64, reason: Reason) {
        let of_batch = self.spoiled.entry(offset).or_insert(reason);
        *of_batch = of_batch.and(reason);
    }

    fn checkpoint(&mut self, checkpoint: Checkpoint) {
        // A resumed run may write one again that lies before the last.
        if self.checkpoints.last().is_none_or(|last| last.offset < checkpoint.offset) {
            self.checkpoints.push(checkpoint);
        }
        if self.checkpoints.len() > KEPT {
            let last = self.checkpoints.len() - 1;
            let mut index = 0;
            // Every other one, and the last in any case.
            self.checkpoints.retain(|_| {
                index += 1;
                index % 2 == 0 || index > last
            });
        }
    }

    /// The records that say the same in as few lines as there can be.
    pub(super) fn compact(&self) -> Vec<Record> {
        let spoiled = self.spoiled.iter().map(|(offset, reason)| (*offset, *reason));
        let done =
            Done { counts: self.counts.clone(), ..Done::default() }.with(&self.settled).spoiling(spoiled);
        let done = (done != Done::default()).then_some(Done { letters: Some(self.letters), ..done });
        let header = self.header.clone().map(|header| Record::Header(Box::new(header)));
        let checkpoints = self.checkpoints.iter().cloned().map(Record::Checkpoint);
        let cuts = self.cuts.iter().copied().map(Record::Cut);
        let untraced = self.untraced.kept().iter().cloned().map(Record::Untraced);
        let more = (self.untraced.more() > 0).then(|| Record::MoreUntraced(self.untraced.more()));
        let untraced = untraced.chain(more);
        let (done, end) = (done.map(Record::Done), self.end.map(Record::End));
        header.into_iter().chain(checkpoints).chain(cuts).chain(untraced).chain(done).chain(end).collect()
    }
}

/// Whether it can be the first line of a journal, cut off.
fn looks_torn(line: &[u8]) -> bool {
    let sum = line.iter().take(8).all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let rest = line.get(8..).unwrap_or_default();
    let begins = b" {\"header\":{";
    let known = rest.len().min(begins.len());
    !line.ends_with(b"\n") && sum && rest.get(..known) == begins.get(..known)
}

/// Reading the journal failed.
impl From<io::Error> for JournalErrorKind {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Endpoint;
    use crate::journal::{Unit, Untraced};

    fn header() -> Record {
        let options = [("endpoint".to_owned(), "bulk".to_owned())].into();
        Record::Header(Box::new(Header {
            version: VERSION,
            tool: "x".to_owned(),
            options,
            ..Header::default()
        }))
    }

    fn records(number: u64) -> Vec<Record> {
        let mut records = vec![header()];
        for n in 0..number {
            let digest = format!("{n:032x}");
            records.push(Record::Checkpoint(Checkpoint { offset: 100 * n + 100, digest }));
            let unit = Unit::new(100 * n, u32::from(n % 7 == 3), 50);
            let mut counts = Counts::default();
            match n % 3 {
                0 => counts.rejected.insert(Reason::Invalid, 1),
                1 => counts.accepted_pieces.insert("bulk".to_owned(), 1),
                _ => counts.accepted.insert(Endpoint::Bulk.name().to_owned(), 1),
            };
            let reason = if n % 2 == 0 { Reason::Refused } else { Reason::GaveUp };
            let spoiled = (n % 7 == 3).then_some((100 * n, reason));
            let letters = (n % 3 == 0).then_some(n);
            records.push(Record::Done(Done { letters, ..Done::of(counts, &[unit]).spoiling(spoiled) }));
            records.extend((n % 5 == 0).then_some(Record::Cut(100 * n + 50)));
            let place = ("a.ndjson", usize::try_from(n).unwrap());
            let untraced = || Record::Untraced(Untraced::new([place].into_iter(), "X", "bad"));
            records.extend((n % 4 == 2).then(untraced));
        }
        records.push(Record::End(End::default()));
        records
    }

    fn bytes(records: &[Record]) -> Vec<u8> {
        records.iter().flat_map(|record| record.to_line().unwrap()).collect()
    }

    fn state(records: &[Record]) -> State {
        let mut state = State::default();
        for record in records {
            state.apply(record.clone()).unwrap();
        }
        state
    }

    #[test]
    fn it_is_compacted_without_loss() {
        for number in [0, 1, 20, 3000] {
            let state = state(&records(number));
            let (back, _) = State::read(&bytes(&state.compact())[..]).unwrap();
            assert_eq!(back, state);
            assert!(state.checkpoints.len() <= KEPT);
            assert_eq!(state.checkpoints.last().map_or(0, |last| last.offset), 100 * number);
        }
    }

    #[test]
    fn a_piece_that_was_rejected_before_reasons_were_kept_counts_as_refused() {
        let json = br#"{"done":{"pieces":[[7,1]],"spoiled":[7]}}"#;
        let line = format!("{:08x} {}\n", crc32fast::hash(json), String::from_utf8_lossy(json));
        let text = [bytes(&[header()]), line.into_bytes()].concat();
        let (state, _) = State::read(&text[..]).unwrap();
        assert_eq!(state.spoiled, [(7, Reason::Refused)].into());
        let (back, _) = State::read(&bytes(&state.compact())[..]).unwrap();
        assert_eq!(back, state);
    }

    #[test]
    fn of_two_reasons_the_same_stays_in_any_order() {
        for reasons in [[Reason::Refused, Reason::GaveUp], [Reason::GaveUp, Reason::Refused]] {
            let done = |reason| Record::Done(Done::default().spoiling([(7, reason)]));
            let state = state(&[header(), done(reasons[0]), done(reasons[1])]);
            assert_eq!(state.spoiled, [(7, Reason::Refused)].into());
        }
    }

    #[test]
    fn what_is_no_journal_is_left_alone() {
        for text in ["{\"mpid\":1}\n", "hello", "\0\0\0\0", "deadbeef {\"header\":{}}\n"] {
            assert!(matches!(State::read(text.as_bytes()), Err(JournalErrorKind::Foreign)), "{text}");
        }
        assert_eq!(State::read(&b""[..]).unwrap(), (State::default(), 0));
        let newer = Record::Header(Box::new(Header { version: VERSION + 1, ..Header::default() }));
        assert!(matches!(State::read(&bytes(&[newer])[..]), Err(JournalErrorKind::Newer)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn torn_anywhere_it_says_what_it_said_before(number in 0_u64..12, cut in any::<prop::sample::Index>()) {
            let records = records(number);
            let all = bytes(&records);
            let cut = cut.index(all.len() + 1);
            let (read, whole) = State::read(&all[..cut]).unwrap();
            let before = all[..cut].iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(&read, &state(&records[..before]));
            prop_assert_eq!(whole as usize, bytes(&records[..before]).len());
            // After a loss of power, zeros may stand where the rest should be.
            if before > 0 {
                let zeros = [&all[..cut], &[0; 40]].concat();
                prop_assert_eq!(State::read(&zeros[..]).unwrap(), (read, whole));
            }
        }

        #[test]
        fn damage_is_never_taken_for_something_else(
            number in 1_u64..8,
            place in any::<prop::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let records = records(number);
            let mut all = bytes(&records);
            let place = place.index(all.len());
            all[place] ^= 1 << bit;
            match State::read(&all[..]) {
                Err(JournalErrorKind::Damaged { byte }) => prop_assert!(byte as usize <= place),
                Err(JournalErrorKind::Foreign) => prop_assert!(place < bytes(&records[..1]).len()),
                Err(other) => prop_assert!(false, "{:?}", other),
                // In the last line, or the break before it: what these said is forgotten, and sent again under the same ids.
                Ok((read, _)) => {
                    let before = |lines| state(&records[..records.len() - lines]);
                    prop_assert!(read == before(1) || read == before(2), "{:?}", read);
                }
            }
        }
    }
}
