//! Finds a claim by a path such as `realm_access.roles`.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{Cause, Words};

/// The value at `path` in `payload`, which has been read before and so is one object without repeated members.
///
/// Dots separate the members, but a member whose own name has dots (`https://id.example/roles`) is found as well. A
/// path that fits two values is refused rather than resolved.
pub(super) fn find<'p>(payload: &'p [u8], path: &str) -> Result<Option<Words<'p>>, Cause> {
    let mut found = None;
    let mut json = serde_json::Deserializer::from_slice(payload);
    Descend { path, found: &mut found }
        .deserialize(&mut json)
        .map_err(|_| "the path of a scopes or roles claim fits two claims")?;
    Ok(found)
}

struct Descend<'s, 'p> {
    path: &'s str,
    found: &'s mut Option<Words<'p>>,
}

impl<'p> DeserializeSeed<'p> for Descend<'_, 'p> {
    type Value = ();

    fn deserialize<D: Deserializer<'p>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'p> Visitor<'p> for Descend<'_, 'p> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'p>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Step(step)) = map.next_key_seed(StepSeed { path: self.path })? {
            match step {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some("") if self.found.is_some() => return Err(A::Error::custom("two values")),
                Some("") => *self.found = Some(map.next_value()?),
                Some(rest) => map.next_value_seed(Descend { path: rest, found: self.found })?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'p>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// What is left of the path after a member of this name: nothing (it is the value), a rest, or `None` if it leads
/// elsewhere.
struct Step<'s>(Option<&'s str>);

struct StepSeed<'s> {
    path: &'s str,
}

impl<'p, 's> DeserializeSeed<'p> for StepSeed<'s> {
    type Value = Step<'s>;

    fn deserialize<D: Deserializer<'p>>(self, deserializer: D) -> Result<Step<'s>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'s> Visitor<'_> for StepSeed<'s> {
    type Value = Step<'s>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Step<'s>, E> {
        Ok(Step(match self.path.strip_prefix(name) {
            Some("") => Some(""),
            Some(rest) => rest.strip_prefix('.').filter(|rest| !rest.is_empty()),
            None => None,
        }))
    }
}
