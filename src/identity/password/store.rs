//! The port: users in a database.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use super::accounts::{Account, Lot};
use super::hash::{StoredHash, Strength};
use super::users::User;
use crate::error::ConfigError;

/// Users kept elsewhere: a database, a directory.
///
/// It is asked for every log-in, so a change counts at once. It never sees a password: the stored hash is compared here,
/// within the verifier's budget.
///
/// ```
/// use portcullis::identity::password::{PasswordStore, PasswordVerifier, StoredUser};
/// # struct Database;
/// # struct Row { hash: String, roles: Vec<String>, suspended: bool }
/// # impl Database {
/// #     async fn row(&self, _: &str) -> Result<Option<Row>, std::io::Error> { Ok(None) }
/// # }
///
/// impl PasswordStore for Database {
///     type Error = std::io::Error;
///
///     async fn find(&self, name: &str) -> Result<Option<StoredUser>, Self::Error> {
///         let row = self.row(name).await?;
///         Ok(row.map(|row| StoredUser::new(row.hash).roles(row.roles).disabled(row.suspended)))
///     }
/// }
///
/// let verifier = PasswordVerifier::with_store("staff", Database);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store of users",
    note = "implement `PasswordStore`; users that are kept in memory are `Users`, for `PasswordVerifier::new`"
)]
pub trait PasswordStore: Send + Sync + 'static {
    /// Why the store does not answer. It reaches the operator's log, and no client.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// The user of this name, compared as the store compares names; what it accepts for one account beside its name, such
    /// as another case, should be made one name before, since the identity has the name that was sent.
    ///
    /// `Ok(None)` is nobody, answered like a wrong password and after as much work.
    ///
    /// # Errors
    ///
    /// The store cannot tell. The client is answered 503 and told to come back.
    fn find(&self, name: &str) -> impl Future<Output = Result<Option<StoredUser>, Self::Error>> + Send;
}

impl<S: PasswordStore> PasswordStore for Arc<S> {
    type Error = S::Error;

    fn find(&self, name: &str) -> impl Future<Output = Result<Option<StoredUser>, Self::Error>> + Send {
        (**self).find(name)
    }
}

/// A row of a [`PasswordStore`]: a stored hash, not yet read, and what comes with it.
///
/// A hash that cannot be read, or that asks for more work than the limits allow, is nobody's: the log-in is refused like
/// any other, after as much work, and an error is told to the operator.
///
/// ```
/// use portcullis::identity::password::StoredUser;
///
/// let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IGhlcmU$ly7JxhCGmOcZT3Ub3mDVbVpWRGhkEzPX3RXbvJPIlSM";
/// let user = StoredUser::new(hash).roles(["clerk"]).scopes(["orders:read"]).disabled(false);
/// ```
#[must_use]
pub struct StoredUser {
    hash: String,
    strength: Strength,
    roles: Vec<Box<str>>,
    scopes: Vec<Box<str>>,
    disabled: bool,
}

impl StoredUser {
    /// A user whose password has this hash; see [the module](super) for what is read.
    pub fn new(hash: impl Into<String>) -> Self {
        Self::of(hash.into(), Strength::Strong)
    }

    /// As [`new`](Self::new), and the hash may be a weak one; see [`User::new_allowing_weak`].
    pub fn new_allowing_weak(hash: impl Into<String>) -> Self {
        Self::of(hash.into(), Strength::Any)
    }

    const fn of(hash: String, strength: Strength) -> Self {
        Self { hash, strength, roles: Vec::new(), scopes: Vec::new(), disabled: false }
    }

    /// What the user is. Default: nothing.
    pub fn roles<S: AsRef<str>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(|role| role.as_ref().into()).collect();
        self
    }

    /// What the user may do. Default: nothing.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(|scope| scope.as_ref().into()).collect();
        self
    }

    /// Whether the user is kept but may not log in. Default: `false`.
    pub const fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    pub(super) fn read(self) -> Result<User, ConfigError> {
        let user = User::read(&self.hash, self.strength)?;
        Ok(User { roles: self.roles, scopes: self.scopes, disabled: self.disabled, ..user })
    }
}

impl fmt::Debug for StoredUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredUser")
            .field("roles", &self.roles)
            .field("scopes", &self.scopes)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

/// What a store found, or why it did not answer.
type Found = Result<Option<StoredUser>, Box<dyn Error + Send + Sync>>;

/// [`PasswordStore`] behind a pointer; the box is nothing beside a query.
pub(super) trait ErasedStore: Send + Sync {
    fn find<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>>;
}

impl<S: PasswordStore> ErasedStore for S {
    fn find<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move { PasswordStore::find(self, name).await.map_err(Into::into) })
    }
}

/// Users that were seen, as examples of all: the rest cannot be listed, and an unknown name must cost what one of them
/// costs. The first that come stay, so that a name does not change whom it resembles.
#[derive(Default)]
pub(super) struct Examples {
    by_name: Mutex<HashMap<Box<str>, Example>>,
}

struct Example {
    stored: Box<str>,
    lot: Lot,
}

impl Examples {
    /// Enough that a mixture of hashes is resembled.
    const MAX: usize = 64;

    pub(super) fn add(&self, name: &str, account: &Account) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = match by_name.get(name) {
            Some(example) => example.stored != account.stored,
            None => by_name.len() < Self::MAX,
        };
        if is_new {
            by_name.insert(name.into(), Example { stored: account.stored.clone(), lot: Lot::new(account) });
        }
    }

    pub(super) fn decoy(&self, name: &str) -> Arc<dyn StoredHash> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        Lot::drawn(by_name.values().map(|example| &example.lot), name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::argon2::Memory;
    use super::super::hash::OutOfMemory;
    use super::*;

    /// A hash that is told from others by where it lies.
    struct Never(#[expect(dead_code, reason = "what has no size lies nowhere")] usize);

    impl StoredHash for Never {
        fn matches(&self, _: &[u8], _: &mut Memory) -> Result<bool, OutOfMemory> {
            Ok(false)
        }

        fn needs_rehash(&self) -> bool {
            false
        }
    }

    fn accounts() -> Vec<Account> {
        let account = |number| Account {
            hash: Arc::new(Never(number)),
            stored: format!("stored hash {number}").into(),
            identity: None,
        };
        (0..100).map(account).collect()
    }

    #[test]
    fn an_unknown_name_costs_what_some_user_seen_before_costs_and_stays_with_that_one() {
        let (accounts, examples) = (accounts(), Examples::default());
        let see = |users: std::ops::Range<usize>| {
            for (number, account) in accounts.iter().enumerate().filter(|(number, _)| users.contains(number)) {
                examples.add(&format!("user {number}"), account);
            }
        };
        let resembled = || -> Vec<Option<usize>> {
            let decoys = (0..500).map(|number| examples.decoy(&format!("nobody {number}")));
            decoys.map(|hash| accounts.iter().position(|account| Arc::ptr_eq(&account.hash, &hash))).collect()
        };
        assert!(resembled().iter().all(Option::is_none), "as a new hash, while nobody was seen");

        see(0..8);
        let first = resembled();
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), 8, "each of the eight is resembled by some");
        see(3..4);
        assert_eq!(resembled(), first);

        // Of many a bounded number is kept, and it is the first.
        see(8..100);
        let later = resembled();
        assert!(later.iter().all(|number| number.is_some_and(|number| number < Examples::MAX)));
        see(0..100);
        assert_eq!(resembled(), later);
    }
}
