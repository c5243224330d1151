//! User names and passwords, checked against stored hashes.
//!
//! - A password is right when its hash equals the stored one; names and passwords are compared whole and with case.
//! - A wrong password, an unknown user and a disabled user get one answer, *invalid*, after the same work: for a name that
//!   nobody has, the hash of some configured user is computed, always the same one for that name. An empty password is no
//!   credential at all, so an account without a password cannot be logged into.
//! - Hashing is expensive on purpose, so it runs on a [`HashPool`]'s own threads, never on the async workers. When more
//!   waits than the pool's queue holds, or longer than its deadline, the answer is *unavailable*, not *invalid*.
//! - Checks of the very same credentials from the same client that wait at a time are one check. Credentials that were
//!   right are remembered for a while ([`PasswordMemory`]), so that a client that sends them with every request costs a
//!   hash every few minutes.
//! - Stored hashes come from files and databases that others may write to, so their parameters are checked against
//!   limits before any work is done, when a [`User`] is made.
//!
//! Read are argon2id in PHC form (`$argon2id$v=19$m=19456,t=2,p=1$…`) with at most 256 MiB, 16 passes, 16 lanes and
//! 1 GiB of memory times passes; and, with the feature `bcrypt`, bcrypt (`$2a$`, `$2b$`, `$2y$`) of cost 4 to 14, for
//! which passwords over 72 bytes or with a NUL are refused instead of cut. [`hash_password`] makes new hashes.

mod accounts;
mod argon2id;
#[cfg_attr(not(feature = "bcrypt"), path = "bcrypt_off.rs")]
mod bcrypt;
mod hash;
mod pool;
mod remembered;
mod source;
mod turns;
mod under_way;
mod users;
mod verifier;
mod workers;

pub use argon2id::{HashError, hash_password};
pub use pool::{HashPool, HashPoolBuilder};
pub use remembered::PasswordMemory;
pub use users::{User, Users};
pub use verifier::PasswordVerifier;
