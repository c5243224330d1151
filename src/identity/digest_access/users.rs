//! Users in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::ha1::Ha1;
use super::hash::hex_of;
use super::htdigest;
use super::store::{DigestQuery, DigestStore, DigestUser};
use crate::credentials::{DigestAlgorithm, DigestCredentials, DigestName};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::error::VerifyError;
use crate::identity::identity::{Assertion, Identity};

/// The users of one realm, in memory.
///
/// An identity has the realm as issuer, the user's name, `amr` `pwd`, and is authenticated with the request itself.
///
/// ```
/// use portcullis::identity::digest_access::DigestUsers;
///
/// let mut users = DigestUsers::new("intranet");
/// users.insert("alice", "correct horse")?;
/// users.describe("alice", |user| user.roles(["admin"]))?;
///
/// // As Apache's `htdigest` writes it: name, realm, H(A1).
/// let users = DigestUsers::from_htdigest("intranet", "bob:intranet:1d17ff5d6b36ea2e3a7a0dbc9ec4b8d9\n")?;
/// let fault = DigestUsers::from_htdigest("intranet", "bob:intranet\n").unwrap_err();
/// assert_eq!(fault.faults()[0].setting(), "htdigest, line 1");
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
///
/// Behind a lock they can be exchanged while the server runs:
///
/// ```
/// use std::sync::{Arc, RwLock};
///
/// use portcullis::authenticate::Digest;
/// use portcullis::identity::digest_access::DigestUsers;
///
/// let users = Arc::new(RwLock::new(DigestUsers::new("intranet")));
/// let scheme = Digest::new("intranet", Arc::clone(&users));
///
/// let mut others = DigestUsers::new("intranet");
/// others.insert("carol", "open sesame")?;
/// if let Ok(mut users) = users.write() {
///     *users = others;
/// }
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct DigestUsers {
    realm: Arc<str>,
    by_name: HashMap<Box<str>, Account>,
    /// Digests of names, each of which is as long as its algorithm makes it.
    names: HashMap<(DigestAlgorithm, Box<str>), Box<str>>,
}

#[derive(Clone)]
struct Account {
    identity: Identity,
    ha1: HashMap<DigestAlgorithm, Ha1>,
}

impl DigestUsers {
    /// No users of `realm`, which must be that of the scheme: it is part of what the passwords are hashed with.
    #[must_use]
    pub fn new(realm: impl Into<Arc<str>>) -> Self {
        Self { realm: realm.into(), by_name: HashMap::new(), names: HashMap::new() }
    }

    /// The users of `realm` in a file that `htdigest` wrote: `name:realm:H(A1)` lines. 32 hexadecimal digits are MD5, 64 are
    /// SHA-256. Lines of other realms, empty ones and those that begin with `#` are passed over.
    ///
    /// Users get in by an algorithm that the scheme offers, and it offers SHA-256 alone unless told otherwise: where the file
    /// has MD5, as Apache's own tool writes it, call `Digest::algorithms` and `Digest::allow_md5`, or make the digests anew.
    ///
    /// # Errors
    ///
    /// Lists every line that cannot be read, by number, every name that comes twice, and a realm that no line is for.
    pub fn from_htdigest(realm: impl Into<Arc<str>>, text: &str) -> Result<Self, ConfigError> {
        htdigest::read(Self::new(realm), text)
    }

    /// Adds a user with this password, for every algorithm.
    ///
    /// # Errors
    ///
    /// When the name or the password is empty, the name is over 256 bytes, holds a colon or a control character, or is taken.
    pub fn insert(&mut self, name: &str, password: &str) -> Result<(), ConfigError> {
        if password.is_empty() {
            return Err(ConfigFault::new(format!("user {name:?}"), "has an empty password").into());
        }
        if self.by_name.contains_key(name) {
            return Err(ConfigFault::new(format!("user {name:?}"), TWICE).into());
        }
        for algorithm in DigestAlgorithm::ALL {
            let ha1 = Ha1::new(algorithm, name, &self.realm, password);
            self.insert_ha1(name, ha1)?;
        }
        Ok(())
    }

