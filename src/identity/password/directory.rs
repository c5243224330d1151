//! Where a verifier finds its users.

use std::any::Any;
use std::fmt;
use std::hint::black_box;
use std::num::NonZeroU64;
use std::sync::{Arc, PoisonError, RwLock};

use super::accounts::{Account, Accounts};
use super::hash::StoredHash;
use super::store::{ErasedStore, Examples, PasswordStore, StoredUser};
use super::users::Users;
use crate::error::Severity;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::trace;

/// The users of one verifier.
pub(super) struct Directory {
    users: Kept,
    /// What keeps the users up to date, and must live as long as they are asked for.
    pub(super) _keeper: Option<Arc<dyn Any + Send + Sync>>,
}

enum Kept {
    Memory(RwLock<Arc<Accounts>>),
    Store { store: Box<dyn ErasedStore>, examples: Examples },
}

/// What is known of a name, and the work that has to be done before anything is said.
pub(super) struct Found {
    /// Else why there is none.
    pub(super) account: Result<Account, &'static str>,
    pub(super) hash: Arc<dyn StoredHash>,
}

impl Directory {
    pub(super) fn memory(issuer: &Arc<str>, users: Users) -> Self {
        Self { users: Kept::Memory(RwLock::new(Arc::new(Accounts::new(issuer, users)))), _keeper: None }
    }

    pub(super) fn store(store: impl PasswordStore) -> Self {
        Self { users: Kept::Store { store: Box::new(store), examples: Examples::default() }, _keeper: None }
    }

    /// What is known of `name`.
    ///
    /// # Errors
    ///
    /// *Unavailable* where the store does not answer.
    pub(super) async fn find(&self, issuer: &Arc<str>, name: &str) -> Result<Found, VerifyError> {
        let (account, decoy) = match &self.users {
            Kept::Memory(accounts) => {
                let accounts = read(accounts);
                let account = accounts.by_name.get(name).cloned().ok_or("no such user");
                // Drawn for known names too, since with many users the draw itself takes time.
                (account, black_box(accounts.decoy(name)))
            }
            Kept::Store { store, examples } => {
                let row = store.find(name).await.map_err(VerifyError::unavailable)?;
                let account = read_row(issuer, name, row);
                if let Ok(account) = &account {
                    examples.add(name, account);
                }
                (account, black_box(examples.decoy(name)))
            }
        };
        let hash = account.as_ref().map_or(decoy, |account| Arc::clone(&account.hash));
        Ok(Found { account, hash })
    }

    /// The identity of `name` as it is now, if a password that matched `account` matches still.
    ///
    /// # Errors
    ///
    /// *Invalid* where it does not, *unavailable* where the store does not answer.
    pub(super) async fn still_good(
        &self,
        issuer: &Arc<str>,
        name: &str,
        account: &Account,
    ) -> Result<Identity, VerifyError> {
        let identity = match &self.users {
            Kept::Memory(accounts) => read(accounts).still_good(name, account),
            Kept::Store { store, .. } => {
                let row = store.find(name).await.map_err(VerifyError::unavailable)?;
                let now = read_row(issuer, name, row).ok();
                now.filter(|now| now.stored == account.stored).and_then(|now| now.identity)
            }
        };
        identity.ok_or(
            VerifyError::invalid()
                .because("the user changed while the password was checked")
                .hint("Nothing to do: the next log-in is judged by what the user is now."),
        )
    }

    /// Looks at what is known of `name` without waiting; nothing where the users are in a store.
    pub(super) fn look<R>(&self, name: &str, look: impl FnOnce(Option<&Account>) -> R) -> Option<R> {
        match &self.users {
            Kept::Memory(accounts) => Some(look(read(accounts).by_name.get(name))),
            Kept::Store { .. } => None,
        }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        match &self.users {
            Kept::Memory(accounts) => {
                read(accounts).by_name.get(name).is_some_and(|account| account.identity.is_some())
            }
            Kept::Store { .. } => false,
        }
    }

    /// Whether `name` may log in, by a password whose stamp is `stamp` if one is known.
    pub(super) fn is_current(&self, name: &str, stamp: Option<NonZeroU64>) -> bool {
        match &self.users {
            Kept::Memory(accounts) => {
                let accounts = read(accounts);
                let identity = accounts.by_name.get(name).and_then(|account| account.identity.as_ref());
                identity.is_some_and(|identity| stamp.is_none() || identity.facts().stamp == stamp)
            }
            Kept::Store { .. } => true,
        }
    }

    /// Exchanges the users in memory; returns whose old password is worth nothing now.
    pub(super) fn replace(&self, issuer: &Arc<str>, users: Users) -> Vec<String> {
        let Kept::Memory(accounts) = &self.users else { return Vec::new() };
        let fresh = Arc::new(Accounts::new(issuer, users));
        let mut current = accounts.write().unwrap_or_else(PoisonError::into_inner);
        let revoked = current
            .by_name
            .iter()
            .filter(|(name, account)| account.identity.is_some() && fresh.still_good(name, account).is_none())
            .map(|(name, _)| String::from(&**name))
            .collect();
        *current = fresh;
        revoked
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.users {
            Kept::Memory(accounts) => read(accounts).by_name.len().fmt(f),
            Kept::Store { .. } => f.write_str("in a store"),
        }
    }
}

fn read(accounts: &RwLock<Arc<Accounts>>) -> Arc<Accounts> {
    Arc::clone(&accounts.read().unwrap_or_else(PoisonError::into_inner))
}

/// The account of a row; a hash that cannot be read is worth telling, since nobody else looks at it.
fn read_row(issuer: &Arc<str>, name: &str, row: Option<StoredUser>) -> Result<Account, &'static str> {
    let user = row.ok_or("no such user")?.read();
    let user = user.map_err(|fault| {
        trace::happened(Severity::Error, "a stored password hash cannot be read", issuer, Some(&fault));
        "the stored hash cannot be read"
    })?;
    Ok(Account::new(issuer, name, user))
}

/// There is nobody to compare with, by this cause.
pub(super) fn unusable(nobody: &'static str) -> VerifyError {
    VerifyError::invalid().because(nobody).hint(match nobody {
        "no such user" => "Look for a mistyped name, for another spelling, or for users of another environment; names are told apart by case.",
        _ => "The hash that is stored for this user cannot be used: set the password anew. The log says why.",
    })
}
