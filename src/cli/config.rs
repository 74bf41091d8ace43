//! `mparticle.toml`: settings of the check that a team keeps beside its data. The command line wins over it.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::args::{limit, severity};
use super::exit::Failure;
use super::selectors::{Layer, Selector};
use super::validate::RouteArg;
use crate::validate::{Severity, Validator};

/// Where it is looked for when nothing else is said.
pub const NAME: &str = "mparticle.toml";

const KEYS: [&str; 6] = ["strict", "route", "select", "ignore", "severity", "limits"];

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Found in the working directory without having been asked for.
    pub found: bool,
    /// Make every warning an error.
    pub strict: bool,
    /// The path that batches are meant for.
    pub route: Option<RouteArg>,
    /// Which rules apply.
    pub layer: Layer,
    /// Other severities for rules.
    pub severity: Vec<(String, Option<Severity>)>,
    /// Other limits.
    pub limits: Vec<(String, u64)>,
}

/// What is wrong, and where in the text.
type Fault = (Range<usize>, String);

impl Config {
    /// Reads the file at `path`, or else the one in the working directory, when there is one.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or has something in it that means nothing.
    pub fn load(path: Option<&Path>) -> Result<Self, Failure> {
        let name = path.unwrap_or(Path::new(NAME));
        let text = match fs::read_to_string(name) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return match path {
                    None => Ok(Self::default()),
                    Some(path) => Err(Failure::new(format!("{}: no such file", path.display()))
                        .help("--config names a file of settings; --no-config does without")),
                };
            }
            Err(error) => return Err(Failure::new(format!("{}: cannot be read: {error}", name.display()))),
        };
        let parsed = Self::parse(&text).map_err(|(place, what)| {
            let before = text.get(..place.start).unwrap_or(&text);
            let line = before.matches('\n').count() + 1;
            Failure::new(format!("{}:{line}: {what}", name.display()))
                .help("mend the file, or do without it: --no-config")
        })?;
        Ok(Self { found: path.is_none(), ..parsed })
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let table = DeTable::parse(text).map_err(|error| {
            (error.span().unwrap_or_default(), format!("not valid TOML: {}", error.message()))
        })?;
        let mut config = Self::default();
        for (key, value) in in_order(table.get_ref()) {
            config.set(key, value)?;
        }
        Ok(config)
    }

    fn set(&mut self, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) -> Result<(), Fault> {
        match key.get_ref().as_ref() {
            "strict" => {
                self.strict =
                    value.get_ref().as_bool().ok_or_else(|| wrong("strict", value, "true or false"))?;
            }
            "route" => self.route = Some(route(value)?),
            "select" => self.layer.select = selectors("select", value)?,
            "ignore" => self.layer.ignore = selectors("ignore", value)?,
            "severity" => self.severity = entries("severity", value, rule_severity)?,
            "limits" => self.limits = entries("limits", value, one_limit)?,
            other => return Err((key.span(), unknown(other))),
        }
        Ok(())
    }
}

/// The entries of a table as they stand in the file, so that the first fault is told first.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn unknown(key: &str) -> String {
    let near =
        KEYS.iter().max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    let near = near.filter(|near| strsim::jaro_winkler(key, near) > 0.8);
    let near = near.map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
    format!("there is no setting `{key}`.{near} Allowed: {}", KEYS.join(", "))
}

fn wrong(key: &str, value: &Spanned<DeValue<'_>>, allowed: &str) -> Fault {
    (value.span(), format!("`{key}` is {allowed}, not of type {}", value.get_ref().type_str()))
}

fn route(value: &Spanned<DeValue<'_>>) -> Result<RouteArg, Fault> {
    let allowed = "\"either\", \"live\" or \"historical\"";
    let text = value.get_ref().as_str().ok_or_else(|| wrong("route", value, allowed))?;
    RouteArg::from_str(text, false)
        .map_err(|_| (value.span(), format!("`route` is {allowed}, not \"{text}\"")))
}

