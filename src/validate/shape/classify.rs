//! What the schema objects to → the rule that says so in plain words.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::names::{Meant, meant, nearest};
use super::schema::{COMPILED, MARK, SECRET, kinds, listed};
use crate::validate::collector::Collector;
use crate::validate::pointer::Pointer;
use crate::validate::rules::{
    mp101_required_member_missing as mp101, mp102_expected_member_missing as mp102,
    mp103_wrong_type as mp103, mp104_number_as_text as mp104, mp105_text_expected as mp105,
    mp106_scalar_mismatch as mp106, mp107_empty_text as mp107, mp108_required_member_null as mp108,
    mp109_unexpected_null as mp109, mp110_unknown_member as mp110, mp111_member_alias as mp111,
    mp112_unknown_value as mp112, mp113_value_case as mp113, mp114_malformed_uuid as mp114,
    mp115_uuid_spelling as mp115, mp116_malformed_ip as mp116, mp117_unknown_event_type as mp117,
    mp118_event_type_not_sendable as mp118, mp119_output_only_member as mp119,
    mp120_output_identities as mp120, mp121_output_format as mp121, mp122_secret_in_body as mp122,
    mp123_integer_out_of_range as mp123, mp124_contested_type as mp124,
};

/// Members that the schemas require, while the documentation calls them optional or leaves them out in its examples.
const CONTESTED: [(&str, &str); 6] = [
    ("CustomEventData", "custom_event_type"),
    ("DataPlanContext", "plan_id"),
    ("NetworkPerformanceEventData", "url"),
    ("ProductImpression", "product_impression_list"),
    ("ScreenViewEventData", "screen_name"),
    ("ShoppingCart", "products"),
];

/// One objection: the value, and the part of the schema it does not fit.
struct Objection<'a> {
    at: String,
    value: &'a Value,
    node: &'a Value,
    /// The schema path of `node`, as the evaluation took it.
    path: &'a str,
    /// Name of the schema that `node` is part of.
    definition: &'a str,
}

/// Adds the finding for one objection of the schema to the document.
pub(super) fn report(error: &ValidationError<'_>, document: &Value, findings: &mut Collector<'_>) {
    let full_path = error.evaluation_path().as_str().to_owned();
    let path = full_path.rsplit_once('/').map_or("", |(path, _)| path);
    let at = error.instance_path().as_str().to_owned();
    let value = document.pointer(&at).unwrap_or(&Value::Null);
    let definition = error.schema_path().as_str().split('/').nth(2).unwrap_or_default();
    let objection = Objection { at, value, node: COMPILED.at(path), path, definition };
    match error.kind() {
        Kind::Required { property } => objection.missing(property.as_str().unwrap_or_default(), findings),
        Kind::AdditionalProperties { unexpected } => {
            unexpected.iter().for_each(|name| objection.unknown(name, findings));
        }
        Kind::Enum { options } => objection.not_listed(options, findings),
        Kind::Format { format } if format == "uuid" => objection.no_uuid(findings),
        Kind::Maximum { .. } | Kind::Minimum { .. } => {
            mp123::report(objection.pointer(), objection.value, &mut findings.of(&mp123::RULE));
        }
        _ => objection.unfit(findings),
    }
}

/// Whether it is a list of objects, as those of batches and events are.
fn holds_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_object))
}

