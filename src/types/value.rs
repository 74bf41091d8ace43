//! Values whose wire form is looser than a schema can say: attribute values, amounts, push behaviour.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A JSON number that stays what it was: `10` is not rewritten to `10.0`, and 64-bit integers keep every digit.
///
/// Not-a-number and infinities have no JSON form. They can be put in, but serialising them is an error, where `f64`
/// would silently become `null` and the amount would be lost.
///
/// ```
/// use mparticle_events::types::Number;
///
/// assert_eq!(serde_json::to_string(&Number::from(10))?, "10");
/// assert_eq!(serde_json::to_string(&Number::from(19.9))?, "19.9");
/// assert!(serde_json::to_string(&Number::from(f64::NAN)).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// A whole number above the signed 64-bit range.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
}

impl Number {
    /// The value as a float; whole numbers beyond 2^53 are rounded.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Unsigned(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Unsigned(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Integer(value) => serializer.serialize_i64(value),
            Self::Unsigned(value) => serializer.serialize_u64(value),
            Self::Float(value) if value.is_finite() => serializer.serialize_f64(value),
            Self::Float(value) => Err(serde::ser::Error::custom(format_args!("{value} has no form in JSON"))),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number::Integer(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(i64::try_from(value).map_or(Number::Unsigned(value), Number::Integer))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number::Float(value))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

/// The value of one event attribute: a scalar. A list or an object fails the whole batch at the service, so there is
/// no way to make one.
///
/// ```
/// use mparticle_events::types::AttributeValue;
///
/// assert_eq!(AttributeValue::from("gold"), AttributeValue::Text("gold".into()));
/// assert!(serde_json::from_str::<AttributeValue>("[1]").is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// Text, up to 4096 characters.
    Text(String),
    /// A number; the service turns it into text.
    Number(Number),
    /// A boolean; the service turns it into text.
    Boolean(bool),
    /// No value.
    Null,
}

/// The value of one user attribute: a scalar, a list of them, or null for a tag.
///
/// ```
/// use mparticle_events::types::UserAttributeValue;
///
/// let colours = UserAttributeValue::from(vec!["red", "green"]);
/// assert_eq!(serde_json::to_string(&colours)?, r#"["red","green"]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum UserAttributeValue {
    /// One value; [`AttributeValue::Null`] makes the attribute a tag.
    Single(AttributeValue),
    /// Up to 1000 values of up to 512 characters.
    List(Vec<AttributeValue>),
}

/// What happened with a push message: a bit mask, or one of the documented names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushMessageBehavior {
    /// A bit mask of behaviours.
    Flags(i64),
    /// `Received`, `DirectOpen`, `Read`, `InfluencedOpen` or `Displayed`.
    Name(String),
}

macro_rules! from_scalars {
    ($($from:ty => |$value:ident| $into:expr;)*) => {
        $(impl From<$from> for AttributeValue {
            fn from($value: $from) -> Self {
                $into
            }
        })*
    };
}

from_scalars! {
    &str => |value| Self::Text(value.to_owned());
    String => |value| Self::Text(value);
    bool => |value| Self::Boolean(value);
    i32 => |value| Self::Number(value.into());
    u32 => |value| Self::Number(value.into());
    i64 => |value| Self::Number(value.into());
    f64 => |value| Self::Number(value.into());
    Number => |value| Self::Number(value);
}

impl<T: Into<AttributeValue>> From<T> for UserAttributeValue {
    fn from(value: T) -> Self {
        Self::Single(value.into())
    }
}

impl<T: Into<AttributeValue>> From<Vec<T>> for UserAttributeValue {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl Serialize for AttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => number.serialize(serializer),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Null => serializer.serialize_unit(),
        }
    }
}

impl Serialize for UserAttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Single(value) => value.serialize(serializer),
            Self::List(values) => values.serialize(serializer),
        }
    }
}

impl Serialize for PushMessageBehavior {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flags(flags) => serializer.serialize_i64(*flags),
            Self::Name(name) => serializer.serialize_str(name),
        }
    }
}

/// Visits every scalar; lists only where `LISTS` says so.
struct ValueVisitor<const LISTS: bool>;

impl<'de, const LISTS: bool> Visitor<'de> for ValueVisitor<LISTS> {
    type Value = UserAttributeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if LISTS {
            "a string, number, boolean, null or a list of them"
        } else {
            "a string, number, boolean or null"
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Number::Unsigned(value), Number::Integer).into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(AttributeValue::Null.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        if !LISTS {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        }
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(UserAttributeValue::List(values))
    }
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ValueVisitor::<false>)? {
            UserAttributeValue::Single(value) => Ok(value),
            UserAttributeValue::List(_) => Err(de::Error::custom("a list where a scalar belongs")),
        }
    }
}

impl<'de> Deserialize<'de> for UserAttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor::<true>)
    }
}

impl<'de> Deserialize<'de> for PushMessageBehavior {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match AttributeValue::deserialize(deserializer)? {
            AttributeValue::Text(name) => Ok(Self::Name(name)),
            AttributeValue::Number(Number::Integer(flags)) => Ok(Self::Flags(flags)),
            _ => Err(de::Error::custom("expected an integer bit mask or a name such as `DirectOpen`")),
        }
    }
}
