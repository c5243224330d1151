//! Users as a verifier keeps them: read, named, and ready to be compared.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use super::argon2::Argon2;
use super::hash::StoredHash;
use super::stamp::stamp;
use super::users::{User, Users};
use crate::identity::identity::{AuthTime, Facts, Identity};

pub(super) struct Accounts {
    pub(super) by_name: HashMap<Box<str>, Account>,
    /// One for every account, or for [`MAX_LOTS`] of them: an unknown name does the work of one.
    lots: Vec<Lot>,
}

#[derive(Clone)]
pub(super) struct Account {
    pub(super) hash: Arc<dyn StoredHash>,
    pub(super) stored: Box<str>,
    /// `None` for a disabled user.
    pub(super) identity: Option<Identity>,
}

/// Draws for unknown names. It starts from the stored hash, which nobody outside knows, and from nothing else: so a name
/// resembles the same user in every verifier and every process that knows that user, and a change of one user changes
/// it for few. A name that took another time elsewhere, or later, would be known to be nobody's.
pub(super) struct Lot {
    keyed: DefaultHasher,
    hash: Arc<dyn StoredHash>,
}

/// Enough that a kind of hash that some have is among them, and few enough that drawing one takes some microseconds.
const MAX_LOTS: usize = 256;

impl Accounts {
    pub(super) fn new(issuer: &Arc<str>, users: Users) -> Self {
        let by_name: HashMap<_, _> = users
            .by_name
            .into_iter()
            .map(|(name, user)| {
                let account = Account::new(issuer, &name, user);
                (name, account)
            })
            .collect();
        let mut lots: Vec<_> = by_name.values().map(Lot::new).collect();
        if lots.len() > MAX_LOTS {
            // The same ones in every process that knows these users.
            lots.sort_by_cached_key(|lot| lot.draw(""));
            lots.truncate(MAX_LOTS);
        }
        Self { by_name, lots }
    }

    /// The work for a name that nobody has: that of a known user, so that the times of unknown names are distributed as
    /// those of known ones, and always the same for one name.
    pub(super) fn decoy(&self, name: &str) -> Arc<dyn StoredHash> {
        Lot::drawn(self.lots.iter(), name)
    }

    /// The identity of `name` as it is now, if a password that matched `account` matches still.
    pub(super) fn still_good(&self, name: &str, account: &Account) -> Option<Identity> {
        let current = self.by_name.get(name)?;
        if current.stored == account.stored { current.identity.clone() } else { None }
    }
}

impl Account {
    pub(super) fn new(issuer: &Arc<str>, name: &str, user: User) -> Self {
        let identity = (!user.disabled).then(|| {
            let mut facts = Facts::new(Arc::clone(issuer), name);
            facts.roles = user.roles.into_iter().collect();
            facts.scopes = user.scopes.into_iter().collect();
            facts.amr = ["pwd"].into_iter().collect();
            facts.auth_time = AuthTime::Now;
            facts.stamp = stamp(&user.stored);
            facts.into_identity()
        });
        Self { hash: user.hash, stored: user.stored, identity }
    }
}

impl Lot {
    pub(super) fn new(account: &Account) -> Self {
        let mut keyed = DefaultHasher::new();
        keyed.write(account.stored.as_bytes());
        Self { keyed, hash: Arc::clone(&account.hash) }
    }

    /// The hash of the highest; where there are no lots, one as new hashes are.
    pub(super) fn drawn<'l>(lots: impl Iterator<Item = &'l Self>, name: &str) -> Arc<dyn StoredHash> {
        let highest = lots.max_by_key(|lot| lot.draw(name));
        highest.map_or_else(|| Arc::new(Argon2::placeholder()) as Arc<_>, |lot| Arc::clone(&lot.hash))
    }

    fn draw(&self, name: &str) -> u64 {
        let mut keyed = self.keyed.clone();
        keyed.write(name.as_bytes());
        keyed.finish()
    }
}
