//! API keys and another kind of bearer token in one scheme.

use super::verifier::ApiKeyVerifier;
use crate::credentials::BearerToken;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::verifier::Verifier;

/// Verifies API keys here, and has another verifier judge every other token; made by [`ApiKeyVerifier::or`].
///
/// A token that begins with one of the verifier's prefixes and an underscore is a key or meant to be one. Its refusal is
/// final: a key that is wrong, mistyped or over is never sent on, to an issuer's introspection least of all.
///
/// ```
/// use portcullis::authenticate::Bearer;
/// use portcullis::identity::api_key::{ApiKeyVerifier, MemoryApiKeys};
/// # use portcullis::{Identity, VerifyError, credentials::BearerToken};
/// # let tokens = async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
///
/// let keys = ApiKeyVerifier::new("orders", ["acme"], MemoryApiKeys::new())?;
/// let scheme = Bearer::new("orders", keys.or(tokens));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApiKeyOr<V> {
    keys: ApiKeyVerifier,
    other: V,
}

impl ApiKeyVerifier {
    /// This verifier for bearer tokens that are API keys, and `other` for all the others, in one scheme:
    /// `keys.or(jwts)`, `keys.or(jwts.or_introspect(opaque))`.
    #[must_use]
    pub const fn or<V: Verifier<BearerToken>>(self, other: V) -> ApiKeyOr<V> {
        ApiKeyOr { keys: self, other }
    }
}

impl<V: Verifier<BearerToken>> Verifier<BearerToken> for ApiKeyOr<V> {
    async fn verify(&self, token: BearerToken) -> Result<Identity, VerifyError> {
        if self.keys.claims(token.expose()) { self.keys.verify(token).await } else { self.other.verify(token).await }
    }

    fn verify_now(&self, token: &BearerToken) -> Option<Result<Identity, VerifyError>> {
        if self.keys.claims(token.expose()) { self.keys.verify_now(token) } else { self.other.verify_now(token) }
    }
}
