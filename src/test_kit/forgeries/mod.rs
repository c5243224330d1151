//! Tokens that must be refused, and tokens that must not.

mod algorithms;
mod attack;
mod claims;
mod encryption;
mod genuine;
mod headers;
mod json;
mod kinds;
mod names;
mod signatures;
mod spellings;
mod x509;

use http::{HeaderValue, StatusCode};

use super::issuer::TestIssuer;
use crate::error::Reason;

use attack::Attack;
pub use genuine::Genuine;

/// A token that nobody may accept, with the answer that it must get.
///
/// ```
/// use portcullis::credentials::BearerToken;
/// use portcullis::identity::jwt::{Issuer, JwtVerifier, KeySet};
/// use portcullis::test_kit::TestIssuer;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = TestIssuer::start().await?;
/// let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms())?;
/// let verifier = JwtVerifier::new([Issuer::new(issuer.name(), ["orders-api"], keys)])?;
///
/// for forgery in issuer.forgeries("orders-api") {
///     match BearerToken::from_header(&forgery.authorization(), BearerToken::DEFAULT_MAX_LENGTH) {
///         Ok(token) => assert!(verifier.verify_token(token.expose()).is_err(), "{}", forgery.name()),
///         Err(_) => assert_eq!(forgery.status(), 400, "{}", forgery.name()),
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Forgery {
    name: String,
    token: String,
    field: HeaderValue,
    expected: Reason,
}

impl Forgery {
    /// What is wrong with it, such as `alg-none-unsigned`: unique, and stable between versions.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The value of `Authorization` that presents it.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        self.field.clone()
    }

    /// Why it must be refused: [`Invalid`](Reason::Invalid), [`Expired`](Reason::Expired) for one that is genuine but
    /// old, or [`Malformed`](Reason::Malformed) for what is not even a token in a header (RFC 6750 section 2.1) or is
    /// longer than [16 KiB](crate::credentials::BearerToken::DEFAULT_MAX_LENGTH).
    #[must_use]
    pub const fn expected(&self) -> Reason {
        self.expected
    }

    /// The status that it must be answered with: 400 for what cannot be read, else 401.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        if self.expected == Reason::Malformed { StatusCode::BAD_REQUEST } else { StatusCode::UNAUTHORIZED }
    }

    /// The `error` that the Bearer challenge must have (RFC 6750 section 3.1).
    #[must_use]
    pub fn bearer_error(&self) -> &'static str {
        if self.expected == Reason::Malformed { "invalid_request" } else { "invalid_token" }
    }
}

impl TestIssuer {
    /// Forged tokens for a service that this issuer calls `audience`: some 400, in the ways that verifiers have been
    /// deceived or brought down before. Each is good but for what its name says.
    ///
    /// The expected answers are those of a service with the defaults of this crate, whether it requires a `typ` or not.
    /// Forgeries that need an algorithm which this issuer has no key for are left out. Several point at
    /// [`Endpoint::Trap`](super::Endpoint::Trap), whose count must stay zero.
    ///
    /// They are made with the keys and the time of this moment: make them anew after a rotation, or after five minutes.
    #[must_use]
    pub fn forgeries(&self, audience: &str) -> Vec<Forgery> {
        let mut attack = Attack::new(self.state(), audience);
        algorithms::forge(&mut attack);
        claims::forge(&mut attack);
        encryption::forge(&mut attack);
        headers::forge(&mut attack);
        json::forge(&mut attack);
        kinds::forge(&mut attack);
        names::forge(&mut attack);
        signatures::forge(&mut attack);
        spellings::forge(&mut attack);
        attack.into_forgeries()
    }

    /// Tokens of other kinds, signed and addressed as access tokens are, which only a verifier can tell apart that
    /// requires `at+jwt` as their [type](crate::identity::jwt::Issuer::token_type).
    #[must_use]
    pub fn other_kinds(&self, audience: &str) -> Vec<Forgery> {
        let mut attack = Attack::new(self.state(), audience);
        kinds::forge_by_type(&mut attack);
        attack.into_forgeries()
    }

    /// Tokens that must be accepted, as `alice`: whoever refuses forgeries by refusing everything fails here. All keep
    /// to RFC 9068.
    ///
    /// There is one for each algorithm of the issuer, so [start it](super::TestIssuerBuilder::algorithms) with those that the
    /// service allows. Some give no scope: send them where any identity may go, or look at [`Genuine::scope`] first.
    #[must_use]
    pub fn genuine(&self, audience: &str) -> Vec<Genuine> {
        genuine::all(self.state(), audience)
    }
}
