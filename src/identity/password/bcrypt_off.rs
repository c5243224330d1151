//! bcrypt, in a build without it.

use std::sync::Arc;

use super::hash::StoredHash;

pub(super) fn read(_: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    Err("bcrypt, which this build does not read: turn on the feature `bcrypt`, or hash the password with argon2id")
}
