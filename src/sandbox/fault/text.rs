//! Faults as text, `503:rate=0.1,count=5`, and as JSON with the same names.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Fault, Form, Kind, LimitKind, RetryAfter, When};
use crate::Endpoint;

const STATUSES: [u16; 10] = [400, 401, 403, 408, 413, 429, 500, 502, 503, 504];
const NAMES: [&str; 6] = ["drop-before", "drop-after", "partial", "percentage", "slow-answer", "slow-body"];
const WHEN: [&str; 7] = ["rate", "every", "after", "count", "from", "until", "path"];
const PATHS: [(&str, Endpoint); 3] =
    [("events", Endpoint::Events), ("bulkevents", Endpoint::Bulk), ("historical", Endpoint::Historical)];
const HUGE: &str = "99999999999999999999";
/// An hour: whoever waits longer for an answer waits in vain.
const MAX_DELAY_MS: u64 = 3_600_000;

/// Why a text is no fault: what is wrong, and what there is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError(String);

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultError {}

fn fault_error<T>(text: String) -> Result<T, FaultError> {
    Err(FaultError(text))
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (kind, options) = text.split_once(':').unwrap_or((text, ""));
        let mut fault = Self::of_kind(kind.trim())?;
        let mut seen = Vec::new();
        for option in options.split(',').map(str::trim).filter(|option| !option.is_empty()) {
            let Some((name, value)) = option.split_once('=') else {
                return fault_error(format!("`{option}` in `{text}` has no value; write it as NAME=VALUE"));
            };
            fault.set_once(&mut seen, name.trim(), value.trim())?;
        }
        fault.check()
    }
}

impl Fault {
    fn of_kind(name: &str) -> Result<Self, FaultError> {
        let kind = match name {
            "drop-before" => Kind::DropBefore,
            "drop-after" => Kind::DropAfter,
            "partial" => Kind::Partial { form: Form::default(), batches: 1 },
            "percentage" => Kind::Percentage(100),
            "slow-answer" => Kind::SlowAnswer(Duration::from_secs(1)),
            "slow-body" => Kind::SlowBody(Duration::from_secs(1)),
            _ => match STATUSES.into_iter().find(|status| status.to_string() == name) {
                Some(status) => {
                    let limit = (status == 429).then_some(LimitKind::Account);
                    Kind::Status { status, retry_after: None, limit }
                }
                None => return fault_error(unknown("fault", name, kinds())),
            },
        };
        Ok(Self { kind, when: When::default() })
    }

    fn set_once(&mut self, seen: &mut Vec<String>, name: &str, value: &str) -> Result<(), FaultError> {
        if seen.iter().any(|before| before == name) {
            return fault_error(format!("`{name}` is there twice"));
        }
        seen.push(name.to_owned());
        self.set(name, value)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), FaultError> {
        match (&mut self.kind, name) {
            (Kind::Status { retry_after, status: 429 | 500.., .. }, "retry-after" | "retryafter") => {
                if retry_after.is_some() {
                    return fault_error("use one of `retry-after` and `retryafter`".to_owned());
                }
                let name = if name == "retryafter" { "retryafter" } else { "retry-after" };
                *retry_after = Some(RetryAfter { name, value: header_value(value)? });
            }
            (Kind::Status { status: 429, limit, .. }, "limit") => *limit = limit_kind(value)?,
            (Kind::Partial { form, .. }, "form") => *form = choose("form", value, Form::ALL, Form::name)?,
            (Kind::Partial { batches, .. }, "batches") => *batches = number(name, value, 1, u64::MAX)?,
            (Kind::Percentage(percentage), "value") => *percentage = number(name, value, 0, 100)?,
            (Kind::SlowAnswer(delay) | Kind::SlowBody(delay), "delay") => {
                *delay = Duration::from_millis(number(name, value, 0, MAX_DELAY_MS)?);
            }
            _ => return self.when.set(name, value, self.kind.options()),
        }
        Ok(())
    }

    fn check(self) -> Result<Self, FaultError> {
        match (self.when.from_ms, self.when.until_ms) {
            (from, Some(until)) if until <= from.unwrap_or(0) => {
                fault_error(format!("`until={until}` must be more than `from={}`", from.unwrap_or(0)))
            }
            _ => Ok(self),
        }
    }

