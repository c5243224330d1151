//! What lives on from one configuration to the next.

use std::collections::HashMap;

use portcullis::identity::jwt::RemoteKeys;
use portcullis::identity::revocation::MemoryRevocations;

use crate::config::Published;
use crate::refusals::Refusals;

/// Nothing, for the first configuration.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    /// Keys that were fetched are not fetched again where a new configuration wants the same.
    pub(crate) keys: HashMap<Published, RemoteKeys>,
    /// What was revoked stays revoked.
    pub(crate) revocations: MemoryRevocations,
    pub(crate) refusals: Refusals,
}
