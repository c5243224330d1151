//! The handle on a file of users.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::directory::Directory;
use super::super::users::Users;
use super::super::verifier::PasswordVerifier;
use super::builder::HtpasswdFileBuilder;
use super::state::HtpasswdState;
use super::watch::{self, Kept, Rules, Stop};
use crate::error::{ConfigError, ConfigFault};

/// Users in a file of `name:hash` lines, as `htpasswd` writes it, kept up to date while the service runs.
///
/// - The file is read strictly: a line without a colon, a name that is there twice, a hash that cannot be read or is weak
///   are faults, each told with the number of its line. Lines that are blank or begin with `#` are passed over.
/// - It is looked at twice a second. A change counts within two seconds, once the file has stopped changing, and all of it
///   at once; so does [`reload`](Self::reload), at once.
/// - A file that is broken, empty or gone changes nothing: the users stay as they were, [`state`](Self::state) says what
///   is wrong, and an error is told to the operator.
/// - Who is removed or gets another password is out from then on, in the middle of a log-in too;
///   [`on_revoked`](HtpasswdFileBuilder::on_revoked) is the place to end their sessions.
///
/// The thread that watches ends when the last clone and the last verifier are dropped.
///
/// ```no_run
/// use portcullis::authenticate::{AuthenticateLayer, Basic};
/// use portcullis::identity::password::HtpasswdFile;
///
/// let file = HtpasswdFile::builder("/etc/orders/users.htpasswd")
///     .roles("alice", ["admin"])
///     .scopes("alice", ["orders:write"])
///     .disabled("bob")
///     .open()?;
/// let layer = AuthenticateLayer::new(Basic::new("orders", file.verifier("staff")))?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct HtpasswdFile {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) kept: Mutex<Kept>,
    _stop: Stop,
}

impl Shared {
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HtpasswdFile {
    /// How often the file is looked at: twice a second. A change is taken over when two looks at it are alike.
    pub const INTERVAL: Duration = watch::INTERVAL;

    /// Begins a description of the file at `path`.
    pub fn builder(path: impl Into<PathBuf>) -> HtpasswdFileBuilder {
        HtpasswdFileBuilder::new(path.into())
    }

    pub(super) fn open(builder: HtpasswdFileBuilder) -> Result<Self, ConfigError> {
        let rules = Rules::new(builder);
        let kept = Kept::open(&rules)?;
        let (stop, stopped) = watch::stop();
        let shared = Arc::new(Shared { rules, kept: Mutex::new(kept), _stop: stop });
        watch::start(Arc::downgrade(&shared), stopped)
            .map_err(|error| ConfigFault::new(shared.rules.name(), format!("no thread to watch it: {error}")))?;
        Ok(Self { shared })
    }

    /// A verifier of these users, now and after every reload. It names `issuer` as who vouches for them.
    pub fn verifier(&self, issuer: impl Into<Arc<str>>) -> PasswordVerifier {
        let issuer = issuer.into();
        let mut kept = self.shared.kept();
        let mut directory = Directory::memory(&issuer, kept.users().clone());
        directory._keeper = Some(Arc::clone(&self.shared) as Arc<_>);
        let verifier = PasswordVerifier::over(issuer, directory);
        kept.feed(&verifier);
        verifier
    }

    /// The users as they are now, for a verifier that is to be [exchanged](PasswordVerifier::replace) by hand.
    #[must_use]
    pub fn users(&self) -> Users {
        self.shared.kept().users().clone()
    }

    /// Reads the file at once: after a signal, or after writing to it. Blocks for as long as that takes, and for the hook
    /// of [`on_revoked`](HtpasswdFileBuilder::on_revoked).
    ///
    /// # Errors
    ///
    /// As [`open`](HtpasswdFileBuilder::open); the users are those of before.
    pub fn reload(&self) -> Result<(), ConfigError> {
        let (outcome, revoked) = self.shared.kept().reload(&self.shared.rules);
        self.shared.rules.tell(&revoked);
        outcome
    }

    /// How many users there are, and whether the file is sound.
    #[must_use]
    pub fn state(&self) -> HtpasswdState {
        self.shared.kept().state()
    }
}

impl fmt::Debug for HtpasswdFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, state) = (&self.shared.rules.path, self.state());
        f.debug_struct("HtpasswdFile").field("path", path).field("state", &state).finish_non_exhaustive()
    }
}
