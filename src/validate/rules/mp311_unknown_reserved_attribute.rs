//! MP311: a user attribute with the mark of reserved ones that is none of them.

use super::prelude::*;
use super::views::{user_attribute, user_attributes};
use crate::validate::shape::nearest;

/// The rule.
pub static RULE: Rule = Rule {
    code: "MP311",
    name: "unknown-reserved-attribute",
    severity: Severity::Warning,
    summary: "The name of a user attribute begins with `$` but is not one of the reserved ones",
    why: "Names that begin with `$` are reserved for what partners understand alike: age, gender, address \
          and the like. An unknown one, mostly a slip of the pen, is not mapped to anything at the partners.",
    source: "User attributes documentation lists the reserved names. Upper and lower case are not told apart \
             here, because examples use both; names with a colon, which the platform makes for predictions, \
             are let pass.",
    fires: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"$first_name":"Ada"}}"#,
    ]),
    silent: Example::one(&[
        r#"{"environment":"production","user_identities":{"customer_id":"u-1"},"user_attributes":{"$firstname":"Ada","$Age":"36"}}"#,
    ]),
    check: Check::Batch(check),
};

const RESERVED: &[&str] = &[
    "$age",
    "$gender",
    "$country",
    "$zip",
    "$city",
    "$state",
    "$address",
    "$firstname",
    "$lastname",
    "$mobile",
];

/// Whether the name is one of the reserved ones.
pub(in crate::validate) fn is_reserved(name: &str) -> bool {
    // Nearly all are written as they should be, and that is told quickly.
    RESERVED.contains(&name) || RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
}

fn check(batch: &BatchView<'_>, findings: &mut Findings<'_>) {
    for (name, _) in user_attributes(batch) {
        if !name.starts_with('$') || name.contains(':') || is_reserved(name) {
            continue;
        }
        let help = match nearest(name, RESERVED.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "leave the `$` out of names of your own".to_owned(),
        };
        findings
            .add(user_attribute(name), "names that begin with `$` are reserved, and this one is not known")
            .allowed(RESERVED.join(", "))
            .help(help);
    }
}
