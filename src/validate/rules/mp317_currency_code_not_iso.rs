//! MP317: a currency code that is not in ISO 4217.

use super::codes::is_currency;
use super::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP317",
    name: "currency-code-not-iso",
    severity: Severity::Warning,
    summary: "`currency_code` is not a code of ISO 4217",
    why: "Amounts of different currencies are told apart, and converted by partners, by the three-letter \
          code in capitals. A symbol, a name or lower case passes, and the revenue cannot be added up.",
    source: "JSON reference, commerce event: ISO 4217. The published schema takes any text, hence a warning. \
             Codes withdrawn since 2020 pass, because historical orders carry them.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"commerce_event","data":{"currency_code":"eur","product_action":{"action":"click","products":[{"id":"p-1"}]}}}]}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"events":[{"event_type":"commerce_event","data":{"currency_code":"EUR","product_action":{"action":"click","products":[{"id":"p-1"}]}}}]}"#,
    ]),
    check: Check::Batch(check),
};

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for event in batch.events().filter(|event| event.is("commerce_event")) {
        let Some(value) = event.get("currency_code") else { continue };
        let Some(code) = value.as_str().filter(|code| !is_currency(code)) else { continue };
        let detail = findings
            .add(event.data_pointer().key("currency_code"), "there is no such currency code")
            .found(value)
            .allowed("three capital letters of ISO 4217, such as `EUR`");
        let capitals = code.trim().to_ascii_uppercase();
        if is_currency(&capitals) {
            detail.help_with("write the code in capitals, without blanks", &capitals);
        } else {
            detail.help("send the three-letter code, or leave `currency_code` out when it is not known");
        }
    }
}
