//! The journal of a delivery: what is settled, kept beside the input, so that a run that ended in whatever way can be gone on with.
//!
//! A **unit** of delivery is known by the place of its batch in the input and, for a batch that was split, by the number of the
//! piece. Planning is deterministic: the same input, options and reference time give the same units, ids and bytes. So the
//! [`Header`] keeps what planning depends on, and the rest of the journal says which units are settled.
//!
//! What it promises:
//!
//! - a unit is entered after the service's answer, and after its dead letter is written. Whatever the instant at which the process
//!   is killed, a unit without an entry is sent again under the same `source_request_id`, and none is left out;
//! - every record is handed to the system at once, so `kill -9` takes at most the one being written, which is cut off when it is
//!   read. [`Journal::sync`] brings it to the disk; what a loss of power takes is sent again under the same ids. That there is a
//!   journal at all is on the disk, with its directory, before anything is sent;
//! - damage in the middle is an error, never a different story;
//! - [`Content`] notices input that is not what it was. More at its end is fine;
//! - one process at a time: the lock is the system's and ends with the process.
//!
//! The file is text: a checksum and a JSON object a line.

mod content;
mod error;
mod file;
mod record;
mod spans;
mod state;
mod untraced;

pub use content::{Changed, Checkpoint, Content, SharedContent};
pub use error::{JournalError, JournalErrorKind};
pub use file::Journal;
pub use record::{Counts, Done, End, Header, InputFacts, Record, VERSION};
pub use spans::{Settled, Unit};
pub use state::State;
pub use untraced::{Untraced, UntracedErrors};
