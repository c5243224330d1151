//! Sessions in a SQLite file that is opened when it is first needed: `gate --check` makes no file, and gate starts while
//! another program holds it.

use std::path::PathBuf;
use std::time::Duration;

use portcullis::identity::session::{
    Ending, Inserted, Moment, OwnerLimit, SessionKey, SessionOwner, SessionRecord, SessionStore, SessionTicket,
    SqliteStore, StoreError,
};
use tokio::sync::OnceCell;
use tokio::time::timeout;

pub(crate) struct SqliteFile {
    path: PathBuf,
    opened: OnceCell<SqliteStore>,
}

/// As long as the store itself would wait.
const PATIENCE: Duration = Duration::from_millis(1500);

impl SqliteFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, opened: OnceCell::new() }
    }

    /// The store; where it cannot be had, the next request tries again.
    async fn store(&self) -> Result<&SqliteStore, StoreError> {
        let opened = self.opened.get_or_try_init(|| SqliteStore::open(&self.path));
        timeout(PATIENCE, opened).await.map_err(StoreError::unavailable)?
    }
}

impl SessionStore for SqliteFile {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        self.store().await?.insert(record, limit, now).await
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        self.store().await?.load(key).await
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        self.store().await?.touch(key, last_seen, ends_at).await
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        self.store().await?.rotate(shown, record).await
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        self.store().await?.delete(shown).await
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        self.store().await?.delete_of(owner, which).await
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.store().await?.list(owner).await
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        self.store().await?.sweep(now, at_most).await
    }
}
