//! User names and passwords, checked against stored hashes.
//!
//! - A password is right when its hash equals the stored one; names and passwords are compared whole and with case.
//! - A wrong password, an unknown user and a disabled user get one answer, *invalid*, after the same work: for a name that
//!   nobody has, the hash of some configured user is computed, always the same one for that name. An empty password is no
//!   credential at all, so an account without a password cannot be logged into.
//! - Hashing is expensive on purpose, so it runs on a [`HashPool`]'s own threads, never on the async workers. When more
//!   waits than the pool's queue holds, or longer than its deadline, the answer is *unavailable*, not *invalid*.
//! - Users are in memory ([`Users`]), in a file (`HtpasswdFile`, with the feature `htpasswd`), or in a database
//!   ([`PasswordStore`]). Whoever is removed, disabled or given another password is out from then on, in the middle of a
//!   log-in too.
//! - Checks of the very same credentials from the same client that wait at a time are one check. Credentials that were
//!   right are remembered for a while ([`PasswordMemory`]), so that a client that sends them with every request costs a
//!   hash every few minutes.
//! - Stored hashes come from files and databases that others may write to, so their parameters are checked against
//!   limits before any work is done, when a [`User`] is made.
//!
//! | stored hash | read with | at most | rehash advised |
//! |---|---|---|---|
//! | argon2id, argon2i, argon2d in PHC form (`$argon2id$v=19$m=19456,t=2,p=1$…`) | always | 256 MiB, 16 passes, 16 lanes, 1 GiB of memory times passes | argon2i, argon2d, version 16, less than OWASP asks for |
//! | bcrypt (`$2a$`, `$2b$`, `$2y$`) | feature `bcrypt` or `htpasswd` | cost 4 to 14 | under cost 10 |
//! | scrypt in PHC form (`$scrypt$ln=17,r=8,p=1$…`) | feature `htpasswd` | 256 MiB of memory times lanes | less than OWASP asks for |
//! | PBKDF2 in PHC form (`$pbkdf2-sha256$i=600000,l=32$…`, `$pbkdf2-sha512$…`) | feature `htpasswd` | 4,000,000 rounds, 1,500,000 with SHA-512 | under 600,000 rounds, 210,000 with SHA-512 |
//! | sha256-crypt (`$5$`), sha512-crypt (`$6$`) | feature `htpasswd` | 700,000 rounds | always |
//! | Apache's MD5 (`$apr1$`), SHA-1 (`{SHA}`) | feature `htpasswd`, by [`User::new_allowing_weak`] | | always |
//!
//! DES crypt and plain text are never read. No password is ever cut: bcrypt, which looks at 72 bytes and in some
//! implementations stops at a NUL, refuses what is longer or holds one. [`hash_password`] makes new hashes, and
//! [`PasswordVerifier::on_rehash`] has them replace old ones.

mod accounts;
mod argon2;
#[cfg_attr(not(feature = "bcrypt"), path = "bcrypt_off.rs")]
mod bcrypt;
mod current;
mod directory;
mod hash;
#[cfg(feature = "htpasswd")]
mod htpasswd;
#[cfg_attr(not(feature = "htpasswd"), path = "more_hashes_off.rs")]
mod more_hashes;
mod new_hash;
mod phc;
mod pool;
mod rehash;
mod remembered;
mod source;
mod stamp;
mod store;
mod turns;
mod under_way;
mod users;
mod verifier;
mod workers;

pub use hash::PasswordCheck;
#[cfg(feature = "htpasswd")]
pub use htpasswd::{HtpasswdFile, HtpasswdFileBuilder, HtpasswdState};
pub use new_hash::{HashError, hash_password};
pub use pool::{HashPool, HashPoolBuilder};
pub use rehash::Rehash;
pub use remembered::PasswordMemory;
pub use store::{PasswordStore, StoredUser};
pub use users::{User, Users};
pub use verifier::PasswordVerifier;
