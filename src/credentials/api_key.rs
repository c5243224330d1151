//! API keys: texts of a fixed shape that a look suffices to tell from anything else.

use std::fmt;

use super::authorization::Authorization;
use super::basic;
use super::unreadable::Unreadable;
use crate::secret::Secret;

/// An API key: `prefix_id_secret_checksum`.
///
/// | part | length | what it is for |
/// |---|---|---|
/// | prefix | 2 to 16 | lower-case letters and digits, a letter first: whose key it is, for people and secret scanners |
/// | id | 12 | letters and digits: the public name, for look-ups, lists and logs |
/// | secret | 32 | letters and digits: 190 random bits |
/// | checksum | 6 | CRC-32 (the one of zip) of all before the last underscore, in base 62, digits before capitals before small letters |
///
/// So with one prefix all keys are equally long, [`PATTERN`](Self::PATTERN) finds them in any text, and the checksum sets
/// a mistyped or cut-off one apart before anybody looks it up: each change of one character is found, and of all other
/// texts all but one in four thousand million.
///
/// The text is zeroed on drop.
///
/// ```
/// use portcullis::credentials::ApiKey;
///
/// let key = ApiKey::parse("acme_3Qk8ZrT0vWx1_7Yp2LmNc9HsD4gRaB6tEuVfX0wJkQi5o_0i151q")?;
/// assert_eq!(key.id(), "acme_3Qk8ZrT0vWx1");
/// assert_eq!(key.prefix(), "acme");
/// assert_eq!(format!("{key:?}"), "ApiKey { .. }");
///
/// assert!(ApiKey::parse("acme_3Qk8ZrT0vWx1_7Yp2LmNc9HsD4gRaB6tEuVfX0wJkQi5o_0i151x").is_err());
/// # Ok::<(), portcullis::credentials::Unreadable>(())
/// ```
pub struct ApiKey {
    text: Secret<String>,
}

impl ApiKey {
    /// How long the id is: 12 letters and digits.
    pub const ID_LENGTH: usize = 12;
    /// How long the secret is: 32 letters and digits, 190 bits.
    pub const SECRET_LENGTH: usize = 32;
    /// How long a prefix may be: 16 characters.
    pub const MAX_PREFIX: usize = 16;
    /// What all keys look like, as a regular expression, for secret scanners.
    pub const PATTERN: &str = "[a-z][a-z0-9]{1,15}_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}";

    /// Reads a key.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) for what does not have the shape, or whose checksum does not fit.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        Shown::read(text)?;
        Ok(Self { text: Secret::new(text.to_owned()) })
    }

    /// The key of these parts, which have the shape.
    #[must_use]
    pub(crate) fn sealed(prefix: &str, id: &str, secret: &str) -> Self {
        // Sized once: a string that grows leaves copies of its content behind.
        let mut text = String::with_capacity(prefix.len() + id.len() + secret.len() + CHECKSUM_LENGTH + 3);
        for part in [prefix, "_", id, "_", secret] {
            text.push_str(part);
        }
        let checksum = checksum(text.as_bytes());
        text.push('_');
        text.extend(checksum.map(char::from));
        Self { text: Secret::new(text) }
    }

    /// The public name, prefix included: good for lists and logs, and not enough to log in with.
    #[must_use]
    pub fn id(&self) -> &str {
        self.shown().id()
    }

    /// The prefix.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.id().split('_').next().unwrap_or_default()
    }

    /// The key. Call this at the last moment, and keep no copy.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    pub(crate) fn shown(&self) -> Shown<'_> {
        Shown { text: self.text.expose() }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").finish_non_exhaustive()
    }
}

/// A key where it stands, not copied; its shape and its checksum were checked.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    text: &'a str,
}

