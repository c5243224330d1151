//! Local users across reloads: one verifier, its threads, its memory and its counts live on, the users in it are exchanged.
//!
//! `[basic]` and `[session]` have a verifier each, also where they name the same file, since what a user may is said in
//! each. Each has threads and counts of its own too: whoever floods the one with wrong passwords keeps nobody from the other.

use std::sync::atomic::{AtomicU64, Ordering};

use portcullis::identity::password::{HashPool, HtpasswdFile, PasswordVerifier};
use portcullis::identity::throttle::Throttle;
use portcullis::{ConfigError, Identity, Verifier};

use crate::config::{Checks, Local};
use crate::guarded::Guarded;

/// The users of one section.
pub(crate) struct Accounts {
    realm: String,
    checks: Checks,
    pool: HashPool,
    throttle: Option<Throttle>,
    verifier: PasswordVerifier,
    /// Who the verifier is to know from [`exchange`](Self::exchange) on.
    file: HtpasswdFile,
    /// How many changes of the file it knows.
    taken_over: AtomicU64,
}

impl Accounts {
    /// The users of `local`, in the verifier that `previous` has left, if it speaks for the same realm. Nothing changes
    /// in that one until [`exchange`](Self::exchange).
    pub(crate) fn build(realm: &str, local: Local, previous: Option<&Self>) -> Result<Self, ConfigError> {
        let Local { file, checks, .. } = local;
        let pool = match previous.filter(|previous| previous.checks.hashing == checks.hashing) {
            Some(previous) => previous.pool.clone(),
            None => checks.hashing.pool()?,
        };
        let throttle = match previous.filter(|previous| previous.checks.throttle == checks.throttle) {
            Some(previous) => previous.throttle.clone(),
            None => checks.throttle.map(|throttling| throttling.throttle()).transpose()?,
        };
        let verifier = match previous.filter(|previous| previous.realm == realm) {
            // A new limit begins with an empty memory.
            Some(previous) if previous.checks.memory == checks.memory => previous.verifier.clone(),
            Some(previous) => previous.verifier.clone().memory(checks.memory),
            None => PasswordVerifier::new(realm, file.users()).memory(checks.memory),
        };
        let verifier = verifier.pool(pool.clone());
        Ok(Self { realm: realm.to_owned(), checks, pool, throttle, verifier, file, taken_over: AtomicU64::new(0) })
    }

    /// The way in for names and passwords.
    pub(crate) fn guarded(&self) -> Guarded {
        Guarded::new(self.verifier.clone(), self.throttle.as_ref())
    }

    /// Who knows the users of the moment.
    pub(crate) fn verifier(&self) -> PasswordVerifier {
        self.verifier.clone()
    }

    /// Forgets that passwords of `user` were right.
    pub(crate) fn forget(&self, user: &Identity) {
        Verifier::forget(&self.verifier, user);
    }

    /// Makes the users of the file count. Returns those whose old password is worth nothing now.
    pub(crate) fn exchange(&self) -> Vec<String> {
        // Before the users, so that a change in between is seen as one.
        self.taken_over.store(self.file.state().reloads(), Ordering::SeqCst);
        self.verifier.replace(self.file.users())
    }

    /// Whether the file has changed since the last exchange, and is sound.
    pub(crate) fn is_behind(&self) -> bool {
        self.file.state().reloads() != self.taken_over.load(Ordering::SeqCst)
    }
}