    /// The options that are not as they are by default, by name.
    fn options(&self) -> Vec<(&'static str, String)> {
        let mut options = Vec::new();
        match &self.kind {
            Kind::Status { status, retry_after, limit } => {
                options.extend(retry_after.as_ref().map(|header| (header.name, header.value.clone())));
                if *status == 429 && *limit != Some(LimitKind::Account) {
                    options.push(("limit", limit.map_or("none", LimitKind::name).to_owned()));
                }
            }
            Kind::Partial { form, batches } => {
                options.push(("form", form.name().to_owned()));
                options.push(("batches", batches.to_string()));
            }
            Kind::SlowAnswer(delay) | Kind::SlowBody(delay) => {
                options.push(("delay", delay.as_millis().to_string()));
            }
            Kind::Percentage(value) => options.push(("value", value.to_string())),
            Kind::DropBefore | Kind::DropAfter => {}
        }
        let when = &self.when;
        options.extend(when.rate.map(|rate| ("rate", rate.to_string())));
        let numbers = [when.every, when.after, when.count, when.from_ms, when.until_ms];
        let names = ["every", "after", "count", "from", "until"];
        options.extend(
            names.into_iter().zip(numbers).filter_map(|(name, number)| Some((name, number?.to_string()))),
        );
        let path = PATHS.into_iter().find(|(_, endpoint)| Some(*endpoint) == when.path);
        options.extend(path.map(|(name, _)| ("path", name.to_owned())));
        options
    }
}

impl Kind {
    fn name(&self) -> String {
        match self {
            Self::Status { status, .. } => return status.to_string(),
            Self::Partial { .. } => "partial",
            Self::DropBefore => "drop-before",
            Self::DropAfter => "drop-after",
            Self::SlowAnswer(_) => "slow-answer",
            Self::SlowBody(_) => "slow-body",
            Self::Percentage(_) => "percentage",
        }
        .to_owned()
    }

    /// The options that this kind has beside those that all have.
    fn options(&self) -> &'static [&'static str] {
        match self {
            Self::Status { status: 429, .. } => &["retry-after", "retryafter", "limit"],
            Self::Status { status: 500.., .. } => &["retry-after", "retryafter"],
            Self::Partial { .. } => &["form", "batches"],
            Self::SlowAnswer(_) | Self::SlowBody(_) => &["delay"],
            Self::Percentage(_) => &["value"],
            Self::Status { .. } | Self::DropBefore | Self::DropAfter => &[],
        }
    }
}

impl When {
    fn set(&mut self, name: &str, value: &str, others: &[&str]) -> Result<(), FaultError> {
        match name {
            "rate" => {
                let rate = value.parse::<f64>().ok().filter(|rate| (0.0..=1.0).contains(rate));
                let Some(rate) = rate else {
                    return fault_error(format!("`rate={value}` is no probability; use 0 to 1, such as 0.1"));
                };
                self.rate = Some(rate);
            }
            "every" => self.every = Some(number(name, value, 1, u64::MAX)?),
            "after" => self.after = Some(number(name, value, 0, u64::MAX)?),
            "count" => self.count = Some(number(name, value, 0, u64::MAX)?),
            "from" => self.from_ms = Some(number(name, value, 0, u64::MAX)?),
            "until" => self.until_ms = Some(number(name, value, 0, u64::MAX)?),
            "path" => self.path = Some(choose("path", value, PATHS, |(name, _)| name)?.1),
            _ => {
                let all = others.iter().chain(&WHEN).map(|name| (*name).to_owned()).collect();
                return fault_error(unknown("option", name, all));
            }
        }
        Ok(())
    }
}

fn kinds() -> Vec<String> {
    STATUSES.iter().map(u16::to_string).chain(NAMES.map(str::to_owned)).collect()
}

fn unknown(what: &str, name: &str, all: Vec<String>) -> String {
    let dashed = name.replace('_', "-");
    let likeness = |other: &&String| strsim::jaro_winkler(&dashed, other);
    let near = all.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let near = near.filter(|near| likeness(near) > 0.7).map(|near| format!("; did you mean `{near}`"));
    let question = if near.is_some() { "?" } else { "." };
    format!("there is no {what} `{name}`{}{question} All: {}", near.unwrap_or_default(), all.join(", "))
}

fn choose<T: Copy, const N: usize>(
    what: &str,
    value: &str,
    all: [T; N],
    name: impl Fn(T) -> &'static str,
) -> Result<T, FaultError> {
    match all.into_iter().find(|one| name(*one) == value) {
        Some(one) => Ok(one),
        None => fault_error(unknown(what, value, all.into_iter().map(|one| name(one).to_owned()).collect())),
    }
}

fn limit_kind(value: &str) -> Result<Option<LimitKind>, FaultError> {
    let all = LimitKind::ALL.map(Some);
    let all: [Option<LimitKind>; 8] = std::array::from_fn(|index| all.get(index).copied().flatten());
    choose("limit", value, all, |limit| limit.map_or("none", LimitKind::name))
}

fn number(name: &str, value: &str, least: u64, most: u64) -> Result<u64, FaultError> {
    match value.parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ if most == u64::MAX => {
            fault_error(format!("`{name}={value}` is no whole number of {least} or more"))
        }
        _ => fault_error(format!("`{name}={value}` is no whole number from {least} to {most}")),
    }
}

