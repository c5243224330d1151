//! What ends tokens before their time.
//!
//! A signed token is good until it expires, whatever happens meanwhile, unless somebody keeps a list of those that are not.
//! [`Revocations`] is that list: [`MemoryRevocations`] for one process, and with the feature `redis` `RedisRevocations` for
//! many. A verifier that is given one asks it for every use of every token, remembered or not.
//!
//! | revoked | ends |
//! |---|---|
//! | [`Revocation::token`] | this very token |
//! | [`Revocation::token_id`] | the token with this `jti` |
//! | [`Revocation::session_id`] | every token of the issuer's session with this `sid` |
//! | [`Revocation::subject`] | every token of this subject that was issued until then |
//!
//! # How late a revocation may be
//!
//! In the process that was told: not at all. The call returns when the next use of the token is refused. In other processes
//! that share the list: as late as the implementation says, [`Revocations::generation`] failing closed beyond that.
//!
//! ```
//! use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
//! use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
//! # use portcullis::Secret;
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let revocations = MemoryRevocations::new();
//! # let keys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect()))?;
//! let verifier = JwtVerifier::new([Issuer::new("https://id.example", ["orders-api"], keys)])?
//!     .revocations(revocations.clone());
//!
//! revocations.revoke(Revocation::subject("https://id.example", "alice")).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod entry;
mod list;
mod memory;
mod port;
#[cfg(feature = "redis")]
mod redis;
#[expect(clippy::module_inception, reason = "the module is named after the one type it is about")]
mod revocation;

#[cfg(feature = "redis")]
pub use self::redis::{RedisRevocations, RedisRevocationsBuilder};
pub use memory::{MemoryRevocations, MemoryRevocationsBuilder};
pub(crate) use port::ErasedRevocations;
pub use port::{Revocations, RevokeError, TokenFacts};
pub use revocation::Revocation;
