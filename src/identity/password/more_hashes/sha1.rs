//! `{SHA}`: SHA-1 without a salt, as `htpasswd -s` writes it. Weak.

use std::sync::Arc;

use ::sha1::{Digest, Sha1};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use constant_time_eq::constant_time_eq;

use super::super::argon2::Memory;
use super::super::hash::{OutOfMemory, StoredHash};

struct Sha([u8; 20]);

impl StoredHash for Sha {
    fn matches(&self, password: &[u8], _: &mut Memory) -> Result<bool, OutOfMemory> {
        Ok(constant_time_eq(&Sha1::digest(password), &self.0))
    }

    fn needs_rehash(&self) -> bool {
        true
    }
}

/// Reads `{SHA}hash`.
pub(in super::super) fn read(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    const FORM: &str = "not {SHA} and 20 bytes in base64";
    let digest = text.strip_prefix("{SHA}").and_then(|digest| STANDARD.decode(digest).ok()).ok_or(FORM)?;
    Ok(Arc::new(Sha(digest.try_into().map_err(|_| FORM)?)))
}
