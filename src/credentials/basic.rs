//! Basic credentials (RFC 7617).

use std::fmt;
use std::mem;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::{Zeroize, Zeroizing};

use super::authorization::Authorization;
use super::client_address::ClientAddress;
use super::unreadable::Unreadable;
use crate::secret::Secret;

/// A user name and a password: unproven, and fit to be proven.
///
/// Neither is empty, neither holds a control character, and the user name has no colon, however they were made. Both are
/// compared as they came: nothing is trimmed, folded or normalised. The text lies in one buffer that is zeroed on drop.
///
/// ```
/// use http::HeaderValue;
/// use portcullis::credentials::{Authorization, BasicCredentials};
///
/// // RFC 7617 section 2.1: the password ends with a pound sign, in UTF-8.
/// let value = HeaderValue::from_static("Basic dGVzdDoxMjPCow==");
/// let credentials = BasicCredentials::from_authorization(&Authorization::parse(&value)?)?;
/// assert_eq!(credentials.username(), "test");
/// assert_eq!(credentials.expose_password(), "123£");
/// assert_eq!(format!("{credentials:?}"), "BasicCredentials { .. }");
/// # Ok::<(), portcullis::credentials::Unreadable>(())
/// ```
pub struct BasicCredentials {
    /// `username:password`
    text: Secret<String>,
    client: Option<ClientAddress>,
}

impl BasicCredentials {
    /// How long a user name may be: 256 bytes, room for the longest mail address.
    pub const MAX_USERNAME: usize = 256;

    /// How long a password may be: 1024 bytes, far beyond any phrase, short enough that hashing it costs what hashing a
    /// short one costs. Longer ones are refused, never cut.
    pub const MAX_PASSWORD: usize = 1024;

    /// How long the base64 text of both may be: 1708 bytes. Whatever is longer is refused before it is decoded.
    pub const MAX_ENCODED: usize = (Self::MAX_USERNAME + 1 + Self::MAX_PASSWORD).div_ceil(3) * 4;

    /// Credentials from somewhere else than the header: a log-in form.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) where one of the two is empty, too long or holds a control character, or the
    /// user name has a colon.
    pub fn new(username: &str, password: &str) -> Result<Self, Unreadable> {
        if username.contains(':') {
            return Err(Unreadable::Malformed("the user name has a colon"));
        }
        check(username, password)?;
        // Sized once: a string that grows leaves copies of its content behind.
        let mut text = String::with_capacity(username.len() + 1 + password.len());
        text.push_str(username);
        text.push(':');
        text.push_str(password);
        Ok(Self { text: Secret::new(text), client: None })
    }

    /// Reads the credentials of a `Basic` field. The first colon splits; later ones belong to the password.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) for another scheme, for what is not one token68 of at most
    /// [`MAX_ENCODED`](Self::MAX_ENCODED) bytes in canonical, padded base64 of the standard alphabet, for what decodes to
    /// anything but UTF-8 with a colon in it, and as in [`new`](Self::new). Invalid UTF-8 is refused and never patched:
    /// replacement characters would make different passwords equal.
    pub fn from_authorization(field: &Authorization<'_>) -> Result<Self, Unreadable> {
        let text = decode(field)?;
        let (username, password) =
            text.expose().split_once(':').ok_or(Unreadable::Malformed("there is no colon after the user name"))?;
        check(username, password)?;
        Ok(Self { text, client: None })
    }

    /// Who the client says it is.
    #[must_use]
    pub fn username(&self) -> &str {
        self.split().0
    }

    /// The password. Call this at the last moment, and keep no copy.
    #[must_use]
    pub fn expose_password(&self) -> &str {
        self.split().1
    }

    /// Says where they come from: what failures are counted by, and what hashing is shared out by. The scheme
    /// [`Basic`](crate::authenticate::Basic) says it where the request's extensions hold a [`ClientAddress`].
    #[must_use]
    pub const fn from_client(mut self, client: Option<ClientAddress>) -> Self {
        self.client = client;
        self
    }

    /// Where they come from, where that was said.
    #[must_use]
    pub const fn client(&self) -> Option<ClientAddress> {
        self.client
    }

    fn split(&self) -> (&str, &str) {
        self.text.expose().split_once(':').unwrap_or_default()
    }
}

impl fmt::Debug for BasicCredentials {
    /// The user name is left out as well: people type their password into the wrong field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicCredentials").finish_non_exhaustive()
    }
}

/// What a `Basic` field says, before anything is asked of it.
pub(super) fn decode(field: &Authorization<'_>) -> Result<Secret<String>, Unreadable> {
    if !field.is("Basic") {
        return Err(Unreadable::Malformed("the scheme is not Basic"));
    }
    let encoded = field.token68_within(BasicCredentials::MAX_ENCODED)?;
    let mut decoded = Zeroizing::new(Vec::with_capacity(base64::decoded_len_estimate(encoded.len())));
    BASE64_STANDARD
        .decode_vec(encoded, &mut decoded)
        .map_err(|_| Unreadable::Malformed("the credentials are not canonical base64"))?;
    let text = String::from_utf8(mem::take(&mut *decoded)).map_err(|error| {
        error.into_bytes().zeroize();
        Unreadable::Malformed("the credentials are not UTF-8")
    })?;
    Ok(Secret::new(text))
}

/// RFC 7617 section 2 forbids control characters. The two PRECIS profiles that it names forbid empty texts (RFC 8265
/// sections 3.3 and 4.2), and an empty password is what some directories take for "do not check".
fn check(username: &str, password: &str) -> Result<(), Unreadable> {
    if username.is_empty() || password.is_empty() {
        return Err(Unreadable::Malformed("the user name or the password is empty"));
    }
    if username.len() > BasicCredentials::MAX_USERNAME || password.len() > BasicCredentials::MAX_PASSWORD {
        return Err(Unreadable::Malformed("the user name or the password is longer than allowed"));
    }
    if [username, password].iter().any(|text| text.contains(char::is_control)) {
        return Err(Unreadable::Malformed("the user name or the password holds a control character"));
    }
    Ok(())
}
