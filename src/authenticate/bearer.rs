//! Bearer: reads a token from the header (RFC 6750 section 2.1) and has a verifier judge it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::scheme::{Attempt, Scheme};
use crate::credentials::{Authorization, BearerToken};
use crate::identity::{Verifier, VerifyError};
use crate::response::Challenge;

/// The Bearer scheme. Tokens in a query or a body are never looked at.
///
/// ```
/// use portcullis::authenticate::Bearer;
/// use portcullis::identity::token::TokenVerifier;
///
/// let scheme = Bearer::new("orders", TokenVerifier::new()).max_length(4 * 1024);
/// ```
pub struct Bearer<V> {
    realm: Cow<'static, str>,
    verifier: Arc<V>,
    max_length: usize,
}

impl<V: Verifier<BearerToken>> Bearer<V> {
    /// Bearer for `realm`: printable ASCII, checked when the layer is built.
    pub fn new(realm: impl Into<Cow<'static, str>>, verifier: V) -> Self {
        Self { realm: realm.into(), verifier: Arc::new(verifier), max_length: BearerToken::DEFAULT_MAX_LENGTH }
    }

    /// The longest token that is looked at, in bytes; a longer one is answered 400 before any work. Default: 16 KiB.
    #[must_use]
    pub const fn max_length(mut self, bytes: usize) -> Self {
        self.max_length = bytes;
        self
    }
}

impl<V: Verifier<BearerToken>> Scheme for Bearer<V> {
    fn challenge(&self) -> Challenge {
        Challenge::bearer(&self.realm)
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        let Some(value) = head.headers.get(AUTHORIZATION) else { return Attempt::NotPresented };
        match Authorization::parse(value) {
            Ok(field) if field.is("Bearer") => match BearerToken::from_header(value, self.max_length) {
                Ok(token) => Attempt::verify(&self.verifier, token),
                Err(unreadable) => Attempt::Ready(Err(VerifyError::from(unreadable))),
            },
            _ => Attempt::NotPresented,
        }
    }

    fn explains(&self) -> bool {
        true
    }
}

impl<V> fmt::Debug for Bearer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("realm", &self.realm)
            .field("max_length", &self.max_length)
            .finish_non_exhaustive()
    }
}
