//! The validator: runs every rule over one batch, or over one batch after another.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::across::{Across, Prepared, State};
use super::collector::Collector;
use super::context::{BatchView, Findings};
use super::rule::{Check, Rule};
use super::{Finding, Limits, Report, Route, Severity, accept, document, locate, rules, shape};
use crate::clock::{self, SharedClock};
use crate::types;

/// Checks batches offline. Cheap to clone (one reference count); share one between threads.
///
/// # Cost
///
/// A batch without a fault is read once, and no document is built for it. Only where something is to be said, the
/// batch is parsed (memory: a few times its size) and every rule is asked, which takes several times as long. The
/// first batch that needs explaining also compiles the schema, once for the process. Nothing is kept between batches
/// but by [`Across`], which compares them and whose memory is bounded.
///
/// ```
/// use mparticle_events::validate::Validator;
///
/// let validator = Validator::new();
/// let batches = [r#"{"environment":"production","mpid":1,"evnts":[]}"#; 4];
/// let faulty: usize = std::thread::scope(|scope| {
///     let check = |batch: &'static str| scope.spawn({
///         let validator = &validator;
///         move || usize::from(!validator.check_bytes(batch.as_bytes()).is_clean())
///     });
///     let threads: Vec<_> = batches.into_iter().map(check).collect();
///     threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
/// });
/// assert_eq!(faulty, 4);
/// ```
///
/// ```
/// use mparticle_events::validate::{Route, Severity, Validator};
///
/// let validator = Validator::builder()
///     .route(Route::Live)
///     .severity("output-only-member", None)? // say nothing about it
///     .severity("MP110", Some(Severity::Error))?
///     .build();
/// assert!(validator.check_bytes(br#"{"environment":"development","mpid":1,"batch_id":2,"events":[]}"#).is_clean());
/// # Ok::<(), mparticle_events::validate::UnknownRule>(())
/// ```
#[derive(Clone, Debug)]
pub struct Validator(Arc<Settings>);

#[derive(Clone, Debug)]
struct Settings {
    route: Route,
    limits: Limits,
    clock: SharedClock,
    strict: bool,
    show_values: bool,
    explain_only: bool,
    /// By code; `None` means the rule is off.
    severities: BTreeMap<&'static str, Option<Severity>>,
}

/// Settings of a [`Validator`] to be.
#[derive(Debug)]
#[must_use]
pub struct ValidatorBuilder(Settings);

/// No rule has this code or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRule {
    asked: String,
    near: Option<&'static str>,
}

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no rule `{}`", self.asked)?;
        match self.near {
            Some(near) => write!(f, "; did you mean `{near}`?"),
            None => f.write_str("; `mparticle rules` lists all of them"),
        }
    }
}

impl std::error::Error for UnknownRule {}

impl ValidatorBuilder {
    /// The path that batches are meant for. Default: either.
    pub fn route(mut self, route: Route) -> Self {
        self.0.route = route;
        self
    }

    /// The workspace's limits. Default: the documented ones.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.0.limits = limits;
        self
    }

    /// The time that ages are measured from. Default: the machine's clock.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.0.clock = clock;
        self
    }

    /// Makes every warning an error, but for rules whose severity was set by name.
    pub fn strict(mut self, strict: bool) -> Self {
        self.0.strict = strict;
        self
    }

    /// Lets findings quote what they found. Event data is personal data, so the default is not to.
    pub fn show_values(mut self, show: bool) -> Self {
        self.0.show_values = show;
        self
    }

    /// Gives a rule another severity, or turns it off with `None`.
    ///
    /// # Errors
    ///
    /// When no rule has this code or name.
    pub fn severity(mut self, code_or_name: &str, severity: Option<Severity>) -> Result<Self, UnknownRule> {
        let Some(rule) = rules::find(code_or_name) else {
            let names = rules::ALL.iter().flat_map(|rule| [rule.code, rule.name]);
            let near = shape::nearest(code_or_name, names);
            return Err(UnknownRule { asked: code_or_name.to_owned(), near });
        };
        self.0.severities.insert(rule.code, severity);
        Ok(self)
    }

    /// Leaves out the pass that accepts good batches without building a document: for comparing the two.
    #[doc(hidden)]
    pub fn explain_only(mut self, only: bool) -> Self {
        self.0.explain_only = only;
        self
    }

    /// The validator.
    #[must_use]
    pub fn build(self) -> Validator {
        Validator(Arc::new(self.0))
    }
}

impl Default for Validator {
    fn default() -> Self {
        Self::new()
    }
}