impl<'a> Shown<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, Unreadable> {
        if !has_shape(text) {
            return Err(Unreadable::Malformed("the text is no API key"));
        }
        let shown = Self { text };
        let sum = text.as_bytes().last_chunk::<CHECKSUM_LENGTH>();
        if sum != Some(&checksum(shown.content().as_bytes())) {
            return Err(Unreadable::Malformed("the checksum of the API key does not fit"));
        }
        Ok(shown)
    }

    /// Prefix and id.
    pub(crate) fn id(self) -> &'a str {
        self.without(1 + ApiKey::SECRET_LENGTH + 1 + CHECKSUM_LENGTH)
    }

    /// All but the checksum: what a digest is made of, so that it is bound to prefix and id.
    pub(crate) fn content(self) -> &'a str {
        self.without(1 + CHECKSUM_LENGTH)
    }

    fn without(self, tail: usize) -> &'a str {
        self.text.len().checked_sub(tail).and_then(|end| self.text.get(..end)).unwrap_or_default()
    }
}

/// The text of a `Basic` field in which a key may stand: `user:key`, `key:anything` or `key:`. As opposed to a password, what
/// stands beside a key may be empty, if it comes after the colon.
pub(crate) fn key_in_basic(field: &Authorization<'_>) -> Result<Secret<String>, Unreadable> {
    let text = basic::decode(field)?;
    match text.expose().split_once(':') {
        Some((username, _)) if !username.is_empty() && !text.expose().contains(char::is_control) => Ok(text),
        _ => Err(Unreadable::Malformed("there is no user name, or a control character")),
    }
}

/// Whether `text` is [`PATTERN`](ApiKey::PATTERN) from end to end: a key, or one that was mistyped.
pub(crate) fn has_shape(text: &str) -> bool {
    let Some((prefix, tail)) = text.as_bytes().split_last_chunk::<TAIL>() else { return false };
    let underscores = [0, ApiKey::ID_LENGTH + 1, TAIL - 1 - CHECKSUM_LENGTH].iter().all(|&place| tail[place] == b'_');
    // All bytes are looked at without branches, so that the compiler takes many at a time.
    let others = tail.iter().fold(0, |count: u8, byte| count + u8::from(byte.is_ascii_alphanumeric()));
    underscores && usize::from(others) == TAIL - 3 && str::from_utf8(prefix).is_ok_and(is_prefix)
}

/// What follows the prefix.
const TAIL: usize = 1 + ApiKey::ID_LENGTH + 1 + ApiKey::SECRET_LENGTH + 1 + CHECKSUM_LENGTH;

/// Whether keys may begin with `prefix`.
pub(crate) fn is_prefix(prefix: &str) -> bool {
    (2..=ApiKey::MAX_PREFIX).contains(&prefix.len())
        && prefix.starts_with(|first: char| first.is_ascii_lowercase())
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Digits, capitals, small letters: the digits of base 62, and all that ids and secrets are made of.
pub(crate) const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const CHECKSUM_LENGTH: usize = 6;

fn checksum(content: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut rest = crc32(content) as usize;
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[rest % ALPHABET.len()];
        rest /= ALPHABET.len();
    }
    digits
}

/// CRC-32/ISO-HDLC, eight bytes at a time: one by one, each has to wait for the one before.
fn crc32(bytes: &[u8]) -> u32 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let crc = eights.iter().fold(!0_u32, |crc, &[a, b, c, d, e, f, g, h]| {
        let [w, x, y, z] = crc.to_le_bytes();
        let bytes = [a ^ w, b ^ x, c ^ y, d ^ z, e, f, g, h];
        bytes.iter().zip(TABLES.iter().rev()).fold(0, |crc, (&byte, table)| crc ^ table[usize::from(byte)])
    });
    !rest.iter().fold(crc, |crc, &byte| {
        let [low, ..] = crc.to_le_bytes();
        TABLES[0][usize::from(low ^ byte)] ^ (crc >> 8)
    })
}

/// What a byte comes to that is the last of all, that has one behind it, and so on.
static TABLES: [[u32; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 64 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
            if bit % 8 == 0 {
                tables[bit / 8 - 1][index] = crc;
            }
        }
        index += 1;
    }
    tables
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_crc_that_everybody_has() {
        // The check value of the catalogue of CRCs.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b"The quick brown fox jumps over the lazy dog"), 0x414f_a339);
        assert_eq!(&checksum(b""), b"000000");
    }
}
