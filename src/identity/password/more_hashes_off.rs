//! Hashes beside argon2 and bcrypt, in a build without them.

use std::sync::Arc;

use super::hash::StoredHash;

pub(super) use refuse as apr1;
pub(super) use refuse as pbkdf2_sha256;
pub(super) use refuse as pbkdf2_sha512;
pub(super) use refuse as scrypt;
pub(super) use refuse as sha1;
pub(super) use refuse as sha256_crypt;
pub(super) use refuse as sha512_crypt;

pub(super) fn refuse(_: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    Err("of a kind that this build does not read: turn on the feature `htpasswd`, or hash the password with argon2id")
}
