//! Spreads the events of one batch over several, each with all else that stands in it.

use std::ops::Range;

use uuid::Uuid;

use super::events::{Anatomy, Unsplittable};
use super::request_id::{KEY, RequestIds, insertion};
use crate::input::RawBatch;

/// The root of the ids of pieces; never changes, or reruns would get other ids.
const PIECES: Uuid = Uuid::from_u128(0x6d50_6172_7469_636c_8265_7665_6e74_7302);

/// How large pieces may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Pieces of several events are filled up to this.
    pub(super) fill: usize,
    /// One event by itself may take this.
    pub(super) most: usize,
}

/// A batch to be split, and all that its pieces have in common.
pub(super) struct Splitter<'a> {
    batch: &'a RawBatch,
    anatomy: Anatomy,
    /// What the ids of the pieces are made from: the id of the whole.
    base: Uuid,
    /// Where the id of a piece goes: over an id that is there, or in after the brace.
    place: Range<usize>,
    /// Before and after the id.
    around: (String, &'static str),
    /// Bytes of a piece without any events.
    empty: usize,
}

impl<'a> Splitter<'a> {
    pub(super) fn new(batch: &'a RawBatch, ids: &RequestIds) -> Result<Self, Unsplittable> {
        let bytes = &batch.bytes[..];
        let anatomy = Anatomy::of(bytes)?;
        let own = anatomy.request_id(bytes).map(|member| member.value.clone());
        let text = own.clone().and_then(|value| bytes.get(value));
        let name = text.map(id_text).transpose()?.unwrap_or_default();
        let base = match &name[..] {
            "" => ids.id(batch),
            name => Uuid::new_v5(&PIECES, name.as_bytes()),
        };
        let (place, around) = match own {
            Some(value) => (value, (String::new(), "")),
            None => {
                let at = insertion(bytes).ok_or(Unsplittable::Unreadable)?;
                (at..at, (format!("\"{KEY}\":"), ","))
            }
        };
        let id = around.0.len() + 2 + uuid::fmt::Hyphenated::LENGTH + around.1.len();
        let empty = bytes.len() - anatomy.inner.len() - place.len() + id;
        Ok(Self { batch, anatomy, base, place, around, empty })
    }

    /// How many events there are.
    pub(super) fn events(&self) -> usize {
        self.anatomy.events.len()
    }

    /// The events of each piece: in order, and as many as fit.
    pub(super) fn fill(
        &self,
        events: impl Iterator<Item = usize>,
        room: Room,
    ) -> Result<Vec<Vec<usize>>, Unsplittable> {
        let mut pieces: Vec<Vec<usize>> = Vec::new();
        let mut bytes = 0;
        for index in events {
            let event = self.anatomy.events.get(index).map_or(0, ExactSizeIterator::len);
            let alone = self.empty + event;
            if alone > room.most {
                return Err(Unsplittable::EventTooLarge { index, bytes: alone });
            }
            match pieces.last_mut() {
                Some(piece) if bytes + 1 + event <= room.fill => {
                    piece.push(index);
                    bytes += 1 + event;
                }
                _ => {
                    pieces.push(vec![index]);
                    bytes = alone;
                }
            }
        }
        Ok(pieces)
    }

    /// The bytes of a piece with these events and an id of its own; all else is as it was.
    pub(super) fn piece(&self, events: &[usize]) -> Vec<u8> {
        let bytes = &self.batch.bytes[..];
        let id = format!("{}\"{}\"{}", self.around.0, self.id(events), self.around.1);
        let inner = &self.anatomy.inner;
        let mut piece = Vec::with_capacity(self.empty + inner.len());
        let mut copy = |range: Range<usize>| piece.extend_from_slice(bytes.get(range).unwrap_or_default());
        if self.place.start < inner.start {
            copy(0..self.place.start);
            piece.extend_from_slice(id.as_bytes());
            piece.extend_from_slice(bytes.get(self.place.end..inner.start).unwrap_or_default());
        } else {
            copy(0..inner.start);
        }
        for (number, index) in events.iter().enumerate() {
            if number > 0 {
                piece.push(b',');
            }
            let event = self.anatomy.events.get(*index).cloned().unwrap_or_default();
            piece.extend_from_slice(bytes.get(event).unwrap_or_default());
        }
        if self.place.start < inner.start {
            piece.extend_from_slice(bytes.get(inner.end..).unwrap_or_default());
        } else {
            piece.extend_from_slice(bytes.get(inner.end..self.place.start).unwrap_or_default());
            piece.extend_from_slice(id.as_bytes());
            piece.extend_from_slice(bytes.get(self.place.end..).unwrap_or_default());
        }
        piece
    }

    /// Made of the id of the whole and of the numbers of the events, so that the same events always go under the same id.
    fn id(&self, events: &[usize]) -> Uuid {
        let numbers: Vec<u8> = events.iter().flat_map(|index| (*index as u64).to_be_bytes()).collect();
        Uuid::new_v5(&self.base, &numbers)
    }
}

/// What the service reads as the id: a number counts as its text, nothing and an empty text as no id.
fn id_text(value: &[u8]) -> Result<String, Unsplittable> {
    match value.first() {
        Some(b'"') => serde_json::from_slice(value).map_err(|_| Unsplittable::UnusableId),
        Some(b'n') => Ok(String::new()),
        Some(b'{' | b'[') | None => Err(Unsplittable::UnusableId),
        Some(_) => String::from_utf8(value.to_vec()).map_err(|_| Unsplittable::UnusableId),
    }
}
