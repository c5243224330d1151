//! Strict JSON over borrowed bytes: one object, no member named twice at any depth, bounded width and depth.
//! `serde_json` is the lexer; it stops at 128 levels and refuses lone surrogates and text that is not UTF-8.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::iter;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::clock::UnixTime;
use crate::names::Names;

/// Why something was refused; for the operator's log, never for the client.
pub(in crate::identity) type Cause = &'static str;

/// Receives the members of an object in their order.
pub(in crate::identity) trait Members<'de> {
    /// Takes or skips `value`; the cause it returns ends the reading.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, value: Value<'_, A>) -> Result<(), Cause>;
}

/// Reads `bytes` as exactly one object.
pub(in crate::identity) fn read_object<'de>(bytes: &'de [u8], members: &mut impl Members<'de>) -> Result<(), Cause> {
    // Checked once as a whole, which is faster than text by text.
    let text = str::from_utf8(bytes).map_err(|_| NOT_AN_OBJECT)?;
    let mut cause = None;
    let mut json = serde_json::Deserializer::from_str(text);
    let object = Object { members, cause: &mut cause };
    match json.deserialize_map(object).and_then(|()| json.end()) {
        Ok(()) => Ok(()),
        Err(_) => Err(cause.unwrap_or(NOT_AN_OBJECT)),
    }
}

/// Whether no object in `bytes` names a member twice, at any depth. Text that is not JSON counts as unique: its reader
/// will say so better.
pub(super) fn is_unique(bytes: &[u8]) -> bool {
    !matches!(serde_json::from_slice::<Unique>(bytes), Err(error) if error.is_data())
}

/// The value of a member, not yet read.
pub(in crate::identity) struct Value<'m, A>(&'m mut A);

impl<A> Value<'_, A> {
    /// Text, else `wrong`.
    pub(in crate::identity) fn text<'de>(self, wrong: Cause) -> Result<Cow<'de, str>, Cause>
    where
        A: MapAccess<'de>,
    {
        self.read::<Text<'de>>(wrong).map(|text| text.0)
    }

    /// A `NumericDate` (RFC 7519 section 2), rounded up to whole seconds, else `wrong`.
    pub(super) fn date<'de>(self, wrong: Cause) -> Result<UnixTime, Cause>
    where
        A: MapAccess<'de>,
    {
        self.dates(wrong).map(|[_, date]| date)
    }

    /// The same, rounded down and rounded up.
    pub(super) fn dates<'de>(self, wrong: Cause) -> Result<[UnixTime; 2], Cause>
    where
        A: MapAccess<'de>,
    {
        self.read::<Date>(wrong).map(|date| date.0.map(UnixTime::from_secs))
    }

    /// Text, a list of text, or the fact that it is neither.
    pub(super) fn words<'de>(self) -> Result<Words<'de>, Cause>
    where
        A: MapAccess<'de>,
    {
        self.read(UNREADABLE)
    }

    /// Anything, provided it is well formed and unique within.
    pub(super) fn skip<'de>(self) -> Result<(), Cause>
    where
        A: MapAccess<'de>,
    {
        self.read::<Unique>(UNREADABLE).map(drop)
    }

    /// A value of a type of its own, else `wrong`.
    pub(in crate::identity) fn read<'de, T: Deserialize<'de>>(self, wrong: Cause) -> Result<T, Cause>
    where
        A: MapAccess<'de>,
    {
        self.0.next_value().map_err(|_| wrong)
    }
}

/// A value that may be one text or several.
#[derive(Debug)]
pub(in crate::identity) enum Words<'de> {
    List(Names),
    Other,
    Text(Cow<'de, str>),
}

struct Object<'m, M> {
    members: &'m mut M,
    cause: &'m mut Option<Cause>,
}

impl<'de, M: Members<'de>> Visitor<'de> for Object<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Seen::default();
        while let Some(Text(name)) = map.next_key()? {
            let taken = if seen.admits(&name) { self.members.member(&name, Value(&mut map)) } else { Err(REPEATED) };
            if let Err(cause) = taken {
                *self.cause = Some(cause);
                return Err(A::Error::custom(cause));
            }
            seen.insert(name);
        }
        Ok(())
    }
}

