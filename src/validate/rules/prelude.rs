//! What nearly every rule needs.

pub(super) use serde_json::{Map, Value};

pub(super) use crate::validate::accept::{AttributeFacts, EventFacts, Facts, Seen};
pub(super) use crate::validate::context::{BatchView, EventView, Findings, RequestView};
pub(super) use crate::validate::pointer::Pointer;
pub(super) use crate::validate::rule::{AcrossCheck, Check, Example, Rule};
pub(super) use crate::validate::{Route, Severity};
