//! Names that senders use for members: other spellings, secrets, members of the outgoing format, near misses.

use serde_json::{Map, Value};

/// Other names of members, and the documented ones. Spellings that differ by case and separators only are found
/// without being listed.
const ALIASES: &[(&str, &str)] = &[
    ("batch_context", "context"),
    ("email_address", "email"),
    ("other2", "other_id_2"),
    ("other3", "other_id_3"),
    ("other4", "other_id_4"),
    ("other5", "other_id_5"),
    ("other6", "other_id_6"),
    ("other7", "other_id_7"),
    ("other8", "other_id_8"),
    ("other9", "other_id_9"),
    ("other10", "other_id_10"),
    ("phone", "mobile_number"),
    ("phone_number", "mobile_number"),
    ("phone_number_1", "mobile_number"),
];

/// Names under which senders put credentials into a body.
const SECRETS: &[&str] = &[
    "api_secret",
    "apikey",
    "apisecret",
    "authorization",
    "client_secret",
    "password",
    "secret",
    "secret_key",
];

/// Members of batches and events as the platform sends them out, which no input schema has.
const OUTPUT_FORMAT: &[&str] = &["message_id", "message_type", "unique_id", "system_notifications"];

/// Whether text of a document has a key in it whose value should not be shown.
pub(in crate::validate) fn mentions_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("api_key") || SECRETS.iter().any(|name| text.contains(&format!("\"{name}\"")))
}

/// What an unknown member seems to be.
pub(super) enum Meant<'a> {
    /// The documented member of this name.
    Alias(&'a str),
    /// Something secret.
    Secret,
    /// A member of the outgoing format.
    OutputFormat,
    /// Perhaps a misspelling of this member.
    Near(&'a str),
    /// No idea.
    Nothing,
}

/// Tells what a member that the object does not have was meant to be.
pub(super) fn meant<'a>(name: &str, members: &'a Map<String, Value>) -> Meant<'a> {
    if OUTPUT_FORMAT.contains(&name) {
        return Meant::OutputFormat;
    }
    if SECRETS.contains(&name.to_ascii_lowercase().as_str()) {
        return Meant::Secret;
    }
    let documented = |wanted: &str| members.keys().map(String::as_str).find(|member| *member == wanted);
    let listed = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    if let Some(right) = listed.and_then(|(_, right)| documented(right)) {
        return Meant::Alias(right);
    }
    let plain = bare(name);
    if let Some(right) = members.keys().find(|member| bare(member) == plain) {
        return Meant::Alias(right);
    }
    nearest(name, members.keys().map(String::as_str)).map_or(Meant::Nothing, Meant::Near)
}

/// The name without case and separators.
fn bare(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// The name that what was written is most likely a misspelling of.
pub(in crate::validate) fn nearest<'a>(
    written: &str,
    names: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    /// No name is nearly as long; comparing longer ones would only cost time.
    const LONGEST: usize = 64;
    let length = written.chars().count();
    if length > LONGEST {
        return None;
    }
    let written = written.to_lowercase();
    let allowed = (length / 3).max(1);
    names
        .map(|name| (strsim::osa_distance(&written, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
