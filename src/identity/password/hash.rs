//! What all stored hashes have in common, and how the kind of one is told.

use std::sync::Arc;

use super::argon2id::{self, Memory};
use super::bcrypt;

/// A stored password hash, read and found to be within the limits.
pub(super) trait StoredHash: Send + Sync {
    /// Whether `password` is the one. Takes as long as the parameters demand, whatever the answer.
    ///
    /// # Errors
    ///
    /// When the machine has no memory for the work.
    fn matches(&self, password: &[u8], memory: &mut Memory) -> Result<bool, OutOfMemory>;
}

/// There is no memory for hashing.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no memory for hashing a password")]
pub(super) struct OutOfMemory;

/// Reads a stored hash of any supported kind; else says what is wrong with it, without repeating it.
pub(super) fn read(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    let kind = text.strip_prefix('$').and_then(|rest| rest.split_once('$')).map(|(kind, _)| kind);
    match kind {
        Some("argon2id") => Ok(Arc::new(argon2id::read(text)?)),
        Some("2a" | "2b" | "2y") => bcrypt::read(text),
        Some("argon2d" | "argon2i") => Err("argon2d and argon2i are not supported: hash the password with argon2id"),
        Some("2" | "2x") => Err("made by a faulty old bcrypt: hash the password anew"),
        _ if text.is_empty() => Err("empty: an account without a password cannot log in, leave it out or disable it"),
        _ => Err("of an unknown kind: use argon2id in PHC form, $argon2id$v=19$m=…,t=…,p=…$salt$hash"),
    }
}
