//! Bearer: reads a token from the header (RFC 6750 section 2.1) and has a verifier judge it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::scheme::{Attempt, Scheme};
use crate::credentials::{Authorization, BearerToken};
use crate::identity::{Verifier, VerifyError};
use crate::resource::ProtectedResource;
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
    resource: Option<ProtectedResource>,
}

impl<V: Verifier<BearerToken>> Bearer<V> {
    /// Bearer for `realm`: printable ASCII, checked when the layer is built.
    pub fn new(realm: impl Into<Cow<'static, str>>, verifier: V) -> Self {
        Self {
            realm: realm.into(),
            verifier: Arc::new(verifier),
            max_length: BearerToken::DEFAULT_MAX_LENGTH,
            resource: None,
        }
    }

    /// The longest token that is looked at, in bytes; a longer one is answered 400 before any work. Default: 16 KiB.
    #[must_use]
    pub const fn max_length(mut self, bytes: usize) -> Self {
        self.max_length = bytes;
        self
    }

    /// Has every challenge name the metadata of `resource` (RFC 9728 section 5.1), so that a client without a token finds
    /// out where to get one; the challenge of a 401 also says which scopes to ask for, that of a 403 which ones the request
    /// needs. Default: a client has to know. MCP clients read the first challenge only: with several schemes, put this one
    /// first.
    ///
    /// ```
    /// use portcullis::authenticate::{Bearer, Scheme};
    /// use portcullis::identity::token::TokenVerifier;
    /// use portcullis::resource::ProtectedResource;
    ///
    /// let resource = ProtectedResource::builder("https://api.example")
    ///     .authorization_server("https://id.example")
    ///     .scopes(["orders:read"])
    ///     .build()?;
    /// let scheme = Bearer::new("orders", TokenVerifier::new()).resource(&resource);
    /// assert_eq!(
    ///     scheme.challenge().to_header()?,
    ///     "Bearer realm=\"orders\", \
    ///      resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\", scope=\"orders:read\""
    /// );
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    #[must_use]
    pub fn resource(mut self, resource: &ProtectedResource) -> Self {
        self.resource = Some(resource.clone());
        self
    }
}

impl<V: Verifier<BearerToken>> Scheme for Bearer<V> {
    fn challenge(&self) -> Challenge {
        let challenge = Challenge::bearer(&self.realm);
        let Some(resource) = &self.resource else { return challenge };
        let challenge = challenge.quoted("resource_metadata", resource.metadata_url());
        match resource.challenge_scope() {
            "" => challenge,
            scope => challenge.suggested("scope", scope),
        }
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        let Some(value) = head.headers.get(AUTHORIZATION) else { return Attempt::NotPresented };
        match Authorization::parse(value) {
            Ok(field) if field.is("Bearer") => match BearerToken::of(value, &field, self.max_length) {
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
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}
