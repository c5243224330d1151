//! Better hashes for those who log in with old ones.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use super::argon2::Memory;
use super::new_hash::hash_again;
use super::pool::HashPool;
use crate::credentials::BasicCredentials;
use crate::error::Severity;
use crate::trace;

/// A new hash for a user whose stored one is below what is asked for today; see
/// [`on_rehash`](super::PasswordVerifier::on_rehash).
///
/// ```
/// use portcullis::identity::password::Rehash;
///
/// /// Changes nothing where the password was changed meanwhile.
/// fn statement(rehash: &Rehash) -> (&str, [&str; 3]) {
///     let sql = "UPDATE users SET hash = ?1 WHERE name = ?2 AND hash = ?3";
///     (sql, [rehash.new_hash(), rehash.name(), rehash.old_hash()])
/// }
/// ```
pub struct Rehash {
    name: Box<str>,
    old: Box<str>,
    new: String,
}

impl Rehash {
    /// Who logged in.
    #[must_use]
    pub const fn name(&self) -> &str {
        &self.name
    }

    /// The hash that the password matched. Replace this one and no other: the user may have another password by now.
    #[must_use]
    pub const fn old_hash(&self) -> &str {
        &self.old
    }

    /// What [`hash_password`](super::hash_password) makes of the password today, with a salt of 32 bytes in which stands that
    /// it replaces the old one: sessions that began under that one [live on](super::PasswordVerifier::is_current).
    #[must_use]
    pub const fn new_hash(&self) -> &str {
        self.new.as_str()
    }
}

impl fmt::Debug for Rehash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehash").finish_non_exhaustive()
    }
}

type Hook = dyn Fn(&Rehash) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync;

/// The hook, and which hashes it was given.
pub(super) struct Rehasher {
    hook: Box<Hook>,
    issuer: Arc<str>,
    keyed: RandomState,
    /// Hashed again, so that no stored hash is kept here. One that is in it is not given again, so a hook that keeps the
    /// old hash does not cost every log-in a second one.
    given: Mutex<HashSet<u64>>,
}

impl Rehasher {
    /// How many are remembered. Then all are forgotten, and a few given twice.
    const MAX: usize = 65_536;

    pub(super) fn new(issuer: Arc<str>, hook: Box<Hook>) -> Arc<Self> {
        Arc::new(Self { hook, issuer, keyed: RandomState::new(), given: Mutex::default() })
    }

    /// Has a better hash made and given to the hook, on `pool` and after what waits there, unless that was done or the
    /// pool is full: then at the next log-in.
    pub(super) fn rehash(self: &Arc<Self>, pool: &HashPool, credentials: Arc<BasicCredentials>, old: Box<str>) {
        if let Some(claim) = self.claim(&old) {
            pool.run_unattended(move |memory| claim.fulfil(&credentials, old, memory));
        }
    }

    fn claim(self: &Arc<Self>, old: &str) -> Option<Claim> {
        let key = self.keyed.hash_one(old);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() >= Self::MAX {
            given.clear();
        }
        if given.insert(key) { Some(Claim { rehasher: Arc::clone(self), key, fulfilled: false }) } else { None }
    }
}

/// The right to rehash one stored hash. Dropped unfulfilled, somebody else may.
struct Claim {
    rehasher: Arc<Rehasher>,
    key: u64,
    fulfilled: bool,
}

impl Claim {
    fn fulfil(mut self, credentials: &BasicCredentials, old: Box<str>, memory: &mut Memory) {
        let done = match hash_again(credentials.expose_password(), &old, memory) {
            Ok(new) => (self.rehasher.hook)(&Rehash { name: credentials.username().into(), old, new }),
            Err(error) => Err(error.into()),
        };
        match done {
            Ok(()) => self.fulfilled = true,
            Err(error) => {
                trace::happened(Severity::Error, "password not rehashed", &self.rehasher.issuer, Some(&*error));
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.fulfilled {
            self.rehasher.given.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        }
    }
}
