//! Events of keys that are fetched. `from` is the issuer or the address they come from, without a query.

use std::error::Error;
use std::time::Duration;

use tracing::{error, info, warn};

/// Keys were fetched; a set in which none is usable is worth a warning.
pub(crate) fn keys_refreshed(from: &str, keys: usize, fresh_for: Duration) {
    let fresh_for = fresh_for.as_secs();
    if keys == 0 {
        warn!(target: "portcullis", from, keys, fresh_for, "keys refreshed");
    } else {
        info!(target: "portcullis", from, keys, fresh_for, "keys refreshed");
    }
}

/// Fetching failed; an error where there are no keys that may be used now.
pub(crate) fn keys_not_refreshed(from: &str, cause: &(dyn Error + 'static), usable: bool) {
    if usable {
        warn!(target: "portcullis", from, cause, usable, "keys not refreshed");
    } else {
        error!(target: "portcullis", from, cause, usable, "keys not refreshed");
    }
}

/// An entry of the set cannot be used.
pub(crate) fn key_skipped(from: &str, entry: &str) {
    warn!(target: "portcullis", from, entry, "key skipped");
}

/// A key left the set, and nothing it signed is accepted any more.
pub(crate) fn key_removed(from: &str, key_id: Option<&str>, algorithm: &str) {
    info!(target: "portcullis", from, kid = key_id.map(tracing::field::debug), algorithm, "key removed");
}
