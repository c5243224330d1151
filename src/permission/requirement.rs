//! Requirements as data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::by_path::ByPath;
use super::policy::{ErasedPolicy, Policy};
use crate::error::ConfigFault;
use crate::names::is_scope_token;
use crate::response::Challenge;

/// What an identity must have; made by [`scope`], [`role`], [`all`] and their siblings, checked by
/// [`RequireLayer::new`](super::RequireLayer::new).
///
/// ```
/// use portcullis::permission::{Requirement, any, role, scope};
///
/// let requirement: Requirement = any([scope("orders:read"), role("admin")]);
/// assert_eq!(requirement.to_string(), "scope orders:read or role admin");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a requirement does nothing until it is given to a `RequireLayer`"]
pub struct Requirement(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Acr(Vec<Box<str>>),
    All(Vec<Requirement>),
    Any(Vec<Requirement>),
    Authenticated,
    ByPath(Arc<ByPath>),
    MaxAge(Duration),
    Policy(Arc<dyn ErasedPolicy>),
    Role(Box<str>),
    Scope(Box<str>),
}

/// Any identity, whatever it may do.
pub const fn authenticated() -> Requirement {
    Requirement(Kind::Authenticated)
}

/// The credential has this scope: compared whole and with case, without wildcards.
pub fn scope(name: impl Into<Box<str>>) -> Requirement {
    Requirement(Kind::Scope(name.into()))
}

/// The subject has this role: compared whole and with case.
pub fn role(name: impl Into<Box<str>>) -> Requirement {
    Requirement(Kind::Role(name.into()))
}

/// Every one of these.
pub fn all(requirements: impl IntoIterator<Item = Requirement>) -> Requirement {
    Requirement(Kind::All(requirements.into_iter().collect()))
}

/// At least one of these.
pub fn any(requirements: impl IntoIterator<Item = Requirement>) -> Requirement {
    Requirement(Kind::Any(requirements.into_iter().collect()))
}

/// The subject proved who they are at most this long ago. Credentials that are themselves the proof (a password, an API
/// key) are always fresh; where the time is not known, the demand is not met.
pub const fn max_age(age: Duration) -> Requirement {
    Requirement(Kind::MaxAge(age))
}

/// The log-in was done in one of these authentication contexts (`acr`), best first.
pub fn acr<S: Into<Box<str>>>(values: impl IntoIterator<Item = S>) -> Requirement {
    Requirement(Kind::Acr(values.into_iter().map(Into::into).collect()))
}

/// The policy allows it.
pub fn policy(policy: impl Policy) -> Requirement {
    Requirement(Kind::Policy(Arc::new(policy)))
}

impl Requirement {
    /// Everything that is wrong with it.
    pub(super) fn faults(&self) -> Vec<ConfigFault> {
        let mut faults = Vec::new();
        self.collect_faults(&mut faults);
        if self.challenge_length() > Challenge::MAX_VALUE {
            faults.push(ConfigFault::new("scope", "the names together do not fit in a challenge of 1024 bytes"));
        }
        faults
    }

    fn collect_faults(&self, faults: &mut Vec<ConfigFault>) {
        self.visit(&mut |kind| match kind {
            Kind::ByPath(paths) => faults.extend(paths.faults()),
            other => faults.extend(other.fault()),
        });
    }

    /// How long the names are that its refusals ask for.
    pub(super) fn challenge_length(&self) -> usize {
        let mut length = 0;
        self.visit(&mut |kind| length += kind.challenge_length());
        length
    }

    fn visit(&self, see: &mut dyn FnMut(&Kind)) {
        see(&self.0);
        if let Kind::All(parts) | Kind::Any(parts) = &self.0 {
            for part in parts {
                part.visit(see);
            }
        }
    }
}

impl Kind {
    fn fault(&self) -> Option<ConfigFault> {
        match self {
            // Nothing required would let everybody in; nothing to choose from would let nobody in. Neither is meant.
            Self::All(parts) | Self::Any(parts) if parts.is_empty() => {
                Some(ConfigFault::new("requirement", "is empty; name what is required, or use `authenticated()`"))
            }
            Self::Acr(values) if values.is_empty() => {
                Some(ConfigFault::new("acr", "is empty; name at least one authentication context"))
            }
            Self::Acr(values) if !values.iter().all(|value| is_scope_token(value)) => {
                Some(ConfigFault::new("acr", "holds a value with a blank, a quote or a character outside ASCII"))
            }
            Self::Scope(name) if !is_scope_token(name) => {
                let rule = "one or more printable ASCII characters except blank, \" and \\";
                Some(ConfigFault::new("scope", format!("{name:?} is no OAuth scope (RFC 6749 section 3.3): {rule}")))
            }
            Self::Role(name) if name.trim().is_empty() => Some(ConfigFault::new("role", "is blank; name a role")),
            Self::Acr(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Authenticated
            | Self::ByPath(_)
            | Self::MaxAge(_)
            | Self::Policy(_)
            | Self::Role(_)
            | Self::Scope(_) => None,
        }
    }

    fn challenge_length(&self) -> usize {
        match self {
            Self::Scope(name) => name.len() + 1,
            Self::Acr(values) => values.iter().map(|value| value.len() + 1).sum(),
            Self::ByPath(paths) => paths.challenge_length(),
            Self::All(_) | Self::Any(_) | Self::Authenticated | Self::MaxAge(_) | Self::Policy(_) | Self::Role(_) => 0,
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acr(values) => f.debug_tuple("Acr").field(values).finish(),
            Self::All(parts) => f.debug_tuple("All").field(parts).finish(),
            Self::Any(parts) => f.debug_tuple("Any").field(parts).finish(),
            Self::Authenticated => f.write_str("Authenticated"),
            Self::ByPath(paths) => paths.fmt(f),
            Self::MaxAge(age) => f.debug_tuple("MaxAge").field(age).finish(),
            Self::Policy(_) => f.write_str("Policy(..)"),
            Self::Role(name) => f.debug_tuple("Role").field(name).finish(),
            Self::Scope(name) => f.debug_tuple("Scope").field(name).finish(),
        }
    }
}
