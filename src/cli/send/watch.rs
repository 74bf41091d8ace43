//! Follows a delivery: writes down what is settled, keeps the counts by path and reason, moves the bar.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use super::intake::{SharedIntake, SharedLedger, lock};
use crate::Endpoint;
use crate::cli::output::{Paint, Streams, grouped};
use crate::cli::progress::Progress;
use crate::deliver::dead_letter::DeadLetter;
use crate::deliver::{Note, Observer, Rejection, Retry, Summary};
use crate::journal::Untraced;
use crate::pack::{Part, Request};

/// Refusals of the service and retries that are told one by one; the rest is counted.
const TOLD: u32 = 20;

/// What people see while it is going on.
pub struct Console<'a, 'b> {
    /// The streams of the run.
    pub streams: &'a mut Streams<'b>,
    /// The bar.
    pub progress: Progress,
}

impl Console<'_, '_> {
    /// Writes for people, with the bar out of the way.
    pub fn write(&mut self, text: &[u8]) {
        let err = &mut *self.streams.err;
        self.progress.aside(|| {
            // Nothing is lost when people cannot be told: the counts and the dead letters have it.
            let _ = err.write_all(text);
            let _ = err.flush();
        });
    }
}

/// See the module.
pub struct Watch<'c, 'a, 'b> {
    console: &'c RefCell<Console<'a, 'b>>,
    intake: SharedIntake,
    ledger: SharedLedger,
    quiet: bool,
    told: u32,
    /// Batches the service took, by path: whole ones, and those it got merged.
    pub accepted: BTreeMap<Endpoint, u64>,
    /// Pieces of batches it took, by path.
    pub pieces: BTreeMap<Endpoint, u64>,
    /// Batches it took, as they were sent: a piece is one, and so is what was merged.
    pub parts: u64,
}

impl<'c, 'a, 'b> Watch<'c, 'a, 'b> {
    /// Watches without having seen anything yet.
    pub fn new(
        console: &'c RefCell<Console<'a, 'b>>,
        intake: SharedIntake,
        ledger: SharedLedger,
        quiet: bool,
    ) -> Self {
        let (accepted, pieces) = (BTreeMap::new(), BTreeMap::new());
        Self { console, intake, ledger, quiet, told: 0, accepted, pieces, parts: 0 }
    }

    fn tell(&mut self, text: impl FnOnce(Paint) -> String) {
        if self.quiet || self.told > TOLD {
            return;
        }
        self.told += 1;
        let mut console = self.console.borrow_mut();
        let text = if self.told > TOLD {
            "… more of these are only counted\n".to_owned()
        } else {
            text(Paint(console.streams.err_color))
        };
        console.write(text.as_bytes());
    }
}

impl Observer for Watch<'_, '_, '_> {
    fn accepted(&mut self, request: &Request, parts: &[Part]) -> io::Result<()> {
        let mut ledger = lock(&self.ledger);
        ledger.accept(request.endpoint(), parts, &lock(&self.intake))?;
        for part in parts {
            self.parts += 1;
            let counts = if part.origin.piece() > 0 { &mut self.pieces } else { &mut self.accepted };
            *counts.entry(request.endpoint()).or_default() += part.origin.batches();
        }
        Ok(())
    }

    fn rejected(&mut self, rejection: &Rejection<'_>) -> io::Result<()> {
        let name = lock(&self.intake).file(rejection.offset()).to_owned();
        let letter = DeadLetter::rejected(rejection).in_file(name.as_str());
        lock(&self.ledger).reject(&letter, rejection.is_last().then_some(rejection.part))?;
        let line = rejection.line();
        self.tell(|paint| {
            let reason = rejection.reason;
            format!("{name}:{line}: {}: {}\n\n", paint.error(reason), rejection.message)
        });
        Ok(())
    }

    fn untraced(&mut self, request: &Request, note: &Note) -> io::Result<()> {
        let mut ledger = lock(&self.ledger);
        let intake = lock(&self.intake);
        let places = request.parts().iter().flat_map(|part| {
            let offset = part.origin.members().first().map_or(part.offset, |first| first.offset);
            part.lines().map(move |line| (offset, line))
        });
        // Batches of two inputs are never merged, so that the first says it for all of them.
        let places = places.map(|(offset, line)| (intake.file(offset), line));
        ledger.untraced(Untraced::new(places, &note.code, &note.message))
    }

    fn retry(&mut self, retry: &Retry<'_>) {
        self.tell(|paint| {
            let (wait, attempt) = (retry.wait.as_secs_f64(), retry.attempt);
            let what = paint.warning("retry");
            format!("{what} in {wait:.1} s, after attempt {attempt}: {}\n", retry.message)
        });
    }

    fn progress(&mut self, so_far: &Summary) {
        let bytes = lock(&self.intake).bytes;
        let console = self.console.borrow();
        console.progress.update(bytes, || {
            let (accepted, rejected) = (grouped(so_far.accepted), grouped(so_far.rejected));
            format!("{accepted} accepted, {rejected} rejected")
        });
    }
}
