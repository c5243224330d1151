//! Events for the operator: through the `tracing` crate with the feature of that name, else nowhere.

#[cfg(all(
    not(feature = "tracing"),
    any(feature = "introspection", feature = "jwt", feature = "session", feature = "password")
))]
mod audit_disabled;
#[cfg(all(
    feature = "tracing",
    any(feature = "introspection", feature = "jwt", feature = "session", feature = "password")
))]
mod audit_enabled;
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
#[cfg(feature = "tracing")]
mod sampling;
#[cfg(all(
    not(feature = "tracing"),
    any(feature = "api-key", feature = "introspection", feature = "password", feature = "session")
))]
mod unheard;

#[cfg(all(
    not(feature = "tracing"),
    any(feature = "introspection", feature = "jwt", feature = "session", feature = "password")
))]
pub(crate) use audit_disabled::audit;
#[cfg(all(
    feature = "tracing",
    any(feature = "introspection", feature = "jwt", feature = "session", feature = "password")
))]
pub(crate) use audit_enabled::audit;
#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::{Sampling, is_following, passed, refused};
#[cfg(feature = "tracing")]
pub(crate) use enabled::{is_following, passed, refused};
#[cfg(all(
    feature = "tracing",
    any(feature = "api-key", feature = "introspection", feature = "password", feature = "session")
))]
pub(crate) use happened::happened;
#[cfg(all(feature = "jwks", not(feature = "tracing")))]
pub(crate) use keys_disabled::{key_removed, key_skipped, keys_not_refreshed, keys_refreshed};
#[cfg(all(feature = "jwks", feature = "tracing"))]
pub(crate) use keys_enabled::{key_removed, key_skipped, keys_not_refreshed, keys_refreshed};
#[cfg(feature = "tracing")]
pub(crate) use sampling::Sampling;
#[cfg(all(
    not(feature = "tracing"),
    any(feature = "api-key", feature = "introspection", feature = "password", feature = "session")
))]
pub(crate) use unheard::happened;
