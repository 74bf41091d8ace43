//! The part of a line around a place, short enough to read and safe to print.

use std::borrow::Cow;

use crate::validate::shape::mentions_secret;
use crate::validate::{Finding, Location};

/// Characters kept before and after the place.
const BEFORE: usize = 30;
const AFTER: usize = 60;
/// Characters of a name that are shown; documented names are shorter by far.
const NAME: usize = 80;

/// A piece of a line, and which of its characters to mark.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Characters before the mark.
    pub(super) indent: usize,
    /// Characters marked, at least one.
    pub(super) marked: usize,
}

/// The name of the member only: no value of the user is in it. None when the place is no member.
pub(super) fn masked(text: &[u8], finding: &Finding) -> Option<Excerpt> {
    let written = member_at(text, finding)?;
    let name = printable(&short(&String::from_utf8_lossy(written)));
    let marked = name.chars().count();
    Some(Excerpt { text: format!("… {name}: …"), indent: 2, marked })
}

/// The line as it stands, shortened; from the member on when the finding is about one. None where a secret is near.
pub(super) fn full(text: &[u8], finding: &Finding) -> Option<Excerpt> {
    let Location { offset, column, .. } = finding.location?;
    let (before, after) = (text.get(..offset)?, text.get(offset..)?);
    // What stands before a member is another matter; before a fault of syntax it may be the cause.
    let reach = if finding.pointer.is_empty() { column.saturating_sub(1) } else { 0 };
    let near = last_characters(before, reach.min(BEFORE * 8));
    let after: String = String::from_utf8_lossy(after.get(..AFTER * 4).unwrap_or(after)).into_owned();
    let after = after.split(['\n', '\r']).next().unwrap_or_default();
    let shown_after: String = after.chars().take(AFTER).collect();
    if mentions_secret(&near) || mentions_secret(&shown_after) {
        return None;
    }
    let count = near.chars().count();
    let kept: String = near.chars().skip(count.saturating_sub(BEFORE)).collect();
    let cut = column > kept.chars().count() + 1;
    let lead = format!("{}{}", if cut { "… " } else { "" }, printable(&kept));
    let tail = if after.chars().count() > AFTER { " …" } else { "" };
    let written = member_at(text, finding).map(|name| printable(&String::from_utf8_lossy(name)));
    Some(Excerpt {
        indent: lead.chars().count(),
        marked: written.map_or(1, |name| name.chars().count().clamp(1, AFTER)),
        text: format!("{lead}{}{tail}", printable(&shown_after)),
    })
}

/// The pointer with names that are too long to read cut off.
pub(super) fn short_pointer(pointer: &str) -> String {
    pointer.split('/').map(short).collect::<Vec<_>>().join("/")
}

/// The start of a name, when it is too long to read.
fn short(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(NAME) {
        Some((end, _)) => format!("{} …", name.get(..end).unwrap_or_default()).into(),
        None => name.into(),
    }
}

/// The last so many characters.
fn last_characters(bytes: &[u8], count: usize) -> String {
    let from = bytes.len().saturating_sub(count.saturating_mul(4));
    let text = String::from_utf8_lossy(bytes.get(from..).unwrap_or_default());
    let all = text.chars().count();
    text.chars().skip(all.saturating_sub(count)).collect()
}

/// The key at the finding's place as it is written, with its quotes, when it is the one that the pointer ends with.
fn member_at<'a>(text: &'a [u8], finding: &Finding) -> Option<&'a [u8]> {
    let from = text.get(finding.location?.offset..)?;
    let (_, last) = finding.pointer.rsplit_once('/')?;
    let mut keys = serde_json::Deserializer::from_slice(from).into_iter::<String>();
    let key = keys.next()?.ok()?;
    let is_key = from.get(keys.byte_offset()..)?.trim_ascii_start().first() == Some(&b':');
    (is_key && key == last.replace("~1", "/").replace("~0", "~")).then(|| from.get(..keys.byte_offset()))?
}

/// Text that does nothing to a terminal but stand there.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            // Marks that turn the direction of writing can make a line read as another one.
            c if c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}