fn header_value(value: &str) -> Result<String, FaultError> {
    if value == "huge" {
        return Ok(HUGE.to_owned());
    }
    if value.len() > 100 || !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return fault_error("a header takes up to 100 visible ASCII characters".to_owned());
    }
    Ok(value.to_owned())
}

/// As it is written; a default that was given is left out.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.name())?;
        for (index, (name, value)) in self.options().iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

/// An object: `kind`, and the options by name, numbers as numbers.
impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("kind", &self.kind.name())?;
        for (name, value) in self.options() {
            let is_text = matches!(name, "retry-after" | "retryafter");
            match serde_json::from_str::<serde_json::Number>(&value) {
                Ok(number) if !is_text => object.serialize_entry(name, &number)?,
                _ => object.serialize_entry(name, &value)?,
            }
        }
        object.end()
    }
}

/// The object, or the text.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => text.parse().map_err(D::Error::custom),
            Value::Object(members) => of_object(&members).map_err(D::Error::custom),
            _ => Err(D::Error::custom(
                "a fault is an object with a `kind`, or a text such as \"503:rate=0.1\"",
            )),
        }
    }
}

fn of_object(members: &Map<String, Value>) -> Result<Fault, FaultError> {
    let text = |name: &str, value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => fault_error(format!("`{name}` is neither text nor a number")),
    };
    let Some(kind) = members.get("kind") else {
        return fault_error(format!("a fault has a `kind`: {}", kinds().join(", ")));
    };
    let mut fault = Fault::of_kind(&text("kind", kind)?)?;
    for (name, value) in members.iter().filter(|(name, _)| *name != "kind") {
        fault.set(name, &text(name, value)?)?;
    }
    fault.check()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 11] = [
        "503",
        "503:rate=0.1",
        "429:retry-after=2,limit=acceleration,count=5",
        "429:retryafter=soon,limit=none",
        "500:retry-after=99999999999999999999,every=3,after=4,path=historical",
        "partial:form=position,batches=2",
        "partial:form=none,batches=1",
        "drop-after:rate=0.05,from=100,until=900",
        "slow-answer:delay=5",
        "slow-body:delay=0",
        "percentage:value=95",
    ];

    fn error(text: &str) -> String {
        text.parse::<Fault>().unwrap_err().to_string()
    }

    #[test]
    fn texts_and_objects_come_back_as_they_were() {
        for text in TEXTS {
            let fault: Fault = text.parse().unwrap();
            assert_eq!(fault.to_string(), text);
            let object = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<Fault>(&object).unwrap(), fault, "{object}");
            assert_eq!(serde_json::from_str::<Fault>(&format!("{text:?}")).unwrap(), fault);
        }
    }

    #[test]
    fn objects_have_numbers_where_numbers_are_meant() {
        let fault: Fault = "429:retry-after=2,count=5".parse().unwrap();
        let wanted = serde_json::json!({"kind": "429", "retry-after": "2", "count": 5});
        assert_eq!(serde_json::to_value(&fault).unwrap(), wanted);
        let given = serde_json::json!({"kind": 429, "retry-after": 2, "count": 5});
        assert_eq!(serde_json::from_value::<Fault>(given).unwrap(), fault);
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"503","rate":true}"#).is_err());
        assert!(serde_json::from_str::<Fault>("503").is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"rate":1}"#).unwrap_err().to_string().contains("`kind`"));
    }

    #[test]
    fn every_kind_there_is_can_be_written() {
        for kind in kinds() {
            assert!(kind.parse::<Fault>().is_ok(), "{kind}");
        }
        for limit in LimitKind::ALL {
            assert!(format!("429:limit={}", limit.name()).parse::<Fault>().is_ok());
        }
    }

    #[test]
    fn a_misspelt_name_gets_a_suggestion() {
        assert!(error("drop-befor").contains("did you mean `drop-before`?"), "{}", error("drop-befor"));
        assert!(error("418").contains("All: 400, 401,"));
        assert!(error("429:retry_after=1").contains("did you mean `retry-after`?"));
        assert!(error("429:limit=acount").contains("did you mean `account`?"));
        assert!(error("503:path=bulk").contains("did you mean `bulkevents`?"));
        assert!(!error("xyz").contains("did you mean"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for text in [
            "",
            "503:rate=1.5",
            "503:rate=nan",
            "503:rate",
            "503:every=0",
            "503:count=-1",
            "503:rate=0.1,rate=0.2",
            "503:limit=org",
            "400:retry-after=1",
            "429:retry-after=1,retryafter=2",
            "429:retry-after=é",
            "percentage:value=101",
            "partial:batches=0",
            "slow-body:delay=3600001",
            "503:from=5,until=5",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
