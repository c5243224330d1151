//! Stage 1, extract: what the client presented. Pure syntax, no I/O; what is read here is unproven.
//!
//! A reader has four answers, and they are never mixed up:
//!
//! | answer | when | what follows |
//! |---|---|---|
//! | `Ok(None)`, *not presented* | no such field, no such cookie; or a scheme that is not ours ([`Authorization::is`]) | the next scheme is asked |
//! | `Ok(..)` | exactly one, and every byte of it follows the grammar | a verifier decides |
//! | [`Unreadable::Ambiguous`] | two `Authorization` lines, a cookie name twice, also with equal values | the request is refused, no verifier is asked |
//! | [`Unreadable::Malformed`] | presented, and breaks the syntax or a limit, be it by one byte | likewise |
//!
//! Nothing is repaired: no replacement characters, no second spelling of the same bytes, no picking of the first or the
//! last. Credentials in other places (query, body) are not looked at, and so count as not presented; `Proxy-Authorization` is
//! read by layers for proxies, and by no other.
//!
//! | what | carried as | limits |
//! |---|---|---|
//! | [`BasicCredentials`] | `Authorization: Basic`, or a log-in form | user name 256 bytes, password 1024 bytes |
//! | [`BearerToken`] | `Authorization: Bearer` | 16 KiB unless configured |
//! | `DigestCredentials` (feature `digest`) | `Authorization: Digest` | user name 256 bytes, nonces 256 bytes each |
//! | `ApiKey` (feature `api-key`) | a header of your choice; `Bearer`, `Basic` | one shape, one length for each prefix |
//! | [`SessionId`] | `Authorization: Session`, or the [`SessionCookie`] | exactly 43 characters |
//! | [`Parameters`] | any scheme of your own | 32 parameters |
//!
//! Beside them stands where they come from: a [`ClientAddress`], told by [`TrustedProxies`].

#[cfg(feature = "api-key")]
mod api_key;
mod authorization;
mod basic;
mod bearer;
mod client_address;
mod cookie;
#[cfg(feature = "digest")]
mod digest;
#[cfg(feature = "digest")]
mod digest_algorithm;
#[cfg(feature = "digest")]
mod digest_target;
mod forwarded;
mod grammar;
mod parameters;
mod session_cookie;
mod session_id;
mod trusted_proxies;
mod unreadable;

#[cfg(feature = "api-key")]
pub use api_key::ApiKey;
#[cfg(feature = "api-key")]
pub(crate) use api_key::{ALPHABET, Shown, has_shape, is_prefix, key_in_basic};
pub use authorization::Authorization;
pub use basic::BasicCredentials;
pub use bearer::BearerToken;
pub use client_address::ClientAddress;
pub use cookie::find_cookie;
pub(crate) use cookie::{find_cookie_bytes, visible};
#[cfg(feature = "digest")]
pub use digest::{DigestCredentials, DigestName};
#[cfg(feature = "digest")]
pub use digest_algorithm::DigestAlgorithm;
pub use parameters::Parameters;
pub use session_cookie::{CookieName, SessionCookie};
pub use session_id::SessionId;
pub use trusted_proxies::TrustedProxies;
pub use unreadable::Unreadable;
