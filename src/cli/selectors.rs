//! Which rules apply: `--select` and `--ignore`, by code, by name or by the beginning of a code.

use crate::validate::rule::Rule;
use crate::validate::rules;

/// Rules that begin alike (`MP2`), or one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(String);

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Selector {
    /// Reads a code (`MP204`), the beginning of one (`MP2`), or a name (`event-name-too-long`).
    ///
    /// # Errors
    ///
    /// When there is no such rule; says which one is like it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(rule) = rules::find(text) {
            return Ok(Self(rule.code.to_owned()));
        }
        let prefix = text.to_ascii_uppercase();
        if prefix.len() >= "MP".len() && rules::ALL.iter().any(|rule| rule.code.starts_with(&prefix)) {
            return Ok(Self(prefix));
        }
        let near = near(text).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        Err(format!("there is no rule or family `{text}`; {near}`mparticle rules` lists all of them"))
    }

    /// How closely it names the rule: the longer, the closer. None when it does not.
    fn closeness(&self, rule: &Rule) -> Option<usize> {
        rule.code.starts_with(&self.0).then_some(self.0.len())
    }
}

/// What is most like it among codes, families and names.
fn near(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let families = rules::ALL.iter().filter_map(|rule| rule.code.get(..3));
    let all = rules::ALL.iter().flat_map(|rule| [rule.code, rule.name]).chain(families);
    let likeness = |name: &str| strsim::jaro_winkler(&text, &name.to_ascii_lowercase());
    all.map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        // The first of those that are equally like it.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, name)| name.to_owned())
}

/// What one source of settings says: only these rules, and not those.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// Only these; all when empty.
    pub select: Vec<Selector>,
    /// Not these.
    pub ignore: Vec<Selector>,
}

impl Layer {
    /// Whether the rule applies; None when this has nothing to say about it.
    fn verdict(&self, rule: &Rule) -> Option<bool> {
        let closest = |list: &[Selector]| list.iter().filter_map(|one| one.closeness(rule)).max();
        let (select, ignore) = (closest(&self.select), closest(&self.ignore));
        match (select, ignore) {
            (None, None) if self.select.is_empty() => None,
            // The one that names the rule more closely decides; `None` is less than any.
            _ => Some(select > ignore),
        }
    }
}

/// Whether the rule applies: the first layer with something to say decides.
#[must_use]
pub fn applies(rule: &Rule, layers: &[&Layer]) -> bool {
    layers.iter().find_map(|layer| layer.verdict(rule)).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(select: &[&str], ignore: &[&str]) -> Layer {
        let list = |all: &[&str]| all.iter().map(|one| Selector::parse(one).unwrap()).collect();
        Layer { select: list(select), ignore: list(ignore) }
    }

    fn on(layers: &[&Layer]) -> Vec<&'static str> {
        rules::ALL.iter().filter(|rule| applies(rule, layers)).map(|rule| rule.code).collect()
    }

    #[test]
    fn all_rules_apply_unless_something_is_said() {
        assert_eq!(on(&[&Layer::default()]).len(), rules::ALL.len());
    }

    #[test]
    fn a_family_is_the_beginning_of_its_codes_in_any_case() {
        assert!(on(&[&layer(&["mp2"], &[])]).iter().all(|code| code.starts_with("MP2")));
        assert!(!on(&[&layer(&[], &["MP2"])]).iter().any(|code| code.starts_with("MP2")));
        assert_eq!(on(&[&layer(&["event-name-too-long"], &[])]), ["MP204"]);
    }

    #[test]
    fn who_names_a_rule_more_closely_decides_and_in_doubt_it_is_ignored() {
        assert_eq!(on(&[&layer(&["MP204"], &["MP2"])]), ["MP204"]);
        assert!(!on(&[&layer(&["MP2"], &["MP204"])]).contains(&"MP204"));
        assert!(on(&[&layer(&["MP204"], &["MP204"])]).is_empty());
    }

    #[test]
    fn the_first_layer_with_something_to_say_decides() {
        let file = layer(&[], &["MP204", "MP301"]);
        assert_eq!(on(&[&layer(&["MP204"], &[]), &file]), ["MP204"]);
        let both = on(&[&layer(&[], &["MP1"]), &file]);
        assert!(!both.contains(&"MP301") && !both.contains(&"MP101") && both.contains(&"MP302"));
    }

    #[test]
    fn what_there_is_not_gets_a_suggestion() {
        assert!(Selector::parse("MP24").unwrap_err().contains("did you mean `MP2"));
        let error = Selector::parse("event-name-to-long").unwrap_err();
        assert!(error.contains("did you mean `event-name-too-long`?"), "{error}");
        assert!(!Selector::parse("zzz").unwrap_err().contains("did you mean"));
        assert!(Selector::parse("").is_err());
        assert!(Selector::parse("M").is_err());
    }
}
