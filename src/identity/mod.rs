//! Stage 2, verify: whose credentials these are, if anybody's. Nothing here knows HTTP.
//!
//! | credentials | verifier | feature |
//! |---|---|---|
//! | `ApiKey` | `api_key::ApiKeyVerifier` | `api-key` |
//! | `BasicCredentials` | `password::PasswordVerifier` | `password` |
//! | `BearerToken` | `jwt::JwtVerifier` | `jwt`, with `aws-lc-rs` or `rust-crypto` |
//! | `BearerToken` | `introspection::IntrospectionVerifier` | `introspection` |
//! | `BearerToken` | `token::TokenVerifier` | `token` |
//! | `DigestCredentials` | a `digest_access::DigestStore` | `digest` |
//! | `SessionId` | `session::Sessions` | `session` |
//! | any of these, or your own | a closure, or your own [`Verifier`] | |
//!
//! `throttle::Throttle` (feature `password`) bounds how often an account, or a client, may fail.
//!
//! [Writing a verifier](crate::guide::writing_a_scheme) shows how two of them share a scheme.

#[cfg(feature = "api-key")]
pub mod api_key;
#[cfg(any(feature = "api-key", feature = "jwt", feature = "token"))]
mod digest;
#[cfg(feature = "digest")]
pub mod digest_access;
mod error;
#[expect(clippy::module_inception, reason = "the stage is named after the one type it makes")]
mod identity;
#[cfg(feature = "introspection")]
pub mod introspection;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "password")]
pub mod password;
#[cfg(feature = "redis")]
mod redis_link;
#[cfg(feature = "jwt")]
pub mod revocation;
#[cfg(feature = "session")]
pub mod session;
#[cfg(feature = "password")]
pub mod throttle;
#[cfg(feature = "token")]
pub mod token;
mod verifier;

pub use crate::names::Names;
pub use error::VerifyError;
pub use identity::{Assertion, AuthTime, Identity};
pub use verifier::Verifier;
