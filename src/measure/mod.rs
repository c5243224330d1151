//! Counts and durations for the operator: through the `metrics` crate with the feature of that name, else nowhere.
//!
//! Whatever counts asks the recorder for its handles when it is made, and once: so a recorder is installed before layers,
//! verifiers and stores are built, and a request costs an increment. Labels hold what was configured and names of ours, and
//! nothing that came with a request.

#[cfg(any(feature = "introspection", feature = "jwt", feature = "password", feature = "session"))]
#[cfg_attr(not(feature = "metrics"), path = "caches_off.rs")]
mod caches;
#[cfg_attr(not(feature = "metrics"), path = "decisions_off.rs")]
mod decisions;
#[cfg(all(feature = "metrics", any(feature = "jwks", feature = "password", feature = "session")))]
mod gauges;
#[cfg(feature = "password")]
#[cfg_attr(not(feature = "metrics"), path = "hashing_off.rs")]
mod hashing;
#[cfg(feature = "jwks")]
#[cfg_attr(not(feature = "metrics"), path = "keys_off.rs")]
mod keys;
#[cfg(feature = "metrics")]
mod metric;
#[cfg(feature = "session")]
#[cfg_attr(not(feature = "metrics"), path = "sessions_off.rs")]
mod sessions;
#[cfg_attr(not(feature = "metrics"), path = "started_off.rs")]
mod started;
#[cfg(feature = "session")]
#[cfg_attr(not(feature = "metrics"), path = "stores_off.rs")]
mod stores;
#[cfg(feature = "password")]
#[cfg_attr(not(feature = "metrics"), path = "throttled_off.rs")]
mod throttled;
#[cfg(feature = "jwt")]
#[cfg_attr(not(feature = "metrics"), path = "tokens_off.rs")]
mod tokens;

#[cfg(any(feature = "introspection", feature = "jwt", feature = "password", feature = "session"))]
pub(crate) use caches::Lookups;
pub(crate) use decisions::Decisions;
#[cfg(feature = "password")]
pub(crate) use hashing::{Hashing, Place};
#[cfg(feature = "jwks")]
pub(crate) use keys::Keys;
#[cfg(feature = "session")]
pub(crate) use sessions::{Live, Sessions};
pub(crate) use started::Started;
#[cfg(feature = "session")]
pub(crate) use stores::Store;
#[cfg(feature = "password")]
pub(crate) use throttled::Throttled;
#[cfg(feature = "jwt")]
pub(crate) use tokens::Checks;
