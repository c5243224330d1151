//! The configuration of a store in a SQLite file.

use std::fmt;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::store::SqliteStore;
use crate::error::ConfigFault;
use crate::identity::session::error::StoreError;

/// A [`SqliteStore`] in the making; begun by [`SqliteStore::builder`].
///
/// ```
/// use portcullis::identity::session::SqliteStore;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sessions.db");
/// let store = SqliteStore::builder(path).readers(8).patience(Duration::from_secs(1)).open().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `open`"]
pub struct SqliteStoreBuilder {
    path: PathBuf,
    readers: usize,
    patience: Duration,
}

impl SqliteStoreBuilder {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), readers: 4, patience: Duration::from_millis(1500) }
    }

    /// How many sessions may be read at the same time. Default: 4; each has a thread of its own. Writing is for one at a
    /// time, here and in all other processes.
    pub const fn readers(mut self, most: usize) -> Self {
        self.readers = most;
        self
    }

    /// How long a question may take in all, before the answer is *unavailable*: another process may hold the file. Default:
    /// 1.5 seconds; a tenth at least, a minute at most.
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Opens the file, and makes it where there is none: for this user alone to read, on Unix.
    ///
    /// # Errors
    ///
    /// *Unavailable* when a setting makes no sense, the file cannot be opened or is none of SQLite's, or its tables are
    /// those of a newer version of the crate.
    pub async fn open(self) -> Result<SqliteStore, StoreError> {
        let fault = |setting, problem| Err(StoreError::unavailable(ConfigFault::new(setting, problem)));
        if self.path.as_os_str().is_empty() || self.path == Path::new(":memory:") {
            return fault("path", "names no file; name one, or use in_memory");
        }
        if self.readers == 0 {
            return fault("readers", "zero, so nothing could be read; allow some");
        }
        if self.patience < Duration::from_millis(100) {
            return fault("patience", "is under a tenth of a second; a busy disk may need that long");
        }
        if self.patience > Duration::from_secs(60) {
            return fault("patience", "is over a minute; nobody waits so long for a page");
        }
        make_private(&self.path);
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(self.patience / 2)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        SqliteStore::open_with(options, self.readers, self.patience).await
    }
}

/// Makes an empty file, which is an empty database. Where that fails, opening it says why.
fn make_private(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

impl fmt::Debug for SqliteStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStoreBuilder")
            .field("path", &self.path)
            .field("readers", &self.readers)
            .field("patience", &self.patience)
            .finish()
    }
}