    /// Adds a stored `H(A1)`, to a user who is there if there is one without any of its algorithm.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn insert_ha1(&mut self, name: &str, ha1: Ha1) -> Result<(), ConfigError> {
        if let Some(problem) = fault_of(name) {
            return Err(ConfigFault::new(format!("user {name:?}"), problem).into());
        }
        let algorithm = ha1.algorithm();
        let account = self.by_name.entry(name.into()).or_insert_with(|| Account {
            identity: Identity::assertion(Arc::clone(&self.realm), name).amr(["pwd"]).authenticated_now().build(),
            ha1: HashMap::new(),
        });
        if account.ha1.contains_key(&algorithm) {
            return Err(ConfigFault::new(format!("user {name:?}"), TWICE).into());
        }
        account.ha1.insert(algorithm, ha1);
        let hashed = hex_of(algorithm, &[name.as_bytes(), self.realm.as_bytes()]);
        let hashed = String::from_utf8_lossy(hashed.get(..algorithm.hex_length()).unwrap_or(&hashed));
        self.names.insert((algorithm, hashed.into()), name.into());
        Ok(())
    }

    /// Says more about a user: roles, scopes, a value of the application's.
    ///
    /// # Errors
    ///
    /// When there is no user of this name.
    pub fn describe(&mut self, name: &str, say: impl FnOnce(Assertion) -> Assertion) -> Result<(), ConfigError> {
        let Some(account) = self.by_name.get_mut(name) else {
            return Err(
                ConfigFault::new(format!("user {name:?}"), "is not there; add it before it is described").into()
            );
        };
        account.identity = say(account.identity.to_assertion()).build();
        Ok(())
    }

    /// The names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    pub(super) fn realm(&self) -> &str {
        &self.realm
    }

    fn look_up(&self, query: &DigestQuery) -> Option<DigestUser> {
        let name = match query.name() {
            DigestName::Plain(name) => name,
            DigestName::Hashed(hex) => self.names.get(&(query.algorithm(), hex.clone()))?,
        };
        let account = self.by_name.get(name).filter(|_| query.realm() == self.realm())?;
        Some(DigestUser::new(account.ha1.get(&query.algorithm())?.clone(), account.identity.clone()))
    }
}

impl DigestStore for DigestUsers {
    async fn find(&self, query: DigestQuery) -> Result<Option<DigestUser>, VerifyError> {
        Ok(self.look_up(&query))
    }

    fn find_now(&self, query: &DigestQuery) -> Option<Result<Option<DigestUser>, VerifyError>> {
        Some(Ok(self.look_up(query)))
    }
}

/// Users that are exchanged while the server runs, in every verdict from then on.
impl DigestStore for RwLock<DigestUsers> {
    async fn find(&self, query: DigestQuery) -> Result<Option<DigestUser>, VerifyError> {
        Ok(self.read().unwrap_or_else(PoisonError::into_inner).look_up(&query))
    }

    fn find_now(&self, query: &DigestQuery) -> Option<Result<Option<DigestUser>, VerifyError>> {
        Some(Ok(self.read().unwrap_or_else(PoisonError::into_inner).look_up(query)))
    }
}

impl fmt::Debug for DigestUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestUsers")
            .field("realm", &self.realm)
            .field("count", &self.by_name.len())
            .finish_non_exhaustive()
    }
}

fn fault_of(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("the name is empty")
    } else if name.len() > DigestCredentials::MAX_NAME {
        Some("the name is longer than 256 bytes, the most that a credential may hold")
    } else if name.contains(':') {
        Some("the name holds a colon, which ends the name in what is hashed")
    } else if name.chars().any(char::is_control) {
        Some("the name holds a control character")
    } else {
        None
    }
}

const TWICE: &str = "given twice: remove one of them";
