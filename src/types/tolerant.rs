//! Reading what the service also takes: an integer written as text, and empty text for nothing.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{self, Unexpected, Visitor};

/// An optional 64-bit integer; text in decimal counts, as the Web SDK writes `mpid`, and empty text is nothing.
pub fn integer<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr + TryFrom<i64> + TryFrom<u64>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(IntegerVisitor(PhantomData))
}

struct IntegerVisitor<T>(PhantomData<T>);

impl<'de, T: FromStr + TryFrom<i64> + TryFrom<u64>> Visitor<'de> for IntegerVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a 64-bit integer")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        T::try_from(value).map(Some).map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        T::try_from(value).map(Some).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        // Some writers print whole numbers with a fraction; beyond 2^53 a float no longer says which integer it was.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() <= EXACT {
            return self.visit_i64(value as i64);
        }
        Err(E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.trim() {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// An optional boolean; `"true"` and `"false"` count, and empty text is nothing, as in the documentation's examples.
pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    deserializer.deserialize_any(BooleanVisitor)
}

struct BooleanVisitor;

impl Visitor<'_> for BooleanVisitor {
    type Value = Option<bool>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.trim() {
            "" => Ok(None),
            word if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
            word if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use crate::types::Batch;

    fn mpid(json: &str) -> Result<Option<i64>, serde_json::Error> {
        serde_json::from_str::<Batch>(&format!(r#"{{"mpid":{json}}}"#)).map(|batch| batch.mpid)
    }

    #[test]
    fn integers_keep_every_digit_however_they_are_written() {
        for json in ["-9223372036854775808", "\"-9223372036854775808\""] {
            assert_eq!(mpid(json).unwrap(), Some(i64::MIN), "{json}");
        }
        assert_eq!(mpid("9223372036854775807").unwrap(), Some(i64::MAX));
        assert_eq!(mpid("12.0").unwrap(), Some(12));
        assert_eq!(mpid("null").unwrap(), None);
        assert_eq!(mpid("\"\"").unwrap(), None);
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for json in ["9223372036854775808", "1.5", "1e300", "true", "\"abc\"", "[1]"] {
            assert!(mpid(json).is_err(), "{json}");
        }
    }
}