impl Objection<'_> {
    fn pointer(&self) -> Pointer<'static> {
        let steps = self.at.split('/').skip(1);
        steps.fold(Pointer::root(), |pointer, step| pointer.key(step.replace("~1", "/").replace("~0", "~")))
    }

    fn allows_null(&self) -> bool {
        COMPILED.allows_null(self.node)
    }

    fn expected(&self) -> String {
        COMPILED.expected(self.node)
    }

    fn missing(&self, name: &str, findings: &mut Collector<'_>) {
        let member = self.node.get("properties").and_then(|members| members.get(name));
        let member = member.unwrap_or(&Value::Null);
        let allowed = match name {
            "data" if member == true => "an object".to_owned(),
            _ => COMPILED.expected(member),
        };
        if COMPILED.allows_null(member) || self.may_be_missing(name) {
            mp102::report(self.pointer(), name, &allowed, &mut findings.of(&mp102::RULE));
        } else {
            mp101::report(self.pointer(), name, &allowed, &mut findings.of(&mp101::RULE));
        }
    }

    /// Whether some source says that the member may be missing.
    fn may_be_missing(&self, name: &str) -> bool {
        CONTESTED.iter().any(|(definition, member)| *member == name && self.definition == *definition)
    }

    fn unknown(&self, name: &str, findings: &mut Collector<'_>) {
        if self.value.get(name).is_some_and(Value::is_null) {
            return; // Some SDKs write null for whatever is unset; nothing is lost with it.
        }
        if self.at == "/consent_state/ccpa" {
            return; // MP309 says more about it.
        }
        let pointer = self.pointer().key(name.to_owned());
        let Some(members) = self.node.get("properties").and_then(Value::as_object) else { return };
        match meant(name, members) {
            Meant::Alias(right) => mp111::report(pointer, right, &mut findings.of(&mp111::RULE)),
            Meant::Secret => mp122::report(pointer, &mut findings.of(&mp122::RULE)),
            Meant::OutputFormat => mp121::report(pointer, &mut findings.of(&mp121::RULE)),
            Meant::Near(_) | Meant::Nothing if self.is_event() && COMPILED.is_event_member(name) => {
                let help = format!("move `{name}` into `data`");
                mp110::report(pointer, Some(help), &mut findings.of(&mp110::RULE));
            }
            Meant::Near(near) => {
                let help = format!("did you mean `{near}`?");
                mp110::report(pointer, Some(help), &mut findings.of(&mp110::RULE));
            }
            Meant::Nothing if self.at.is_empty() && self.value.get(name).is_some_and(holds_objects) => {
                let help = "batches stand in a list that nothing is around, and events under `events`";
                mp110::report(pointer, Some(help.to_owned()), &mut findings.of(&mp110::RULE));
            }
            Meant::Nothing => mp110::report(pointer, None, &mut findings.of(&mp110::RULE)),
        }
    }

    fn is_event(&self) -> bool {
        self.at.strip_prefix("/events/").is_some_and(|rest| !rest.contains('/'))
    }

    fn not_listed(&self, options: &Value, findings: &mut Collector<'_>) {
        let text = match self.value {
            Value::Null => return self.null(findings),
            Value::Object(_) | Value::Array(_) => return self.wrong_type(findings),
            Value::String(text) if text.is_empty() && self.allows_null() => return self.empty(findings),
            Value::String(text) => text.as_str(),
            _ => "",
        };
        let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if let Some(right) = options.iter().find(|option| option.eq_ignore_ascii_case(text)) {
            return mp113::report(self.pointer(), right, &mut findings.of(&mp113::RULE));
        }
        let is_event_type = self.at.ends_with("/event_type");
        let kind = text.to_ascii_lowercase();
        if is_event_type && COMPILED.made_by_service.contains(&kind) {
            return mp118::report(self.pointer(), &kind, &mut findings.of(&mp118::RULE));
        }
        let near = nearest(text, options.iter().copied());
        let allowed = listed(options.iter().copied());
        let rule = if is_event_type { &mp117::RULE } else { &mp112::RULE };
        let report = if is_event_type { mp117::report } else { mp112::report };
        report(self.pointer(), self.value, allowed, near, &mut findings.of(rule));
    }

    fn no_uuid(&self, findings: &mut Collector<'_>) {
        match self.value.as_str() {
            Some("") => self.empty(findings),
            Some(text) if uuid::Uuid::try_parse(text).is_ok() && !text.starts_with("urn:") => {
                mp115::report(self.pointer(), self.value, &mut findings.of(&mp115::RULE));
            }
            _ => mp114::report(self.pointer(), self.value, &mut findings.of(&mp114::RULE)),
        }
    }

    /// The value is not of any of the types allowed.
    fn unfit(&self, findings: &mut Collector<'_>) {
        if let Some(mark) = self.node.get(MARK) {
            return if mark == SECRET {
                mp122::report(self.pointer(), &mut findings.of(&mp122::RULE));
            } else {
                mp119::report(self.pointer(), &mut findings.of(&mp119::RULE));
            };
        }
        if self.node.get("enum").is_some() {
            return; // The list of values objects as well, and knows more.
        }
        let is_ip = self.node.get("type").is_some() && self.node.get("anyOf").is_some();
        match self.value {
            Value::Null => self.null(findings),
            _ if self.is_contested() => {
                mp124::report(self.pointer(), self.value, &self.expected(), &mut findings.of(&mp124::RULE));
            }
            Value::Array(_) if self.at == "/user_identities" => {
                mp120::report(self.pointer(), &mut findings.of(&mp120::RULE));
            }
            Value::Object(_) | Value::Array(_) => self.wrong_type(findings),
            Value::String(text) if text.is_empty() => self.empty(findings),
            _ if is_ip => mp116::report(self.pointer(), self.value, &mut findings.of(&mp116::RULE)),
            _ if self.node.get("format").is_some() => self.no_uuid(findings),
            Value::String(text) => self.text(text, findings),
            _ => self.scalar(findings),
        }
    }

    /// Values that some official SDKs send where the schemas want others.
    fn is_contested(&self) -> bool {
        let steps: Vec<&str> = self.at.split('/').collect();
        match steps.as_slice() {
            ["", "events", _, "data", "custom_flags", _] => true,
            ["", "events", _, "data", "breadcrumbs", _] => self.value.is_string(),
            _ => false,
        }
    }

    /// Text where a number, a boolean, a list or an object belongs.
    fn text(&self, text: &str, findings: &mut Collector<'_>) {
        let kinds = kinds(self.node);
        let text = text.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let converts = (kinds.contains(&"boolean")
            && ["true", "false"].iter().any(|word| word.eq_ignore_ascii_case(text)))
            || (kinds.contains(&"integer") && text.parse::<i64>().is_ok())
            || (kinds.contains(&"number") && text.parse::<f64>().is_ok_and(f64::is_finite));
        if converts {
            mp104::report(self.pointer(), self.value, &self.expected(), &mut findings.of(&mp104::RULE));
        } else if kinds.contains(&"integer")
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            mp123::report(self.pointer(), self.value, &mut findings.of(&mp123::RULE));
        } else {
            self.wrong_type(findings);
        }
    }

    /// A number or boolean where something else belongs.
    fn scalar(&self, findings: &mut Collector<'_>) {
        let kinds = kinds(self.node);
        if kinds.contains(&"string") {
            mp105::report(self.pointer(), self.value, &mut findings.of(&mp105::RULE));
        } else if ["integer", "number", "boolean"].iter().any(|kind| kinds.contains(kind)) {
            mp106::report(self.pointer(), self.value, &self.expected(), &mut findings.of(&mp106::RULE));
        } else {
            self.wrong_type(findings);
        }
    }

    fn wrong_type(&self, findings: &mut Collector<'_>) {
        mp103::report(self.pointer(), self.value, &self.expected(), &mut findings.of(&mp103::RULE));
    }

    fn empty(&self, findings: &mut Collector<'_>) {
        if self.allows_null() {
            mp107::report(self.pointer(), &self.expected(), &mut findings.of(&mp107::RULE));
        } else {
            self.wrong_type(findings);
        }
    }

    fn null(&self, findings: &mut Collector<'_>) {
        let name = self.at.rsplit('/').next().unwrap_or_default();
        let object = self.path.rsplit_once("/properties/").map(|(object, _)| object);
        let allowed = self.expected();
        let required = object.is_some_and(|object| COMPILED.requires(object, name));
        if required && !self.may_be_missing(name) {
            mp108::report(self.pointer(), &allowed, &mut findings.of(&mp108::RULE));
        } else {
            mp109::report(self.pointer(), &allowed, &mut findings.of(&mp109::RULE));
        }
    }
}
