//! Bearer tokens (RFC 6750), from the header alone.

use std::fmt;

use http::HeaderValue;

use super::authorization::Authorization;
use super::grammar::is_token68;
use super::unreadable::Unreadable;

/// A bearer token: whoever holds it, is it.
///
/// The text is not copied: the token keeps a reference on the header value it came in, which is therefore not zeroed.
///
/// ```
/// use http::HeaderValue;
/// use portcullis::credentials::BearerToken;
///
/// // RFC 6750 section 2.1
/// let value = HeaderValue::from_static("Bearer mF_9.B5f-4.1JqM");
/// let token = BearerToken::from_header(&value, BearerToken::DEFAULT_MAX_LENGTH)?;
/// assert_eq!(token.expose(), "mF_9.B5f-4.1JqM");
/// assert_eq!(format!("{token:?}"), "BearerToken { .. }");
/// # Ok::<(), portcullis::credentials::Unreadable>(())
/// ```
pub struct BearerToken {
    value: HeaderValue,
    /// Where in `value` the token begins; it always runs to the end.
    start: usize,
}

impl BearerToken {
    /// How long a token may be unless configured otherwise: 16 KiB, the most that common servers let in as one field.
    pub const DEFAULT_MAX_LENGTH: usize = 16 * 1024;

    /// Reads the token of a `Bearer` field.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) for another scheme, for more than `max_length` bytes (found before any other
    /// work on them), and for what is not one token68, the empty token among it.
    pub fn from_header(value: &HeaderValue, max_length: usize) -> Result<Self, Unreadable> {
        let field = Authorization::parse(value)?;
        if field.is("Bearer") {
            Self::of(value, &field, max_length)
        } else {
            Err(Unreadable::Malformed("the scheme is not Bearer"))
        }
    }

    /// As [`from_header`](Self::from_header), of a value that was split into this `field` of ours.
    pub(crate) fn of(value: &HeaderValue, field: &Authorization<'_>, max_length: usize) -> Result<Self, Unreadable> {
        let token = field.token68_within(max_length)?;
        Ok(Self { start: value.len() - token.len(), value: value.clone() })
    }

    /// A token from somewhere else than the header.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) for more than [`DEFAULT_MAX_LENGTH`](Self::DEFAULT_MAX_LENGTH) bytes, and for
    /// what is not a token68.
    pub fn new(token: &str) -> Result<Self, Unreadable> {
        if token.len() > Self::DEFAULT_MAX_LENGTH {
            return Err(Unreadable::Malformed("the token is longer than allowed"));
        }
        match HeaderValue::from_str(token) {
            Ok(value) if is_token68(token.as_bytes()) => Ok(Self { value, start: 0 }),
            _ => Err(Unreadable::Malformed("the token is not a token68")),
        }
    }

    /// The token. Call this at the last moment, and keep no copy.
    #[must_use]
    pub fn expose(&self) -> &str {
        // A token68 is ASCII, so this cannot fail; and an empty token is nobody's.
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// As [`expose`](Self::expose), without looking at every byte once more.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.value.as_bytes().get(self.start..).unwrap_or_default()
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerToken").finish_non_exhaustive()
    }
}
