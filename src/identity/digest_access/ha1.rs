//! `H(A1)`: what is kept in place of a password.

use std::fmt;
use std::sync::Arc;

use constant_time_eq::constant_time_eq;

use super::hash::{MAX_HEX, hex_of};
use crate::credentials::{DigestAlgorithm, DigestCredentials};
use crate::error::{ConfigError, ConfigFault};
use crate::secret::Secret;

/// `H(A1)` of RFC 7616 section 3.4.2: the digest of `name:realm:password`, as good as the password for that realm.
///
/// Cloning costs one reference count; the digits are zeroed when the last clone is dropped.
///
/// ```
/// use http::HeaderValue;
/// use portcullis::credentials::{Authorization, DigestAlgorithm, DigestCredentials};
/// use portcullis::identity::digest_access::Ha1;
///
/// // RFC 2617 section 3.5
/// let value = HeaderValue::from_static(
///     "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
///      uri=\"/dir/index.html\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", \
///      response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
/// );
/// let credentials = DigestCredentials::from_authorization(&Authorization::parse(&value)?)?;
/// let ha1 = Ha1::new(DigestAlgorithm::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
/// assert!(ha1.proves(&credentials, "GET"));
/// assert!(!ha1.proves(&credentials, "POST"));
/// # Ok::<(), portcullis::credentials::Unreadable>(())
/// ```
#[derive(Clone)]
pub struct Ha1 {
    algorithm: DigestAlgorithm,
    hex: Arc<Secret<[u8; MAX_HEX]>>,
}

impl Ha1 {
    /// That of a password. Name and password are taken as they are; clients send both in Unicode's form NFC where we announce
    /// UTF-8, as we do.
    #[must_use]
    pub fn new(algorithm: DigestAlgorithm, name: &str, realm: &str, password: &str) -> Self {
        let hex = hex_of(algorithm, &[name.as_bytes(), realm.as_bytes(), password.as_bytes()]);
        Self { algorithm, hex: Arc::new(Secret::new(hex)) }
    }

    /// One that was computed elsewhere, as `htdigest` writes it.
    ///
    /// # Errors
    ///
    /// When it is not as many hexadecimal digits as the algorithm has.
    pub fn from_hex(algorithm: DigestAlgorithm, hex: &str) -> Result<Self, ConfigError> {
        if hex.len() != algorithm.hex_length() || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let problem = format!("is not {} hexadecimal digits", algorithm.hex_length());
            return Err(ConfigFault::new("H(A1)", problem).into());
        }
        let mut digits = Secret::new([0; MAX_HEX]);
        for (digit, byte) in digits.expose_mut().iter_mut().zip(hex.bytes()) {
            *digit = byte.to_ascii_lowercase();
        }
        Ok(Self { algorithm, hex: Arc::new(digits) })
    }

    /// One that no password has, so that an unknown name costs what a known one costs.
    pub(super) fn of_nobody(algorithm: DigestAlgorithm) -> Self {
        Self { algorithm, hex: Arc::new(Secret::new([b'-'; MAX_HEX])) }
    }

    /// With which algorithm it was made.
    #[must_use]
    pub const fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// Whether the response in `credentials` can only come from somebody who knows the password (or this), for a request with
    /// this method (RFC 7616 section 3.4.1; without `qop`, section 3.2.2.1 of RFC 2617). Compared in constant time.
    ///
    /// That is the arithmetic alone. Whether the nonce is good, the request new and the target the right one is for
    /// [`Digest`](crate::authenticate) to find out.
    #[must_use]
    pub fn proves(&self, credentials: &DigestCredentials, method: &str) -> bool {
        let expected = self.response(credentials, method);
        let is_ours = credentials.algorithm() == Some(self.algorithm);
        is_ours & constant_time_eq(self.digits(&expected), credentials.response().as_bytes())
    }

    /// What proves to the client that we know the password too (RFC 7616 section 3.5): its own computation without a method.
    pub(super) fn rspauth(&self, credentials: &DigestCredentials) -> String {
        let response = self.response(credentials, "");
        String::from_utf8_lossy(self.digits(&response)).into_owned()
    }

    fn response(&self, credentials: &DigestCredentials, method: &str) -> [u8; MAX_HEX] {
        let ha1 = self.digits(self.hex.expose());
        let ha2 = hex_of(self.algorithm, &[method.as_bytes(), credentials.uri().as_bytes()]);
        let (nonce, ha2) = (credentials.nonce().as_bytes(), self.digits(&ha2));
        match credentials.auth() {
            Some((nc, cnonce)) => hex_of(self.algorithm, &[ha1, nonce, nc.as_bytes(), cnonce.as_bytes(), b"auth", ha2]),
            None => hex_of(self.algorithm, &[ha1, nonce, ha2]),
        }
    }

    fn digits<'a>(&self, hex: &'a [u8; MAX_HEX]) -> &'a [u8] {
        hex.get(..self.algorithm.hex_length()).unwrap_or(hex)
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ha1").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
