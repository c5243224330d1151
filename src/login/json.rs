//! A log-in as programs send it: a JSON object.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::fields::{Fields, Name};
use crate::secret::Secret;

/// `None` for what is not one object, a field twice, and a field of another type.
pub(super) fn read(body: &[u8], may_remember: bool) -> Option<Fields> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let fields = json.deserialize_map(Object { may_remember }).ok()?;
    json.end().ok()?;
    Some(fields)
}

/// Reads an object whose members have one name each; derived code would pass over unknown ones that are given twice.
struct Object {
    may_remember: bool,
}

impl<'de> Visitor<'de> for Object {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with username and password")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        let odd = || A::Error::custom("a member twice, or not as it should be");
        while let Some(name) = members.next_key::<String>()? {
            fields.see(&name).ok_or_else(odd)?;
            match Name::of(&name, self.may_remember) {
                Name::Other => drop(members.next_value::<IgnoredAny>()?),
                Name::Remember => fields.remember = Some(members.next_value()?),
                text => fields.take(text, members.next_value_seed(Text)?).ok_or_else(odd)?,
            }
        }
        Ok(fields)
    }
}

/// Reads a text into memory of ours, which is wiped. Of a text with escapes the parser has a copy, which is not ours to wipe.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Secret<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Secret<String>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text {
    type Value = Secret<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret<String>, E> {
        Ok(Secret::new(text.to_owned()))
    }
}
