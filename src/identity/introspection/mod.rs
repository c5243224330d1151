//! Tokens that only their issuer understands: it is asked about each (RFC 7662), and may sign what it says (RFC 9701).
//!
//! A token is accepted when the issuer says `"active": true` and what it says besides holds: the token is meant for
//! this service (`aud`), in its time (`exp`, `nbf`, `iat`), a plain bearer token (`token_type`, no `cnf`), and about
//! somebody (`sub`, else `client_id`). It is refused when the issuer says `"active": false`, or when one of these does
//! not hold. Everything else is an outage, answered 503: no answer, another status than 200, a redirect, another type,
//! JSON in which two readers could see two things, an `active` that is no boolean, our own credentials turned away.
//!
//! The token travels in the body of a POST alone, over https, to the address that was configured. Neither token nor
//! credentials are in any log.
//!
//! ```
//! use portcullis::Secret;
//! use portcullis::identity::introspection::{ClientAuth, IntrospectionVerifier};
//!
//! let secret = Secret::new(String::from("kJ3vX9qLw2rT8mZs5bYc"));
//! let verifier = IntrospectionVerifier::builder("https://id.example/introspect", ClientAuth::basic("gate", secret))
//!     .issuer("https://id.example")
//!     .audience(["orders-api"])
//!     .build()?;
//! # Ok::<(), portcullis::ConfigError>(())
//! ```
//!
//! Beside JWTs, in one scheme: [`JwtVerifier::or_introspect`](super::jwt::JwtVerifier::or_introspect).

mod answer;
mod answer_cache;
mod assertion;
mod builder;
mod client_auth;
mod endpoint;
mod error;
mod findings;
mod jwt_or_opaque;
mod remembered;
mod signed_answer;
mod signing_key;
mod under_way;
mod verifier;

pub use answer_cache::AnswerCache;
pub use builder::IntrospectionBuilder;
pub use client_auth::ClientAuth;
pub use jwt_or_opaque::JwtOrOpaque;
pub use signing_key::SigningKey;
pub use verifier::IntrospectionVerifier;
