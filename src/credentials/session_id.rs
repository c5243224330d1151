//! The secret that names a session.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::unreadable::Unreadable;
use crate::secret::Secret;

/// The id of a session, 256 bits: whoever holds it, is logged in.
///
/// The client carries it as 43 characters of base64url, in a cookie or as `Authorization: Session`. It is zeroed on drop
/// and compared in constant time; stores keep a digest of it, never the id.
///
/// ```
/// use portcullis::credentials::SessionId;
///
/// let id = SessionId::from_bytes([7; 32]); // from the operating system's random numbers, in earnest
/// let text = id.encode();
/// assert_eq!(text.expose().len(), SessionId::ENCODED_LENGTH);
/// assert!(SessionId::parse(text.expose())? == id);
/// assert_eq!(format!("{id:?}"), "SessionId { .. }");
/// # Ok::<(), portcullis::credentials::Unreadable>(())
/// ```
#[derive(Eq, PartialEq)]
pub struct SessionId(Secret<[u8; 32]>);

impl SessionId {
    /// How many characters carry an id: 43.
    pub const ENCODED_LENGTH: usize = 43;

    /// The id with these bytes. They must come from a cryptographic generator of random numbers.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// The id whose first half is the secret one, and whose second half finds the session.
    /// Both must come from a cryptographic generator of random numbers.
    #[must_use]
    pub fn from_halves(secret: &[u8; 16], handle: &[u8; 16]) -> Self {
        let mut id = Self::from_bytes([0; 32]);
        let (first, second) = id.0.expose_mut().split_at_mut(16);
        first.copy_from_slice(secret);
        second.copy_from_slice(handle);
        id
    }

    /// Reads what the client carries.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) for anything but 43 characters of unpadded base64url in the one canonical
    /// spelling of their bytes.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        Self::parse_bytes(text.as_bytes())
    }

    /// As [`parse`](Self::parse), of what may be no text at all.
    pub(crate) fn parse_bytes(text: &[u8]) -> Result<Self, Unreadable> {
        let mut id = Self::from_bytes([0; 32]);
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, id.0.expose_mut()) {
            Ok(32) => Ok(id),
            _ => Err(Unreadable::Malformed("the session id is not 43 characters of canonical base64url")),
        }
    }

    /// The bytes. Call this at the last moment, and keep no copy.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The text that the client carries.
    #[must_use]
    pub fn encode(&self) -> Secret<String> {
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(self.expose()))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionId").finish_non_exhaustive()
    }
}
