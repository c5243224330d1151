//! How a session is found, by whom it is owned, and what proves that one may use it.

use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use constant_time_eq::constant_time_eq_32;
use sha2::{Digest as _, Sha256};

use crate::credentials::SessionId;

/// What finds a session in its store: the half of the [`SessionId`] that is no secret.
///
/// It never changes, is the session's public id in lists and logs, and opens nothing.
///
/// ```
/// use portcullis::identity::session::SessionKey;
///
/// let key = SessionKey::from_bytes([7; 16]);
/// assert_eq!(key.to_string(), "BwcHBwcHBwcHBwcHBwcHBw");
/// assert_eq!(SessionKey::parse("BwcHBwcHBwcHBwcHBwcHBw"), Some(key));
/// assert_eq!(SessionKey::parse("short"), None);
/// ```
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct SessionKey([u8; 16]);

impl SessionKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key that is written so, as `Display` writes it: 22 characters of base64url in their one spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        (URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) == Ok(16)).then_some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The [shard](SessionOwner::shard) of the session's owner.
    #[must_use]
    pub const fn shard(&self) -> u16 {
        let [a, b, .., y, z] = self.0;
        u16::from_be_bytes([a ^ y, b ^ z])
    }

    /// A new key from random bytes; the last two are tied to the owner, and look as random as the rest.
    pub(super) const fn new(random: [u8; 16], owner: &SessionOwner) -> Self {
        let [high, low] = owner.shard().to_be_bytes();
        let mut bytes = random;
        bytes[14] = bytes[0] ^ high;
        bytes[15] = bytes[1] ^ low;
        Self(bytes)
    }
}

impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Eight random bytes that have no part in the shard.
        let [_, _, _, _, a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 22];
        match URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).map(|length| str::from_utf8(&text[..length])) {
            Ok(Ok(text)) => f.write_str(text),
            _ => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({self})")
    }
}

/// A session id that a client showed, in the form that stores know: the key finds the session, the SHA-256 digest of the
/// whole id proves that the client may use it.
///
/// ```
/// use portcullis::credentials::SessionId;
/// use portcullis::identity::session::SessionTicket;
///
/// let ticket = SessionTicket::of(&SessionId::from_bytes([7; 32]));
/// assert_eq!(ticket.key().as_bytes(), &[7; 16]);
/// assert!(ticket.proves(ticket.digest()));
/// assert!(!ticket.proves(&[0; 32]));
/// ```
#[derive(Clone, Copy)]
pub struct SessionTicket {
    key: SessionKey,
    digest: [u8; 32],
}

impl SessionTicket {
    /// The ticket for `id`.
    #[must_use]
    pub fn of(id: &SessionId) -> Self {
        let (_, handle) = id.expose().split_at(16);
        let mut key = [0; 16];
        key.copy_from_slice(handle);
        Self { key: SessionKey(key), digest: Sha256::digest(id.expose()).into() }
    }

    /// What finds the session.
    #[must_use]
    pub const fn key(&self) -> SessionKey {
        self.key
    }

    /// The digest of the id.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether `kept` is the digest of the id that was shown; in constant time.
    #[must_use]
    pub fn proves(&self, kept: &[u8; 32]) -> bool {
        constant_time_eq_32(&self.digest, kept)
    }
}

impl fmt::Debug for SessionTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTicket").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Whose sessions: an issuer and a subject of it.
///
/// ```
/// use portcullis::identity::session::SessionOwner;
///
/// let alice = SessionOwner::new("staff", "alice");
/// assert_ne!(alice.digest(), SessionOwner::new("staffa", "lice").digest());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionOwner<'a> {
    issuer: &'a str,
    subject: &'a str,
    digest: [u8; 32],
}

impl<'a> SessionOwner<'a> {
    /// The owner.
    #[must_use]
    pub fn new(issuer: &'a str, subject: &'a str) -> Self {
        let length = (issuer.len() as u64).to_be_bytes();
        let hash = Sha256::new().chain_update(length).chain_update(issuer).chain_update(subject);
        Self { issuer, subject, digest: hash.finalize().into() }
    }

    /// Who vouches for the subject.
    #[must_use]
    pub const fn issuer(&self) -> &'a str {
        self.issuer
    }

    /// Who it is.
    #[must_use]
    pub const fn subject(&self) -> &'a str {
        self.subject
    }

    /// A name of fixed length for the pair, fit for an index: the SHA-256 digest of the issuer's length in 8 bytes, the
    /// issuer and the subject.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// A number that all sessions of the owner share, so that a store can keep them together: behind one lock, in one
    /// slot of a cluster. It is spread evenly over all 65536 values.
    #[must_use]
    pub const fn shard(&self) -> u16 {
        let [high, low, ..] = self.digest;
        u16::from_be_bytes([high, low])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_shard_of_its_owner() {
        for (subject, fill) in [("alice", 0), ("bob", 7), ("", 255)] {
            let owner = SessionOwner::new("staff", subject);
            assert_eq!(SessionKey::new([fill; 16], &owner).shard(), owner.shard());
        }
    }
}
