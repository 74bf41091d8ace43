//! Tells keywords of OpenAPI from names that people chose: a property called `description` is no description.

/// What the keys of an object in an OpenAPI document are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Keywords of the specification.
    Keywords,
    /// Names: of properties, schemas, paths, status codes, headers …
    Names,
    /// Data that is nobody's business but the author's: defaults, enum values, extensions.
    Raw,
}

/// Keywords whose children are named.
const NAME_MAPS: [&str; 16] = [
    "callbacks",
    "content",
    "encoding",
    "headers",
    "links",
    "mapping",
    "parameters",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "scopes",
    "securitySchemes",
    "variables",
];

/// Keywords that are for human readers only.
const TEXT: [&str; 4] = ["description", "summary", "example", "examples"];

impl Place {
    /// What the keys are inside the value of `key`.
    #[must_use]
    pub fn below(self, key: &str) -> Self {
        match self {
            Self::Raw => Self::Raw,
            Self::Names => Self::Keywords,
            Self::Keywords if NAME_MAPS.contains(&key) => Self::Names,
            Self::Keywords if ["default", "enum", "const", "security"].contains(&key) => Self::Raw,
            Self::Keywords if key.starts_with("x-") => Self::Raw,
            Self::Keywords => Self::Keywords,
        }
    }

    /// What the keys are inside the items of an array that is the value of a key with this place.
    #[must_use]
    pub fn item(self) -> Self {
        match self {
            Self::Names => Self::Keywords,
            other => other,
        }
    }

    /// Is `key` here a text that changes nothing?
    #[must_use]
    pub fn is_text(self, key: &str) -> bool {
        self == Self::Keywords && TEXT.contains(&key)
    }
}
