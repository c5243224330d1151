//! The set of users a verifier knows.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::argon2::Memory;
use super::hash::{self, PasswordCheck, StoredHash, Strength};
use super::new_hash::HashError;
use crate::credentials::BasicCredentials;
use crate::error::{ConfigError, ConfigFault};

/// Local users by name, in memory.
///
/// ```
/// use portcullis::identity::password::{User, Users};
///
/// let mut users = Users::new();
/// let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IGhlcmU$ly7JxhCGmOcZT3Ub3mDVbVpWRGhkEzPX3RXbvJPIlSM";
/// users.insert("alice", User::new(hash)?.roles(["admin"]))?;
///
/// let unreadable = User::new("$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHQ$ly7JxhCGmOcZT3Ub3mDVbVpWRGhk").unwrap_err();
/// assert!(unreadable.to_string().contains("256 MiB"));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Default)]
pub struct Users {
    pub(super) by_name: HashMap<Box<str>, User>,
}

impl Users {
    /// No users.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user.
    ///
    /// # Errors
    ///
    /// When the name cannot be sent in a Basic credential (empty, over 256 bytes, a colon, a control character) or is
    /// taken.
    pub fn insert(&mut self, name: &str, user: User) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        let mut fault = |problem| faults.push(ConfigFault::new(format!("user {name:?}"), problem));
        if name.is_empty() {
            fault("the name is empty");
        }
        if name.len() > BasicCredentials::MAX_USERNAME {
            fault("the name is longer than 256 bytes, the most that a Basic credential may hold");
        }
        if name.contains(':') {
            fault("the name holds a colon, which ends the name in a Basic credential");
        }
        if name.chars().any(char::is_control) {
            fault("the name holds a control character");
        }
        if self.by_name.contains_key(name) {
            fault("given twice: remove one of them");
        }
        ConfigError::unless_empty(faults, ())?;
        self.by_name.insert(name.into(), user);
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("count", &self.len()).finish_non_exhaustive()
    }
}

/// One user: a stored hash and what comes with it.
///
/// ```
/// use portcullis::identity::password::{User, hash_password};
///
/// let user = User::new(&hash_password("open sesame")?)?.roles(["clerk"]).scopes(["orders:read"]);
/// let on_leave = user.clone().disabled(true);
///
/// assert!(User::new("").is_err(), "an account without a password");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct User {
    pub(super) hash: Arc<dyn StoredHash>,
    /// As it was given: equal texts are the same password.
    pub(super) stored: Box<str>,
    pub(super) roles: Vec<Box<str>>,
    pub(super) scopes: Vec<Box<str>>,
    pub(super) disabled: bool,
}

impl User {
    /// A user whose password has this hash; see [the module](super) for what is read.
    ///
    /// # Errors
    ///
    /// When the hash cannot be read, is of a kind that is not supported, or asks for more work than the limits allow.
    pub fn new(hash: &str) -> Result<Self, ConfigError> {
        Self::read(hash, Strength::Strong)
    }

    /// As [`new`](Self::new), and the hash may also be a weak one: Apache's MD5 (`$apr1$`), the default of `htpasswd`, or
    /// SHA-1 without a salt (`{SHA}`). Needs the feature `htpasswd`.
    ///
    /// Whoever gets hold of such hashes finds most passwords within hours. Have them replaced: by
    /// [`on_rehash`](super::PasswordVerifier::on_rehash) at the next log-in, or with `htpasswd -B`.
    ///
    /// ```
    /// # #[cfg(feature = "htpasswd")] {
    /// use portcullis::identity::password::User;
    ///
    /// let weak = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";
    /// assert!(User::new(weak).is_err());
    /// assert!(User::new_allowing_weak(weak).is_ok());
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new). Passwords in plain text and hashes of DES crypt, which reads 8 characters, are never read.
    pub fn new_allowing_weak(hash: &str) -> Result<Self, ConfigError> {
        Self::read(hash, Strength::Any)
    }

    pub(super) fn read(hash: &str, strength: Strength) -> Result<Self, ConfigError> {
        let read = hash::read(hash, strength).map_err(|problem| ConfigFault::new("password hash", problem))?;
        Ok(Self { hash: read, stored: hash.into(), roles: Vec::new(), scopes: Vec::new(), disabled: false })
    }

    /// Whether `password` is the user's, disabled or not: to ask for it again before it is changed. Takes as long as the
    /// stored hash demands; from async code run it with [`HashPool::run`](super::HashPool::run).
    ///
    /// ```
    /// use portcullis::identity::password::{HashError, HashPool, PasswordCheck, User};
    ///
    /// # async fn confirm(pool: HashPool, user: User, old: String) -> Result<bool, Box<dyn std::error::Error>> {
    /// let check = pool.run(move || user.check_password(&old)).await??;
    /// Ok(check != PasswordCheck::Failed)
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`HashError::OutOfMemory`] when the operating system gives no memory for the work.
    pub fn check_password(&self, password: &str) -> Result<PasswordCheck, HashError> {
        PasswordCheck::of(&*self.hash, password, &mut Memory::default()).map_err(|_| HashError::OutOfMemory)
    }

    /// What the user is. Default: nothing.
    #[must_use]
    pub fn roles<S: AsRef<str>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(|role| role.as_ref().into()).collect();
        self
    }

    /// What the user may do. Default: nothing.
    #[must_use]
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(|scope| scope.as_ref().into()).collect();
        self
    }

    /// Whether the user is kept but may not log in. Default: `false`.
    #[must_use]
    pub const fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("roles", &self.roles)
            .field("scopes", &self.scopes)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}
