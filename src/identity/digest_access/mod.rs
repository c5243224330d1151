//! Digest access authentication (RFC 7616): who can prove a password without sending it.
//!
//! A client answers a nonce with a digest of its password, the nonce and the request. We repeat the computation from `H(A1)`,
//! a digest of name, realm and password that a [`DigestStore`] keeps by user, realm and algorithm. Credentials are accepted
//! when
//!
//! 1. their algorithm is one that was offered, realm and opaque are ours, and `qop` is `auth`;
//! 2. the nonce is one that we made: it holds the time and a MAC, so nothing has to be kept for it;
//! 3. their response is right; an unknown name costs the same work and gets the same answer;
//! 4. the nonce is not too old: else the answer is 401 with `stale=true`, and clients try again without asking anybody;
//! 5. the count of requests under the nonce is not one that was used before. Only now something is kept, a few bytes for each
//!    nonce that somebody logged in with; where there are too many, the oldest nonces become too old.
//!
//! # Security
//!
//! A stored `H(A1)` is as good as the password for that realm: whoever reads the file can log in. Passwords are hashed fast, so
//! a leaked file or a recorded log-in lets them be guessed at millions per second. Over TLS, Basic with argon2id is the
//! better choice; Digest is for clients that know nothing else, and for lines without TLS.

mod access;
mod ha1;
mod hash;
mod htdigest;
mod nonces;
mod store;
mod users;
mod uses;

use std::time::Duration;

pub(crate) use access::{Access, Candidate, Proven};
pub use ha1::Ha1;
pub use store::{DigestQuery, DigestStore, DigestUser};
pub use users::DigestUsers;

/// How long a nonce is good, unless configured: 5 minutes. Then clients are told to take a new one, which costs them one more
/// request and no question to anybody.
pub const NONCE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// How many nonces that somebody logged in with are remembered, unless configured: 65536, in about 5 MiB.
pub const NONCES_IN_USE: usize = 1 << 16;
