//! Two kinds of bearer token in one scheme.

use super::verifier::IntrospectionVerifier;
use crate::credentials::BearerToken;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::jwt::{JwtVerifier, is_jwt};
use crate::identity::verifier::Verifier;

/// Verifies JWTs here, and asks the issuer about every other token; made by [`JwtVerifier::or_introspect`].
///
/// What has the shape of a JWT, three parts or more of which the first is a JSON object in base64url, is judged as one, and
/// its refusal is final: it is never sent on. A JWT that is encrypted (five parts, with `enc`) is for its issuer to read.
///
/// ```
/// use portcullis::Secret;
/// use portcullis::authenticate::Bearer;
/// use portcullis::identity::introspection::{ClientAuth, IntrospectionVerifier};
/// use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
///
/// # let secret = Secret::new(String::from("kJ3vX9qLw2rT8mZs5bYc"));
/// # let keys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect()))?;
/// let jwts = JwtVerifier::new([Issuer::new("https://id.example", ["orders-api"], keys)])?;
/// let opaque = IntrospectionVerifier::builder("https://id.example/introspect", ClientAuth::basic("gate", secret))
///     .issuer("https://id.example")
///     .audience(["orders-api"])
///     .build()?;
/// let scheme = Bearer::new("orders", jwts.or_introspect(opaque));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct JwtOrOpaque {
    jwt: JwtVerifier,
    opaque: IntrospectionVerifier,
}

impl JwtVerifier {
    /// This verifier for tokens that are JWTs, and `opaque` for all others, in one scheme.
    ///
    /// Each of the two asks its own list of revocations: give a clone of one list to both, or what is revoked ends tokens of
    /// one kind only. Keep a clone of this verifier where [`back_channel_logout`](Self::back_channel_logout) or
    /// [`replace`](Self::replace) is called later.
    #[must_use]
    pub fn or_introspect(self, opaque: IntrospectionVerifier) -> JwtOrOpaque {
        JwtOrOpaque { jwt: self, opaque }
    }
}

impl Verifier<BearerToken> for JwtOrOpaque {
    async fn verify(&self, token: BearerToken) -> Result<Identity, VerifyError> {
        if is_jwt(token.expose()) { self.jwt.verify(token).await } else { self.opaque.verify(token).await }
    }

    fn verify_now(&self, token: &BearerToken) -> Option<Result<Identity, VerifyError>> {
        if is_jwt(token.expose()) { self.jwt.verify_now(token) } else { self.opaque.verify_now(token) }
    }
}
