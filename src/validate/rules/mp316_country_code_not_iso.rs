//! MP316: a country code that is not in ISO 3166-1.

use super::codes::{country_meant, is_country};
use super::prelude::*;
use super::views::locations;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP316",
    name: "country-code-not-iso",
    severity: Severity::Warning,
    summary: "`country_code` is not a two-letter code of ISO 3166-1",
    why: "Places are compared by the two-letter code in capitals. A name, a three-letter code or lower case \
          is stored as it is, and audiences by country miss the user.",
    source: "JSON reference, location: ISO 3166-1 alpha-2. The published schema takes any text, hence a \
             warning.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"context":{"location":{"latitude":52.5,"longitude":13.4,"country_code":"DEU"}}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"context":{"location":{"latitude":52.5,"longitude":13.4,"country_code":"DE"}}}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for (pointer, place) in locations(batch) {
        let Some(value) = place.get("country_code") else { continue };
        let Some(code) = value.as_str().filter(|code| !is_country(code)) else { continue };
        let detail = findings
            .add(pointer.key("country_code"), "there is no such country code")
            .found(value)
            .allowed("two capital letters of ISO 3166-1, such as `DE`");
        match country_meant(code) {
            Some(meant) if code.trim().len() == 2 && !code.eq_ignore_ascii_case("UK") => {
                detail.help_with("write the code in capitals", meant)
            }
            Some(meant) if code.trim().len() == 3 => {
                detail.help_with("this is a three-letter code: send the two-letter one", meant)
            }
            Some(_) => detail.help("the code of the United Kingdom is `GB`"),
            None => detail.help("send the two-letter code, or leave `country_code` out when it is not known"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::run_one;
    use super::*;

    #[test]
    fn help_fits_the_mistake() {
        for (code, help) in [
            ("de", "write the code in capitals"),
            ("UK", "the code of the United Kingdom is `GB`"),
            ("deu", "this is a three-letter code: send the two-letter one"),
            ("Germany", "send the two-letter code, or leave `country_code` out when it is not known"),
        ] {
            let batch = format!(r#"{{"context":{{"location":{{"country_code":"{code}"}}}}}}"#);
            let found = run_one(&RULE, Route::Either, batch.leak());
            assert_eq!(found.first().and_then(|f| f.help.as_deref()), Some(help));
        }
    }
}
