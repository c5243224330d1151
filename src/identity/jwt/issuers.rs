//! The issuers of one verifier, found by name.

use std::fmt;
use std::sync::Arc;

use super::claims::Claims;
use super::issuer::Issuer;
use super::json::Cause;
use crate::error::{ConfigError, ConfigFault};

/// Sorted by name, each name once. Cloning costs a reference count.
#[derive(Clone)]
pub(super) struct Issuers(Arc<[Issuer]>);

impl Issuers {
    pub(super) fn new(issuers: impl IntoIterator<Item = Issuer>) -> Result<Self, ConfigError> {
        let mut issuers: Vec<Issuer> = issuers.into_iter().collect();
        let mut faults: Vec<_> = issuers.iter().flat_map(Issuer::faults).collect();
        if issuers.is_empty() {
            faults.push(ConfigFault::new("issuer", "name at least one issuer whose tokens are accepted"));
        }
        issuers.sort_by(|one, other| one.name.cmp(&other.name));
        for (one, next) in issuers.iter().zip(issuers.iter().skip(1)) {
            if one.name == next.name {
                let problem = format!("{:?} is given twice; combine the keys with `KeySet::and`", one.name);
                faults.push(ConfigFault::new("issuer", problem));
            }
        }
        ConfigError::unless_empty(faults, Self(issuers.into()))
    }

    /// The issuer that a token names, and where it stands among these.
    pub(super) fn of(&self, claims: &Claims<'_>) -> Result<(usize, &Issuer), Cause> {
        let name = claims.issuer.as_deref().ok_or("no `iss`")?;
        let found = self.0.binary_search_by(|issuer| (*issuer.name).cmp(name)).ok();
        found.and_then(|position| Some((position, self.at(position)?))).ok_or("`iss` is not an issuer known here")
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|issuer| &*issuer.name)
    }

    pub(super) fn at(&self, position: usize) -> Option<&Issuer> {
        self.0.get(position)
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
