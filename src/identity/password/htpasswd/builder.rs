//! What is said of a file of users before it is opened.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use super::super::hash::Strength;
use super::super::users::Users;
use super::file::HtpasswdFile;
use crate::error::ConfigError;

/// [`HtpasswdFile`] in the making; begun by [`HtpasswdFile::builder`].
///
/// ```
/// use portcullis::identity::password::HtpasswdFile;
///
/// let error = HtpasswdFile::builder("/no/such/file").roles("alice", ["admin"]).open().unwrap_err();
/// assert!(error.to_string().contains("/no/such/file"));
/// ```
#[must_use = "a builder does nothing until `open`"]
pub struct HtpasswdFileBuilder {
    pub(super) path: PathBuf,
    pub(super) strength: Strength,
    pub(super) rights: Rights,
    pub(super) on_revoked: Option<Box<OnRevoked>>,
}

/// Called with the issuer and the name.
pub(super) type OnRevoked = dyn Fn(&str, &str) + Send + Sync;

impl HtpasswdFileBuilder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, strength: Strength::Strong, rights: Rights::default(), on_revoked: None }
    }

    /// What the user of this name is. Default: nothing.
    pub fn roles<S: AsRef<str>>(mut self, name: impl Into<Box<str>>, roles: impl IntoIterator<Item = S>) -> Self {
        self.rights.of(name).roles = roles.into_iter().map(|role| role.as_ref().into()).collect();
        self
    }

    /// What the user of this name may do. Default: nothing.
    pub fn scopes<S: AsRef<str>>(mut self, name: impl Into<Box<str>>, scopes: impl IntoIterator<Item = S>) -> Self {
        self.rights.of(name).scopes = scopes.into_iter().map(|scope| scope.as_ref().into()).collect();
        self
    }

    /// Keeps the user of this name out, whatever the file says. Default: whoever is in the file may log in.
    pub fn disabled(mut self, name: impl Into<Box<str>>) -> Self {
        self.rights.of(name).disabled = true;
        self
    }

    /// Also reads weak hashes; see [`User::new_allowing_weak`](super::super::User::new_allowing_weak). Default: they are
    /// faults of the file.
    pub const fn allow_weak_hashes(mut self) -> Self {
        self.strength = Strength::Any;
        self
    }

    /// Calls `hook` with the issuer and the name of each user whose old password is worth nothing after a reload: removed
    /// from the file, or given another password. It runs on the thread that watches the file, after the users were
    /// exchanged. Default: nothing happens, and sessions that such a user began live on.
    ///
    /// ```no_run
    /// # #[cfg(feature = "session")] {
    /// use portcullis::identity::password::HtpasswdFile;
    /// use portcullis::identity::session::{MemoryStore, Sessions};
    ///
    /// let sessions = Sessions::new(MemoryStore::new());
    /// let runtime = tokio::runtime::Handle::current();
    /// let file = HtpasswdFile::builder("users.htpasswd")
    ///     .on_revoked(move |issuer, name| {
    ///         let (sessions, issuer, name) = (sessions.clone(), issuer.to_owned(), name.to_owned());
    ///         runtime.spawn(async move { sessions.end_all(&issuer, &name).await });
    ///     })
    ///     .open()?;
    /// # }
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn on_revoked(mut self, hook: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        self.on_revoked = Some(Box::new(hook));
        self
    }

    /// Reads the file, and watches it from then on.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is over 16 MiB or holds no user, and everything that is wrong with its lines, up to a
    /// hundred faults; or when there is no thread to watch it.
    pub fn open(self) -> Result<HtpasswdFile, ConfigError> {
        HtpasswdFile::open(self)
    }
}

impl fmt::Debug for HtpasswdFileBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HtpasswdFileBuilder").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What is said of users beside the file.
#[derive(Default)]
pub(super) struct Rights(HashMap<Box<str>, Right>);

#[derive(Default)]
struct Right {
    roles: Vec<Box<str>>,
    scopes: Vec<Box<str>>,
    disabled: bool,
}

impl Rights {
    fn of(&mut self, name: impl Into<Box<str>>) -> &mut Right {
        self.0.entry(name.into()).or_default()
    }

    /// Gives `users` what is said of them; returns the names that are none of theirs.
    pub(super) fn give(&self, users: &mut Users) -> Vec<Box<str>> {
        let mut without_user = Vec::new();
        for (name, right) in &self.0 {
            match users.by_name.get_mut(name) {
                Some(user) => {
                    user.roles.clone_from(&right.roles);
                    user.scopes.clone_from(&right.scopes);
                    user.disabled = right.disabled;
                }
                None => without_user.push(name.clone()),
            }
        }
        without_user.sort_unstable();
        without_user
    }
}
