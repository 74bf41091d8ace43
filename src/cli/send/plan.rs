//! The planning stage of `send`: routes, splits and merges, and keeps count of what it did.

use serde_json::{Value, json};

use super::ahead::Look;
use super::args::SendArgs;
use super::route::Router;
use crate::cli::output::{Streams, count, grouped};
use crate::input::RawBatch;
use crate::pack::{Origin, Paths, Planner, RequestIds, TooLarge, Unit};
use crate::validate::Report;

/// Findings that planning takes care of: a batch that is too large, and one that belongs to two paths.
const MENDED_BY_SPLITTING: [&str; 2] = ["MP201", "MP405"];

/// What became of batches that do not go as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// Batches split because they are over the size limit.
    pub split_by_size: u64,
    /// Batches split because their events go to different paths.
    pub split_by_age: u64,
    /// Pieces of those.
    pub pieces: u64,
    /// Batches that were merged with others.
    pub merged: u64,
    /// The batches they went into.
    pub merged_into: u64,
}

impl Planned {
    /// Batches that were split.
    #[must_use]
    pub const fn split(&self) -> u64 {
        self.split_by_size + self.split_by_age
    }

    /// Tells people, when there is something to tell.
    pub fn say(&self, streams: &mut Streams<'_>) {
        if self.split() > 0 {
            let why = [(self.split_by_age, "by age"), (self.split_by_size, "over the size limit")];
            let why: Vec<String> = why
                .iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, why)| format!("{} {why}", grouped(*number)))
                .collect();
            let (split, pieces) = (count(self.split(), "batch"), count(self.pieces, "piece"));
            streams.say(format_args!("{split} split into {pieces}: {}", why.join(", ")));
        }
        if self.merged > 0 {
            let (merged, into) = (count(self.merged, "batch"), grouped(self.merged_into));
            streams.say(format_args!("{merged} merged into {into}"));
        }
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "split_by_size": self.split_by_size,
            "split_by_age": self.split_by_age,
            "pieces": self.pieces,
            "merged": self.merged,
            "merged_into": self.merged_into,
        })
    }
}

/// Where batches go, whatever was planned before.
#[derive(Clone, Copy, Debug)]
pub struct Routes {
    router: Router,
    split: bool,
}

impl Routes {
    /// Where the events of a batch go.
    #[must_use]
    pub fn paths(&self, batch: &[u8]) -> Paths {
        match self.router.paths(batch) {
            Paths::ByAge(_) if !self.split => Paths::One(crate::Endpoint::Bulk),
            paths => paths,
        }
    }
}

/// See the module.
pub struct Plan {
    /// Where batches go.
    pub routes: Routes,
    planner: Planner,
    /// What was done so far.
    pub planned: Planned,
}

impl Plan {
    /// A plan as the options say.
    #[must_use]
    pub fn new(args: &SendArgs) -> Self {
        let limits = args.check.limits();
        // Replaced before the first input is read.
        let ids = RequestIds::for_input("");
        let split = !args.no_split;
        Self {
            routes: Routes { router: Router::new(args.endpoint, &limits, &args.check.clock()), split },
            planner: Planner::new(&limits, ids).split(split).merge(args.merge),
            planned: Planned::default(),
        }
    }

    /// Goes on with another input; what waited is put at the end of `units`, which is empty before.
    pub fn next_input(&mut self, ids: RequestIds, units: &mut Vec<Unit>) {
        self.planner.next_input(ids, units);
        self.count(units);
    }

    /// The report on a batch, without what splitting will mend; when it cannot be split, planning itself will say so.
    #[must_use]
    pub fn mend(&self, report: Report) -> Report {
        if !self.routes.split || report.is_clean() {
            return report;
        }
        let mut findings = report.into_findings();
        findings.retain(|finding| !MENDED_BY_SPLITTING.contains(&finding.code));
        Report::new(findings)
    }

    /// Plans a batch, and puts what is decided into `units`, which is empty before. Also when it is too large and cannot be split, there can
    /// be some: what waited before it.
    pub fn plan(&mut self, batch: RawBatch, look: &Look, units: &mut Vec<Unit>) -> Result<(), Box<TooLarge>> {
        let paths = &look.paths;
        let result = if look.prepared.has_request_id() {
            self.planner.plan_identified(batch, paths, units)
        } else {
            self.planner.plan(batch, paths, units)
        };
        if units.last().is_some_and(|unit| unit.origin.piece() > 0) {
            // One that could not be split by age can still be too large for the path it goes to as a whole.
            let of_two = units.iter().any(|unit| unit.origin.piece() > 0 && unit.endpoint.is_historical());
            let by_age = matches!(paths, Paths::ByAge(_)) && of_two;
            self.planned.split_by_age += u64::from(by_age);
            self.planned.split_by_size += u64::from(!by_age);
        }
        self.count(units);
        result
    }

    /// Puts what still waits into `units`, which is empty before.
    pub fn finish(&mut self, units: &mut Vec<Unit>) {
        self.planner.finish(units);
        self.count(units);
    }

    fn count(&mut self, units: &[Unit]) {
        for unit in units {
            match &unit.origin {
                Origin::Piece { .. } => self.planned.pieces += 1,
                Origin::Merged(_) => {
                    self.planned.merged += unit.origin.batches();
                    self.planned.merged_into += 1;
                }
                Origin::Whole => {}
            }
        }
    }
}
