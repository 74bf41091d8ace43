//! A finding in one line of text, for formats that have room for no more.

use crate::validate::Finding;

/// Message, found, allowed and help, one after another.
pub(super) fn sentence(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    let details = [("found", &finding.found), ("allowed", &finding.allowed), ("help", &finding.help)];
    for (label, detail) in details {
        if let Some(detail) = detail {
            text.push_str(&format!("; {label}: {detail}"));
        }
    }
    text
}
