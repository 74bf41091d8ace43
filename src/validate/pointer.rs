//! JSON pointers (RFC 6901), linked while walking and written out only when something is found.

use std::borrow::Cow;
use std::fmt;

/// A place in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer<'a>(Vec<Step<'a>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step<'a> {
    Key(Cow<'a, str>),
    Index(usize),
}

impl<'a> Pointer<'a> {
    /// The document itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The member `name` of the object here.
    #[must_use]
    pub fn key(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.0.push(Step::Key(name.into()));
        self
    }

    /// Element `index` of the list here, from 0.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Step::Index(index));
        self
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            Step::Key(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => write!(f, "/{index}"),
        })
    }
}