fn selectors(key: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<Selector>, Fault> {
    let allowed = "a list of rules, such as [\"MP204\", \"MP3\"]";
    let DeValue::Array(list) = value.get_ref() else { return Err(wrong(key, value, allowed)) };
    let one = |value: &Spanned<DeValue<'_>>| {
        let text = value.get_ref().as_str().ok_or_else(|| wrong(key, value, allowed))?;
        Selector::parse(text).map_err(|what| (value.span(), what))
    };
    list.iter().map(one).collect()
}

fn entries<T>(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    read: impl Fn(&str, &DeValue<'_>) -> Result<T, String>,
) -> Result<Vec<T>, Fault> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(wrong(key, value, &format!("a table: [{key}]")));
    };
    let one = |(name, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        read(name.get_ref(), value.get_ref()).map_err(|what| (name.span(), what))
    };
    in_order(table).into_iter().map(one).collect()
}

fn rule_severity(rule: &str, value: &DeValue<'_>) -> Result<(String, Option<Severity>), String> {
    // Asked for the message only: a name that there is not.
    let _ = Validator::builder().severity(rule, None).map_err(|unknown| unknown.to_string())?;
    let word = value.as_str().ok_or("write \"error\", \"warning\" or \"off\"")?;
    severity(&format!("{rule}={word}"))
}

fn one_limit(name: &str, value: &DeValue<'_>) -> Result<(String, u64), String> {
    let number = match value {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    // A name that there is not comes before a number that is none.
    let (name, _) = limit(&format!("{name}=0"))?;
    number
        .map(|number| (name.clone(), number))
        .ok_or_else(|| format!("`{name}` is a whole number, not negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let (place, what) = Config::parse(text).unwrap_err();
        format!("{}: {what}", text[..place.start].matches('\n').count() + 1)
    }

    #[test]
    fn every_setting_is_read() {
        let text = "strict = true\nroute = \"live\"\nselect = [\"MP2\"]\nignore = [\"mp204\"]\n\
                    [severity]\nMP301 = \"off\"\nmember-alias = \"error\"\n[limits]\nevent_attributes = 2_00\n";
        let config = Config::parse(text).unwrap();
        assert!(config.strict);
        assert_eq!(config.route, Some(RouteArg::Live));
        assert_eq!(config.layer.select, [Selector::parse("MP2").unwrap()]);
        assert_eq!(config.layer.ignore, [Selector::parse("MP204").unwrap()]);
        let severities = [("MP301".to_owned(), None), ("member-alias".to_owned(), Some(Severity::Error))];
        assert_eq!(config.severity, severities);
        assert_eq!(config.limits, [("event_attributes".to_owned(), 200)]);
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }

    #[test]
    fn what_means_nothing_is_told_with_its_line_and_what_would() {
        let unknown = fault("\nstrct = true\n");
        assert_eq!(
            unknown,
            "2: there is no setting `strct`. Did you mean `strict`? Allowed: strict, route, select, ignore, \
             severity, limits"
        );
        assert!(fault("strict = 1").starts_with("1: `strict` is true or false, not of type integer"));
        assert!(fault("route = \"bulk\"").contains("\"either\", \"live\" or \"historical\", not \"bulk\""));
        assert!(fault("select = \"MP2\"").contains("a list of rules"));
        assert!(fault("select = [\n\"MP2\",\n\"MP9\"]").starts_with("3: there is no rule or family `MP9`"));
        assert!(fault("[severity]\nMP204 = \"fatal\"").starts_with("2: `fatal` is no severity"));
        assert!(fault("[severity]\nMP999 = \"off\"").starts_with("2: there is no rule `MP999`"));
        assert!(fault("[limits]\nevent_attribute = 1").contains("did you mean `event_attributes`?"));
        assert!(fault("[limits]\nevent_attributes = -1").contains("a whole number"));
        assert!(fault("strict = true\nstrict = true").starts_with("2: not valid TOML"));
    }
}
