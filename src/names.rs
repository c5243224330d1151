//! A short list of names in one allocation, however many there are.

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
/// assert_eq!(scopes.to_scope(), "orders:read orders:write");
/// ```
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Names {
    /// Each name behind its length, which is four bytes.
    packed: Vec<u8>,
}

impl Names {
    /// The blank-separated items of an OAuth `scope` text (RFC 6749 section 3.3). Only the space separates; a tab or a
    /// no-break space is part of a name and so never matches a real one.
    #[must_use]
    pub fn from_scope(scope: &str) -> Self {
        let names = scope.split(' ').filter(|name| !name.is_empty());
        // Sized exactly, so that nothing is moved on the way.
        let size = names.clone().map(|name| LENGTH + name.len()).sum();
        let mut list = Self { packed: Vec::with_capacity(size) };
        names.for_each(|name| list.push(name));
        list
    }

    /// The names with a space between them, as an OAuth `scope` has it.
    #[must_use]
    pub fn to_scope(&self) -> String {
        let mut scope = String::with_capacity(self.packed.len());
        for (index, name) in self.iter().enumerate() {
            scope.push_str(if index == 0 { "" } else { " " });
            scope.push_str(name);
        }
        scope
    }

    /// Whether `name` is one of them, whole and with case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.bytes().any(|own| own == name.as_bytes())
    }

    /// The names, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.bytes().filter_map(|name| std::str::from_utf8(name).ok())
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Adds `name`, unless it is there already.
    pub(crate) fn push_new(&mut self, name: &str) {
        if !self.contains(name) {
            self.push(name);
        }
    }

    fn push(&mut self, name: &str) {
        let Ok(length) = u32::try_from(name.len()) else { return };
        if self.packed.capacity() == 0 {
            // A few names fit, so that an ordinary list does not grow step by step.
            self.packed.reserve_exact(LENGTH + name.len() + 64);
        }
        self.packed.extend_from_slice(&length.to_le_bytes());
        self.packed.extend_from_slice(name.as_bytes());
    }

    fn bytes(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let mut rest = &self.packed[..];
        std::iter::from_fn(move || {
            let (length, behind) = rest.split_first_chunk::<LENGTH>()?;
            let (name, next) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = next;
            Some(name)
        })
    }
}

impl<S: AsRef<str>> FromIterator<S> for Names {
    /// Collects names; one of more than 4 GiB is left out.
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut list = Self::default();
        names.into_iter().for_each(|name| list.push(name.as_ref()));
        list
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// `scope-token` of RFC 6749 appendix A.4.
pub(crate) fn is_scope_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

const LENGTH: usize = size_of::<u32>();