impl Validator {
    /// A validator with the documented limits and the machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A validator with other settings.
    pub fn builder() -> ValidatorBuilder {
        ValidatorBuilder(Settings {
            route: Route::Either,
            limits: Limits::default(),
            clock: clock::system(),
            strict: false,
            show_values: false,
            explain_only: false,
            severities: BTreeMap::new(),
        })
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Checks the bytes of one batch. Any bytes will do: what is no JSON at all is a finding too.
    #[must_use]
    pub fn check_bytes(&self, batch: &[u8]) -> Report {
        let now_ms = self.0.clock.now_unix_ms();
        if !self.0.explain_only && accept::accept(batch, self.settings(now_ms)) == accept::Verdict::Clean {
            return Report::default();
        }
        self.explain(batch, 1, now_ms, &mut [].iter_mut())
    }

    /// Whether the pass that builds no document is enough for this batch: for tests of that pass.
    #[doc(hidden)]
    #[must_use]
    pub fn accepts(&self, batch: &[u8]) -> bool {
        accept::accept(batch, self.settings(self.0.clock.now_unix_ms())) == accept::Verdict::Clean
    }

    /// Checks a typed batch as it would be sent. Findings have a pointer and no location.
    #[must_use]
    pub fn check(&self, batch: &types::Batch) -> Report {
        match serde_json::to_vec(batch) {
            Ok(bytes) => {
                let mut findings = self.check_bytes(&bytes).into_findings();
                for finding in &mut findings {
                    finding.location = None;
                }
                Report::new(findings)
            }
            Err(error) => {
                let mut findings = Vec::new();
                document::report_unserializable(&error, &mut self.collector(&mut findings));
                self.adjust(&mut findings);
                Report::new(findings)
            }
        }
    }

    /// A check that also compares the batches of one file or request with each other.
    #[must_use]
    pub fn across(&self) -> Across {
        Across::new(self.clone())
    }

    /// The same validator for batches that are meant for this path.
    pub(super) fn on(&self, route: Route) -> Self {
        Self(Arc::new(Settings { route, ..Settings::clone(&self.0) }))
    }

    /// Does the part of a check across batches that looks at one batch alone; any thread can do it, and
    /// [`Across::check_prepared`] does the rest.
    #[must_use]
    pub fn prepare(&self, batch: &[u8]) -> Prepared {
        let mut prepared = Prepared::default();
        self.prepare_into(batch, &mut prepared);
        prepared
    }

    /// The same into what was made of another batch before and is not needed any more: its memory is used again.
    pub fn prepare_into(&self, batch: &[u8], prepared: &mut Prepared) {
        prepared.now_ms = self.0.clock.now_unix_ms();
        prepared.is_clean = !self.0.explain_only
            && accept::record(batch, self.settings(prepared.now_ms), &mut prepared.buffer);
    }

    pub(super) fn settings(&self, now_ms: i64) -> accept::Settings<'_> {
        accept::Settings { route: self.0.route, limits: &self.0.limits, now_ms }
    }

    /// The slow way: builds the document and asks every rule, and those of the given rules across batches.
    pub(super) fn explain(
        &self,
        bytes: &[u8],
        number: u64,
        now_ms: i64,
        across: &mut dyn Iterator<Item = &mut State>,
    ) -> Report {
        let mut findings = Vec::new();
        if let Some(mut document) = document::read(bytes, &mut self.collector(&mut findings)) {
            shape::check(&mut document, &mut self.collector(&mut findings));
            if let Some(members) = document.as_object() {
                let view = self.view(bytes, number, now_ms, members);
                self.run_rules(&view, across, &mut findings);
            }
        }
        if findings.is_empty() {
            return Report::default();
        }
        self.adjust(&mut findings);
        locate::fill(bytes, &mut findings);
        findings.sort_by(|a, b| place(a).cmp(&place(b)));
        Report::new(findings)
    }

    fn view<'a>(
        &'a self,
        bytes: &[u8],
        number: u64,
        now_ms: i64,
        members: &'a Map<String, Value>,
    ) -> BatchView<'a> {
        BatchView { members, number, bytes: bytes.len(), route: self.0.route, limits: &self.0.limits, now_ms }
    }

    fn run_rules(
        &self,
        view: &BatchView<'_>,
        across: &mut dyn Iterator<Item = &mut State>,
        findings: &mut Vec<Finding>,
    ) {
        for rule in rules::ALL.iter().copied() {
            if let Check::Batch(check) = rule.check
                && self.is_on(rule)
            {
                check(view, &mut Findings::new(rule, self.0.show_values, findings));
            }
        }
        for state in across {
            state.check.check(view, &mut Findings::new(state.rule, self.0.show_values, findings));
        }
    }

    /// Whether a rule is to be applied.
    pub(super) fn is_on(&self, rule: &Rule) -> bool {
        self.0.severities.get(rule.code) != Some(&None)
    }

    /// Where findings go.
    pub(super) fn collector<'a>(&self, list: &'a mut Vec<Finding>) -> Collector<'a> {
        Collector::new(self.0.show_values, list)
    }

    /// Applies the caller's severities.
    pub(super) fn adjust(&self, findings: &mut Vec<Finding>) {
        findings.retain_mut(|finding| match self.0.severities.get(finding.code) {
            Some(Some(severity)) => {
                finding.severity = *severity;
                true
            }
            Some(None) => false,
            None => {
                if self.0.strict {
                    finding.severity = Severity::Error;
                }
                true
            }
        });
    }
}

/// Order of the document; what concerns the batch as a whole comes first, and ties go by rule.
fn place(finding: &Finding) -> (usize, &str, &'static str) {
    (finding.location.map_or(0, |location| location.offset), &finding.pointer, finding.code)
}
