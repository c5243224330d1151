//! Hashes of new passwords.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::argon2::{self, Memory};
use super::stamp::salt_after;
use crate::credentials::BasicCredentials;

/// Hashes a new password: argon2id with 19456 KiB, 2 passes and 1 lane, the parameters that OWASP recommends, and a
/// fresh salt of 16 bytes from the operating system. The result is a PHC string, as [`User::new`](super::User::new)
/// reads it.
///
/// Every byte of the password counts: one that is too long is refused, not cut.
///
/// This takes some 30 ms of the calling thread; from async code run it on a pool, with
/// [`HashPool::run`](super::HashPool::run).
///
/// ```
/// use portcullis::identity::password::hash_password;
///
/// let stored = hash_password("correct horse battery staple")?;
/// assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// # Ok::<(), portcullis::identity::password::HashError>(())
/// ```
///
/// # Errors
///
/// When the password could not be sent in a Basic credential later (empty, control characters, over 1024 bytes), or the
/// operating system gives no random bytes or no memory.
pub fn hash_password(password: &str) -> Result<String, HashError> {
    hash_within(password, &mut Memory::default())
}

/// As [`hash_password`], in memory that is there already.
pub(super) fn hash_within(password: &str, memory: &mut Memory) -> Result<String, HashError> {
    hash_salted(password, &random()?, memory)
}

/// Another hash of the password that the stored hash `old` is of.
pub(super) fn hash_again(password: &str, old: &str, memory: &mut Memory) -> Result<String, HashError> {
    hash_salted(password, &salt_after(old, random()?), memory)
}

fn random() -> Result<[u8; 16], HashError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| HashError::NoRandomness(error.into()))?;
    Ok(bytes)
}

fn hash_salted(password: &str, salt: &[u8], memory: &mut Memory) -> Result<String, HashError> {
    if password.is_empty() {
        return Err(HashError::Empty);
    }
    if password.chars().any(char::is_control) {
        return Err(HashError::ControlCharacter);
    }
    if password.len() > BasicCredentials::MAX_PASSWORD {
        return Err(HashError::TooLong);
    }
    let fresh = argon2::digest(password.as_bytes(), salt, memory).map_err(|_| HashError::OutOfMemory)?;
    Ok(format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        fresh.params.m_cost(),
        fresh.params.t_cost(),
        fresh.params.p_cost(),
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(fresh.digest)
    ))
}

/// Why a new password was not hashed.
///
/// ```
/// use portcullis::identity::password::{HashError, hash_password};
///
/// assert!(matches!(hash_password(""), Err(HashError::Empty)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// A control character, which a Basic credential cannot carry (RFC 7617 section 2).
    #[error("the password holds a control character")]
    ControlCharacter,
    /// No password at all.
    #[error("the password is empty")]
    Empty,
    /// The operating system gives no random bytes for the salt.
    #[error("no random bytes for the salt")]
    NoRandomness(#[source] Box<dyn Error + Send + Sync>),
    /// The operating system gives no memory for the work.
    #[error("no memory for hashing a password")]
    OutOfMemory,
    /// Over 1024 bytes.
    #[error("the password is longer than 1024 bytes")]
    TooLong,
}
