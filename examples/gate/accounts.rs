//! Local users across reloads: one verifier and its threads live on, the users in it are exchanged.
//!
//! `[basic]` and `[session]` have a verifier each, also where they name the same file, since what a user may is said in
//! each. Each has threads of its own too: whoever floods the one with wrong passwords keeps nobody from the other.

use portcullis::ConfigError;
use portcullis::identity::password::{HashPool, PasswordVerifier, Users};

use crate::config::{Hashing, Local};

/// The users of one section.
pub(crate) struct Accounts {
    realm: String,
    pub(crate) verifier: PasswordVerifier,
    /// Who the verifier is to know from [`exchange`](Self::exchange) on.
    users: Users,
    budget: Budget,
}

/// Threads for hashing, and what was configured to get them.
#[derive(Clone)]
struct Budget {
    hashing: Hashing,
    pool: HashPool,
}

impl Accounts {
    /// The users of `local`, in the verifier that `previous` has left, if it speaks for the same realm. Nothing changes
    /// in that one until [`exchange`](Self::exchange).
    pub(crate) fn build(realm: &str, local: Local, previous: Option<&Self>) -> Result<Self, ConfigError> {
        let budget = Budget::build(local.hashing, previous.map(|previous| &previous.budget))?;
        let users = local.users;
        let verifier = match previous.filter(|previous| previous.realm == realm) {
            Some(previous) => previous.verifier.clone(),
            None => PasswordVerifier::new(realm, users.clone()),
        };
        Ok(Self { realm: realm.to_owned(), verifier: verifier.pool(budget.pool.clone()), users, budget })
    }

    /// Makes the new users count. Returns those whose old password is worth nothing now.
    pub(crate) fn exchange(&self) -> Vec<String> {
        self.verifier.replace(self.users.clone())
    }
}

impl Budget {
    fn build(hashing: Hashing, previous: Option<&Self>) -> Result<Self, ConfigError> {
        match previous.filter(|previous| previous.hashing == hashing) {
            Some(previous) => Ok(previous.clone()),
            None => Ok(Self { hashing, pool: hashing.pool()? }),
        }
    }
}
