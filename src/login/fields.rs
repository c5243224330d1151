//! What a log-in says, gathered strictly: each field once, and nothing repaired.

use std::collections::BTreeSet;

use crate::secret::Secret;

/// The fields of a log-in, as far as they were sent.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) username: Option<Secret<String>>,
    pub(super) password: Option<Secret<String>>,
    pub(super) return_to: Option<Secret<String>>,
    pub(super) remember: Option<bool>,
    /// All names, also those that are of no interest.
    seen: BTreeSet<Box<str>>,
}

/// Which field a name is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Name {
    Username,
    Password,
    ReturnTo,
    Remember,
    Other,
}

impl Name {
    /// `may_remember` says that there is a field `remember`.
    pub(super) fn of(name: &str, may_remember: bool) -> Self {
        match name {
            "username" => Self::Username,
            "password" => Self::Password,
            "return_to" => Self::ReturnTo,
            "remember" if may_remember => Self::Remember,
            _ => Self::Other,
        }
    }
}

impl Fields {
    /// Notes a name; `None` where it came before.
    pub(super) fn see(&mut self, name: &str) -> Option<()> {
        (self.seen.len() < MAX_FIELDS && self.seen.insert(name.into())).then_some(())
    }

    /// Takes the value of a field that is a text.
    pub(super) fn take(&mut self, name: Name, value: Secret<String>) -> Option<()> {
        match name {
            Name::Username => self.username = Some(value),
            Name::Password => self.password = Some(value),
            Name::ReturnTo => self.return_to = Some(value),
            Name::Remember => self.remember = Some(is_on(value.expose())?),
            Name::Other => {}
        }
        Some(())
    }
}

/// What a checkbox says, or a field in its place.
fn is_on(value: &str) -> Option<bool> {
    match value {
        "on" | "true" | "1" | "yes" => Some(true),
        "" | "off" | "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// A log-in has four fields, and a page may have some of its own.
const MAX_FIELDS: usize = 64;