/// The names of one object so far. Ordinary objects fit into `few` and cost no allocation.
#[derive(Default)]
struct Seen<'de> {
    few: [Cow<'de, str>; 16],
    many: BTreeSet<Cow<'de, str>>,
    count: usize,
}

impl<'de> Seen<'de> {
    fn admits(&self, name: &str) -> bool {
        self.count < MAX_MEMBERS
            && !self.few.iter().take(self.count).any(|own| own == name)
            && !self.many.contains(name)
    }

    fn insert(&mut self, name: Cow<'de, str>) {
        match self.few.get_mut(self.count) {
            Some(free) => *free = name,
            None => drop(self.many.insert(name)),
        }
        self.count += 1;
    }
}

struct Text<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

struct Date([u64; 2]);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;

        impl Visitor<'_> for DateVisitor {
            type Value = Date;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since 1970")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Date, E> {
                if seconds <= MAX_DATE { Ok(Date([seconds; 2])) } else { Err(E::custom("too large")) }
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Date, E> {
                // Every whole number up to 2^53 is exact in an f64, so neither the bound nor the conversion loses anything.
                if (0.0..=MAX_DATE as f64).contains(&seconds) {
                    Ok(Date([seconds.floor() as u64, seconds.ceil() as u64]))
                } else {
                    Err(E::custom("out of range"))
                }
            }
        }

        // Not `deserialize_any`: with serde_json's feature `arbitrary_precision`, which any crate of a build can turn
        // on, that shows numbers as maps.
        deserializer.deserialize_f64(DateVisitor)
    }
}

impl<'de> Deserialize<'de> for Words<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordsVisitor;

        impl<'de> Visitor<'de> for WordsVisitor {
            type Value = Words<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a list of text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Words<'de>, E> {
                Ok(Words::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Words<'de>, E> {
                Ok(Words::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words<'de>, A::Error> {
                let mut only_text = true;
                let mut failure = None;
                let names = iter::from_fn(|| match list.next_element::<Words<'de>>() {
                    Ok(Some(Words::Text(name))) => Some(name),
                    Ok(Some(Words::List(_) | Words::Other)) => {
                        only_text = false;
                        Some(Cow::Borrowed(""))
                    }
                    Ok(None) => None,
                    Err(error) => {
                        failure = Some(error);
                        None
                    }
                })
                .collect();
                match failure {
                    Some(error) => Err(error),
                    None if only_text => Ok(Words::List(names)),
                    None => Ok(Words::Other),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Words<'de>, A::Error> {
                UniqueVisitor.visit_map(map).map(|_| Words::Other)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Words<'de>, E> {
                Ok(Words::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Words<'de>, E> {
                Ok(Words::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Words<'de>, E> {
                Ok(Words::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Words<'de>, E> {
                Ok(Words::Other)
            }

            fn visit_unit<E>(self) -> Result<Words<'de>, E> {
                Ok(Words::Other)
            }
        }

        deserializer.deserialize_any(WordsVisitor)
    }
}

/// Any value in which no object names a member twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut seen = Seen::default();
        while let Some(Text(name)) = map.next_key()? {
            if !seen.admits(&name) {
                return Err(A::Error::custom(REPEATED));
            }
            map.next_value::<Unique>()?;
            seen.insert(name);
        }
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unique, A::Error> {
        while list.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
}

/// More members than any honest object has; bounds what a stranger makes us compare.
const MAX_MEMBERS: usize = 256;
/// 2^53, the end of what JSON numbers carry exactly.
const MAX_DATE: u64 = 1 << 53;

const NOT_AN_OBJECT: Cause = "not one JSON object in UTF-8, or nested too deeply";
const REPEATED: Cause = "a JSON object names a member twice, or has too many";
const UNREADABLE: Cause = "a JSON value is malformed, or names a member twice";
