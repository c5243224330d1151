//! How a file of users stands, for health checks and dashboards.

use crate::error::ConfigError;

/// How an [`HtpasswdFile`](super::HtpasswdFile) stands at one moment.
///
/// ```no_run
/// use portcullis::identity::password::HtpasswdFile;
///
/// let file = HtpasswdFile::builder("users.htpasswd").open()?;
/// let state = file.state();
/// if let Some(fault) = state.fault() {
///     eprintln!("{} users as before, since the file cannot be used: {fault}", state.users());
/// }
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HtpasswdState {
    pub(super) users: usize,
    pub(super) reloads: u64,
    pub(super) fault: Option<ConfigError>,
    pub(super) without_user: Vec<Box<str>>,
}

impl HtpasswdState {
    /// How many users there are.
    #[must_use]
    pub const fn users(&self) -> usize {
        self.users
    }

    /// How often the users were exchanged since the file was opened.
    #[must_use]
    pub const fn reloads(&self) -> u64 {
        self.reloads
    }

    /// What is wrong with the file as it is now, with the numbers of the lines. The users are those of before.
    #[must_use]
    pub const fn fault(&self) -> Option<&ConfigError> {
        self.fault.as_ref()
    }

    /// Names that were given roles or scopes, or disabled, and that the file does not know: removed, or misspelt.
    pub fn without_user(&self) -> impl Iterator<Item = &str> {
        self.without_user.iter().map(|name| &**name)
    }
}
