//! HTTP Basic: who may post, and how a key looks where people can see it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

/// Which key and secret are accepted.
#[derive(Clone, Default)]
pub(super) enum Accept {
    /// Any pair whose parts are both there.
    #[default]
    Any,
    /// This pair and no other.
    Pair {
        /// The API key: the user name.
        key: String,
        /// The API secret: the password.
        secret: String,
    },
}

/// The API key of a request that passed; the secret is not kept.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ApiKey(String);

/// Why a request did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// No `Authorization` header.
    Missing,
    /// A header that cannot be read, or another pair.
    Invalid,
}

impl Accept {
    /// Checks the values of the `Authorization` headers of a request.
    pub fn check<'a>(&self, mut values: impl Iterator<Item = &'a [u8]>) -> Result<ApiKey, Denied> {
        let value = values.next().ok_or(Denied::Missing)?;
        if values.next().is_some() {
            return Err(Denied::Invalid);
        }
        let (key, secret) = decode(value).ok_or(Denied::Invalid)?;
        let accepted = match self {
            Self::Any => !key.is_empty() && !secret.is_empty(),
            Self::Pair { key: wanted_key, secret: wanted_secret } => {
                // Both parts are always compared, and in full.
                let same = key.as_bytes().ct_eq(wanted_key.as_bytes())
                    & secret.as_bytes().ct_eq(wanted_secret.as_bytes());
                same.into()
            }
        };
        if accepted { Ok(ApiKey(key)) } else { Err(Denied::Invalid) }
    }
}

/// `Basic` and the base64 of `key:secret`, UTF-8 (RFC 7617). The secret may hold colons.
fn decode(value: &[u8]) -> Option<(String, String)> {
    let value = std::str::from_utf8(value).ok()?;
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (key, secret) = pair.split_once(':')?;
    Some((key.to_owned(), secret.to_owned()))
}

impl ApiKey {
    /// The whole key, to tell one from another; never shown.
    pub fn exposed(&self) -> &str {
        &self.0
    }

    /// The first characters of a long key, none of a short one.
    pub fn masked(&self) -> String {
        const SHOWN: usize = 4;
        const LONG_ENOUGH: usize = 12;
        let shown = if self.0.chars().count() >= LONG_ENOUGH { SHOWN } else { 0 };
        self.0.chars().take(shown).chain("****".chars()).collect()
    }

    #[cfg(test)]
    pub fn for_test(key: &str) -> Self {
        Self(key.to_owned())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.masked())
    }
}

impl fmt::Debug for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "Any",
            Self::Pair { .. } => "Pair(redacted)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(pair: &str) -> Vec<u8> {
        format!("Basic {}", STANDARD.encode(pair)).into_bytes()
    }

    fn check(accept: &Accept, value: &[u8]) -> Result<String, Denied> {
        accept.check(std::iter::once(value)).map(|key| key.exposed().to_owned())
    }

    fn pair() -> Accept {
        Accept::Pair { key: "key".to_owned(), secret: "s3cret:with:colons".to_owned() }
    }

    #[test]
    fn no_header_is_missing_and_two_are_invalid() {
        assert_eq!(Accept::Any.check(std::iter::empty()), Err(Denied::Missing));
        let value = basic("key:secret");
        let twice = [value.as_slice(), value.as_slice()];
        assert_eq!(Accept::Any.check(twice.into_iter()), Err(Denied::Invalid));
    }

    #[test]
    fn any_pair_with_both_parts_passes_by_default() {
        assert_eq!(check(&Accept::Any, &basic("key:secret")), Ok("key".to_owned()));
        assert_eq!(check(&Accept::Any, &basic("ключ:секрет")), Ok("ключ".to_owned()));
        // The pair that the documentation shows.
        let documented = b"basic ZXhhbXBsZS1hcGkta2V5OmV4YW1wbGUtYXBpLXNlY3JldA==";
        assert_eq!(check(&Accept::Any, documented), Ok("example-api-key".to_owned()));
    }

    #[test]
    fn whatever_cannot_be_read_is_invalid() {
        let not_utf8 = format!("Basic {}", STANDARD.encode([0xff, b':', 0xff])).into_bytes();
        let values: [&[u8]; 9] = [
            b"",
            b"Basic",
            b"Basic !!!",
            b"Bearer a2V5OnNlY3JldA==",
            b"Basic a2V5OnNlY3JldA",
            &basic("no colon"),
            &basic(":secret"),
            &basic("key:"),
            &not_utf8,
        ];
        for value in values {
            assert_eq!(
                check(&Accept::Any, value),
                Err(Denied::Invalid),
                "{}",
                String::from_utf8_lossy(value)
            );
        }
    }

    #[test]
    fn a_given_pair_is_insisted_on() {
        assert_eq!(check(&pair(), &basic("key:s3cret:with:colons")), Ok("key".to_owned()));
        for wrong in
            ["key:s3cret:with:colon", "key:", "Key:s3cret:with:colons", "kex:s3cret:with:colons", ":"]
        {
            assert_eq!(check(&pair(), &basic(wrong)), Err(Denied::Invalid), "{wrong}");
        }
    }

    #[test]
    fn debug_shows_neither_key_nor_secret() {
        let shown = format!("{:?} {:?}", pair(), ApiKey::for_test("example-api-key"));
        assert_eq!(shown, "Pair(redacted) ApiKey(exam****)");
        assert_eq!(ApiKey::for_test("short").masked(), "****");
    }
}
