//! JWT access tokens (RFC 7519), with keys that are at hand or, with the feature `jwks`, fetched from the issuer.
//!
//! A token is accepted when it is a JWS in compact form and in its one spelling, signed by a key that this service
//! configured for the token's issuer, with the algorithm that key is bound to; when it is meant for this service and in
//! its time; and when it is an access token, not an ID token, a logout token or one bound to a key. Everything else is
//! refused as invalid, except a genuine token whose time is over, which is expired. Which rule a token broke is the
//! [cause](crate::VerifyError::cause) of the refusal: for the log (feature `tracing`), never for the client.
//!
//! What a token says about keys (`jwk`, `jku`, `x5u`, `x5c`) is never used; `crit`, encrypted, compressed and unsigned
//! tokens are refused; so is JSON in which two readers could see two things. The claims `iss`, `aud`, `exp` and `sub` are
//! required. The checks follow RFC 8725.
//!
//! ```
//! use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
//!
//! let keys = KeySet::from_jwks(
//!     r#"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "2026-10",
//!         "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
//!         "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
//!     &[Algorithm::ES256],
//! )?;
//! let verifier = JwtVerifier::new([Issuer::new("https://id.example", ["orders-api"], keys)])?;
//!
//! assert!(verifier.verify_token("not.a.token").is_err());
//! # Ok::<(), portcullis::ConfigError>(())
//! ```
//!
//! The feature `aws-lc-rs` or `rust-crypto` brings the cryptography; with neither, loading a key is a fault that says so.

mod accepted;
mod algorithm;
mod backend;
mod base64url;
mod bearer;
mod claims;
mod compact;
mod findings;
mod issuer;
mod issuers;
mod json;
mod jwk;
mod key_set;
mod logout;
mod material;
mod path;
mod pem;
mod remembered;
#[cfg(feature = "jwks")]
mod remote;
mod rules;
mod shape;
#[cfg(feature = "introspection")]
mod signed;
mod source;
mod standing;
mod table;
mod terms;
mod token_cache;
mod verifier;
mod window;

#[cfg(feature = "introspection")]
pub(super) use self::{
    accepted::Accepted,
    claims::Claims,
    findings::{audience as refused_audience, hint},
    json::{Cause, Members, Value, Words, read_object},
    rules::check_subject,
    signed::Unopened,
    terms::{Terms, Unfit, check_audience},
    window::Window,
};
pub(super) use shape::is_jwt;

pub use algorithm::Algorithm;
pub use issuer::{Issuer, Profile};
pub use key_set::KeySet;
pub use logout::LoggedOut;
#[cfg(feature = "jwks")]
pub use remote::{KeysFreshness, KeysState, RemoteKeys, RemoteKeysBuilder};
pub use source::IssuerKeys;
pub use token_cache::TokenCache;
pub use verifier::JwtVerifier;
