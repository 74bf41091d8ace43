//! MP505: development and production data in one file.

use super::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP505",
    name: "mixed-environments",
    severity: Severity::Warning,
    summary: "Some batches of a file are development data and others production data",
    why: "The same key takes both, and `environment` alone keeps them apart. A file with both was mostly put \
          together by mistake, and what is sent as production cannot be taken back.",
    source: "JSON reference, batch: `environment`. Both in one request are accepted, hence a warning, once a \
             file; a batch without `environment` is left to MP302.",
    fires: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
        r#"{"environment":"development","user_identities":{"customer_id":"u-2"},"user_attributes":{"plan":"basic"}}"#,
    ]),
    silent: Example::many(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"plan":"gold"}}"#,
        r#"{"environment":"production","user_identities":{"customer_id":"u-2"},"user_attributes":{"plan":"basic"}}"#,
    ]),
    check: Check::Across(|| Box::new(Environments::default())),
};

#[derive(Default)]
struct Environments {
    first: Option<(String, u64)>,
    told: bool,
}

impl AcrossCheck for Environments {
    fn check(&mut self, batch: &BatchView<'_>, findings: &mut Findings<'_>) {
        let Some(environment) = batch.get("environment").and_then(Value::as_str) else { return };
        let environment = environment.to_ascii_lowercase();
        if self.told || !matches!(environment.as_str(), "development" | "production") {
            return;
        }
        let Some((first, number)) = &self.first else {
            self.first = Some((environment, batch.number));
            return;
        };
        if *first != environment {
            findings
                .add(
                    Pointer::root().key("environment"),
                    format!("this batch is {environment} data, and batch {number} is {first} data"),
                )
                .allowed("one environment in a file")
                .help("keep a file for each of the two, and send them one after the other");
            self.told = true;
        }
    }

    fn observe(&mut self, facts: &Facts<'_>) -> Seen {
        let Some(environment) = facts.environment().filter(|_| !self.told) else { return Seen::Clean };
        let is = |one: &str| environment.eq_ignore_ascii_case(one);
        match &self.first {
            _ if !is("development") && !is("production") => Seen::Clean,
            None => {
                self.first = Some((environment.to_ascii_lowercase(), facts.number));
                Seen::Clean
            }
            Some((first, _)) if is(first) => Seen::Clean,
            Some(_) => Seen::Unsure,
        }
    }
}
