//! What all stored hashes have in common, and how the kind of one is told.

use std::sync::Arc;

use super::argon2::{self, Memory};
use super::{bcrypt, more_hashes};

/// A stored password hash, read and found to be within the limits.
pub(super) trait StoredHash: Send + Sync {
    /// Whether `password` is the one. Takes as long as the parameters demand, whatever the answer.
    ///
    /// # Errors
    ///
    /// When the machine has no memory for the work.
    fn matches(&self, password: &[u8], memory: &mut Memory) -> Result<bool, OutOfMemory>;

    /// Whether it protects its password less than is asked for today.
    fn needs_rehash(&self) -> bool;
}

/// What a password comes to against one stored hash.
///
/// ```
/// use portcullis::identity::password::{PasswordCheck, User};
///
/// // argon2id of `wonderland`, with far too little memory.
/// let hash = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";
/// let user = User::new(hash)?;
/// assert_eq!(user.check_password("wonderland")?, PasswordCheck::SuccessRehashNeeded);
/// assert_eq!(user.check_password("Wonderland")?, PasswordCheck::Failed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "the check may have failed"]
#[expect(clippy::exhaustive_enums, reason = "a password is right or wrong, and its hash good enough or not")]
pub enum PasswordCheck {
    /// It is another password.
    Failed,
    /// It is the password.
    Success,
    /// It is the password, and the stored hash is below what is asked for today: store what
    /// [`hash_password`](super::hash_password) makes of it instead.
    SuccessRehashNeeded,
}

impl PasswordCheck {
    pub(super) fn of(hash: &dyn StoredHash, password: &str, memory: &mut Memory) -> Result<Self, OutOfMemory> {
        Ok(match (hash.matches(password.as_bytes(), memory)?, hash.needs_rehash()) {
            (false, _) => Self::Failed,
            (true, false) => Self::Success,
            (true, true) => Self::SuccessRehashNeeded,
        })
    }
}

/// There is no memory for hashing.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no memory for hashing a password")]
pub(super) struct OutOfMemory;

/// Which hashes are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Strength {
    /// Also those that are guessed at millions or billions a second.
    Any,
    Strong,
}

/// Reads a stored hash of any supported kind; else says what is wrong with it, without repeating it.
pub(super) fn read(text: &str, strength: Strength) -> Result<Arc<dyn StoredHash>, &'static str> {
    let kind = text.strip_prefix('$').and_then(|rest| rest.split_once('$')).map(|(kind, _)| kind);
    match kind {
        Some(kind @ ("argon2id" | "argon2d" | "argon2i")) => Ok(Arc::new(argon2::read(kind, text)?)),
        Some("2a" | "2b" | "2y") => bcrypt::read(text),
        Some("2" | "2x") => Err("made by a faulty old bcrypt: hash the password anew"),
        Some("scrypt") => more_hashes::scrypt(text),
        Some("pbkdf2-sha256") => more_hashes::pbkdf2_sha256(text),
        Some("pbkdf2-sha512") => more_hashes::pbkdf2_sha512(text),
        Some("5") => more_hashes::sha256_crypt(text),
        Some("6") => more_hashes::sha512_crypt(text),
        Some("apr1") if strength == Strength::Any => more_hashes::apr1(text),
        None if text.starts_with("{SHA}") && strength == Strength::Any => more_hashes::sha1(text),
        Some("apr1") => {
            Err("of the weak kind apr1, guessed at millions a second: hash the password anew, or allow weak \
                             hashes")
        }
        None if text.starts_with("{SHA}") => Err("of the weak kind {SHA}, without a salt and guessed at billions a \
                                                  second: hash the password anew, or allow weak hashes"),
        _ if text.is_empty() => Err("empty: an account without a password cannot log in, leave it out or disable it"),
        None if is_des_crypt(text) => {
            Err("of DES crypt, which reads 8 characters of a password and is broken, or not \
                                           hashed at all: hash the password with argon2id")
        }
        None if !text.starts_with(['$', '{']) => {
            Err("of an unknown kind, or not hashed at all: hash the password with \
                                                      argon2id")
        }
        _ => Err("of an unknown kind: use argon2id in PHC form, $argon2id$v=19$m=…,t=…,p=…$salt$hash"),
    }
}

fn is_des_crypt(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'))
}
