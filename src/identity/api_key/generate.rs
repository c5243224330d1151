//! New keys.

use zeroize::Zeroizing;

use crate::credentials::{ALPHABET, ApiKey, is_prefix};
use crate::error::{ConfigError, ConfigFault};

impl ApiKey {
    /// A new key, from the system's randomness. Show it to its owner once, and keep no copy: an
    /// [`ApiKeyRecord`](super::ApiKeyRecord) is all that a store needs.
    ///
    /// ```
    /// use portcullis::credentials::ApiKey;
    ///
    /// let key = ApiKey::generate("acme")?;
    /// assert!(key.expose().starts_with(key.id()));
    /// assert_eq!(key.expose().len(), "acme".len() + 53);
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the prefix is not made of 2 to 16 lower-case letters and digits, a letter first; and when the system has no
    /// randomness to give.
    pub fn generate(prefix: &str) -> Result<Self, ConfigError> {
        if !is_prefix(prefix) {
            return Err(bad_prefix(prefix).into());
        }
        let id = random_text::<{ Self::ID_LENGTH }>()?;
        let secret = random_text::<{ Self::SECRET_LENGTH }>()?;
        Ok(Self::sealed(prefix, &id, &secret))
    }
}

pub(super) fn bad_prefix(prefix: &str) -> ConfigFault {
    ConfigFault::new(
        format!("prefix {prefix:?}"),
        "no keys can begin with it; use 2 to 16 lower-case letters and digits, a letter first",
    )
}

/// Letters and digits, each as likely as any other.
fn random_text<const LENGTH: usize>() -> Result<Zeroizing<String>, ConfigError> {
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    let mut bytes = Zeroizing::new([0; LENGTH]);
    while text.len() < LENGTH {
        getrandom::fill(&mut *bytes)
            .map_err(|error| ConfigFault::new("API key", format!("the system gives no randomness: {error}")))?;
        // The bytes that would make the first characters of the alphabet likelier than the others are passed over.
        let fair = bytes.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < 256 - 256 % ALPHABET.len());
        for byte in fair.take(LENGTH - text.len()) {
            text.push(char::from(ALPHABET[byte % ALPHABET.len()]));
        }
    }
    Ok(text)
}
