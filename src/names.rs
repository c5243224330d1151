//! A short list of names in two allocations, however many there are.

use std::fmt;

/// Scopes, roles or authentication methods: an ordered list of texts, compared whole and with case.
///
/// ```
/// use portcullis::identity::Names;
///
/// let scopes: Names = ["orders:read", "orders:write"].into_iter().collect();
/// assert!(scopes.contains("orders:read"));
/// assert!(!scopes.contains("orders"));
/// assert_eq!(scopes.iter().count(), 2);
/// ```
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Names {
    text: Box<str>,
    /// Where each name ends in `text`.
    ends: Box<[u32]>,
}

impl Names {
    /// The blank-separated items of an OAuth `scope` text (RFC 6749 section 3.3). Only the space separates; a tab or a
    /// no-break space is part of a name and so never matches a real one.
    #[must_use]
    pub fn from_scope(scope: &str) -> Self {
        let names = scope.split(' ').filter(|name| !name.is_empty());
        // Sized exactly, so that nothing is moved on the way into its box.
        let mut text = String::with_capacity(names.clone().map(str::len).sum());
        let mut ends = Vec::with_capacity(names.clone().count());
        for name in names {
            let Ok(end) = u32::try_from(text.len() + name.len()) else { break };
            text.push_str(name);
            ends.push(end);
        }
        Self { text: text.into(), ends: ends.into() }
    }

    /// Whether `name` is one of them, whole and with case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|own| own == name)
    }

    /// The names, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().filter_map(move |&end| {
            let name = self.text.get(start..end as usize);
            start = end as usize;
            name
        })
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Names {
    /// Collects names; what would grow the list past 4 GiB is left out.
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut text = String::new();
        let mut ends = Vec::new();
        for name in names {
            let Ok(end) = u32::try_from(text.len() + name.as_ref().len()) else { break };
            text.push_str(name.as_ref());
            ends.push(end);
        }
        Self { text: text.into(), ends: ends.into() }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
