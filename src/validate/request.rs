//! The body of a request as a whole: is it what the path takes, and does it keep the limits of a request?

use serde_json::Value;
use serde_json::value::RawValue;

use super::context::RequestView;
use super::rule::Check;
use super::rules::{
    self, mp003_byte_order_mark as mp003, mp006_not_a_batch as mp006, mp009_not_a_list as mp009,
    mp201_batch_too_large as mp201,
};
use super::{Finding, Location, Report, Route, Validator, document, locate};
use crate::endpoint::Endpoint;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Validator {
    /// Checks the body of one request as it would be posted to the path: each batch in it, the batches against each
    /// other, and the request as a whole. Pointers and locations are those in the body.
    ///
    /// The path decides the [`Route`], whatever the validator was built with. The cost is that of the batches and one
    /// pass over the body that finds where they begin.
    ///
    /// ```
    /// use mparticle_events::Endpoint;
    /// use mparticle_events::validate::Validator;
    ///
    /// let batch = r#"{"environment":"production","mpid":1,"user_attributes":{"plan":"gold"}}"#;
    /// let validator = Validator::new();
    /// assert!(validator.check_request(batch.as_bytes(), Endpoint::Events).is_clean());
    ///
    /// let report = validator.check_request(batch.as_bytes(), Endpoint::Bulk);
    /// assert_eq!(report.findings()[0].name, "not-a-list");
    ///
    /// let many = format!("[{}]", [batch; 101].join(","));
    /// let report = validator.check_request(many.as_bytes(), Endpoint::Bulk);
    /// assert_eq!(report.findings()[0].name, "too-many-batches");
    /// ```
    #[must_use]
    pub fn check_request(&self, body: &[u8], endpoint: Endpoint) -> Report {
        let route = if endpoint.is_historical() { Route::Historical } else { Route::Live };
        let validator = self.on(route);
        if !endpoint.is_bulk() {
            return validator.check_single(body);
        }
        let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        match serde_json::from_slice::<Vec<&RawValue>>(text) {
            Ok(batches) => validator.check_list(body, &batches),
            Err(_) => validator.check_no_list(body),
        }
    }

    /// One batch, which is the whole request as well.
    fn check_single(&self, body: &[u8]) -> Report {
        let findings = self.check_bytes(body).into_findings();
        let is_too_large = |finding: &Finding| finding.code == mp201::RULE.code;
        // A batch that is too large says it all.
        let mut whole =
            if findings.iter().any(is_too_large) { Vec::new() } else { self.check_whole(body, 1) };
        whole.extend(findings);
        Report::new(whole)
    }

    /// The limits of a request.
    fn check_whole(&self, body: &[u8], batches: usize) -> Vec<Finding> {
        let mut whole = Vec::new();
        let request = RequestView { batches, bytes: body.len(), limits: self.limits() };
        for rule in rules::ALL.iter().copied() {
            if let Check::Request(check) = rule.check {
                check(&request, &mut self.collector(&mut whole).of(rule));
            }
        }
        self.adjust(&mut whole);
        locate::fill(body, &mut whole);
        whole
    }

    fn check_list(&self, body: &[u8], batches: &[&RawValue]) -> Report {
        let mut whole = Vec::new();
        if body.starts_with(BYTE_ORDER_MARK) {
            mp003::report(&mut self.collector(&mut whole).of(&mp003::RULE));
            self.adjust(&mut whole);
            locate::fill(body, &mut whole);
        }
        whole.extend(self.check_whole(body, batches.len()));
        let mut across = self.across();
        let mut place = Location { offset: 0, line: 1, column: 1 };
        for (index, batch) in batches.iter().enumerate() {
            let bytes = batch.get().as_bytes();
            // A part of the body, as nothing was copied.
            let offset = bytes.as_ptr().addr().saturating_sub(body.as_ptr().addr());
            place = locate::from(place, body, offset);
            let findings = across.check_bytes(bytes).into_findings();
            whole.extend(findings.into_iter().map(|finding| within(finding, index, place)));
        }
        Report::new(whole)
    }

    /// What is no list, or no JSON.
    fn check_no_list(&self, body: &[u8]) -> Report {
        let mut findings = Vec::new();
        let value = document::read_any(body, &mut self.collector(&mut findings));
        if let Some(value) = &value {
            mp009::report(value, &mut self.collector(&mut findings).of(&mp009::RULE));
            self.adjust(&mut findings);
            locate::fill(body, &mut findings);
        }
        // What is wrong with the one batch is worth knowing all the same.
        if value.as_ref().is_some_and(Value::is_object) {
            findings.extend(self.check_bytes(body).into_findings());
        }
        findings.retain(|finding| finding.code != mp006::RULE.code);
        Report::new(findings)
    }
}

/// The finding about a batch, as one about the element of the body.
fn within(finding: Finding, index: usize, place: Location) -> Finding {
    let location = finding.location.map(|inner| Location {
        offset: place.offset + inner.offset,
        line: place.line + inner.line - 1,
        column: if inner.line == 1 { place.column + inner.column - 1 } else { inner.column },
    });
    Finding { pointer: format!("/{index}{}", finding.pointer), location, ..finding }
}
