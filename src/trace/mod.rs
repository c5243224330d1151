//! Events for the operator: through the `tracing` crate with the feature of that name, else nowhere.

use std::error::Error;
use std::fmt::{Debug, Display};

use crate::error::Severity;

#[cfg(not(feature = "tracing"))]
mod disabled;
#[cfg(feature = "tracing")]
mod enabled;
#[cfg(all(
    feature = "tracing",
    any(feature = "api-key", feature = "introspection", feature = "password", feature = "session")
))]
mod happened;
#[cfg(all(feature = "jwks", not(feature = "tracing")))]
mod keys_disabled;
#[cfg(all(feature = "jwks", feature = "tracing"))]
mod keys_enabled;
#[cfg(all(feature = "login", not(feature = "tracing")))]
mod login_disabled;
#[cfg(all(feature = "login", feature = "tracing"))]
mod login_enabled;
#[cfg(all(
    not(feature = "tracing"),
    any(feature = "api-key", feature = "introspection", feature = "password", feature = "session")
))]
mod unheard;

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::refused;
#[cfg(feature = "tracing")]
pub(crate) use enabled::refused;
#[cfg(all(
    feature = "tracing",
    any(feature = "api-key", feature = "introspection", feature = "password", feature = "session")
))]
pub(crate) use happened::happened;
#[cfg(all(feature = "jwks", not(feature = "tracing")))]
pub(crate) use keys_disabled::{key_removed, key_skipped, keys_not_refreshed, keys_refreshed};
#[cfg(all(feature = "jwks", feature = "tracing"))]
pub(crate) use keys_enabled::{key_removed, key_skipped, keys_not_refreshed, keys_refreshed};
#[cfg(all(feature = "login", not(feature = "tracing")))]
pub(crate) use login_disabled::{logged_in, logged_out, sessions_ended};
#[cfg(all(feature = "login", feature = "tracing"))]
pub(crate) use login_enabled::{logged_in, logged_out, sessions_ended};
#[cfg(all(
    not(feature = "tracing"),
    any(feature = "api-key", feature = "introspection", feature = "password", feature = "session")
))]
pub(crate) use unheard::happened;

/// What is told of a refusal: fixed texts of ours, names that a requirement was built with and the source of an outage, and no
/// byte of the request.
#[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "without the feature nobody listens"))]
pub(crate) struct Refusal<'a> {
    pub(crate) id: &'a dyn Display,
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) severity: Severity,
    pub(crate) cause: Option<&'static str>,
    pub(crate) missing_scopes: Option<&'a dyn Debug>,
    pub(crate) missing_roles: Option<&'a dyn Debug>,
    pub(crate) source: Option<&'a (dyn Error + 'static)>,
}
