//! Follows the strings and brackets of JSON text, without parsing it.

use std::ops::Range;

/// A member of a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its key, quotes included.
    pub(crate) key: Range<usize>,
    /// Its value.
    pub(crate) value: Range<usize>,
}

impl Member {
    /// Whether it has that name, escapes undone.
    pub(crate) fn is_named(&self, text: &[u8], name: &str) -> bool {
        let _ = (text, name, &self.value);
        false
    }
}

/// The members of a JSON object at its top level; `None` when its brackets and strings make none.
pub(crate) fn members(text: &[u8]) -> Option<Vec<Member>> {
    let _ = text;
    None
}
