//! The store: one connection that writes, several that read.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;

use super::super::error::StoreError;
use super::super::key::{SessionKey, SessionOwner, SessionTicket};
use super::super::moment::Moment;
use super::super::record::SessionRecord;
use super::super::sql::{Delete, DeleteOf, Fault, Insert, List, Load, Pool, Question, Rotate, Sweep, Touch, Upkeep};
use super::super::store::{Ending, Inserted, OwnerLimit, SessionStore};
use super::builder::SqliteStoreBuilder;
use super::schema;
use crate::clock::{Clock, SystemClock, sleep, within};

/// Sessions in a SQLite file: they outlive the process, and need no server. Needs Rust 1.94.
///
/// **The tables** `portcullis_sessions` and `portcullis_schema` are made, and changed by newer versions of the crate, when
/// the file is opened; others in the file are left alone. Nothing in them opens a session: of an id they hold half, which is
/// no secret, and the digest of the whole.
///
/// **Processes of one machine** may share the file. It must lie on a disk of that machine: over a network file system
/// SQLite's locks do not hold. Reading waits for nobody; writing is for one at a time, and each write is on the disk before
/// it is answered (WAL, `synchronous=FULL`). So a session whose beginning was answered survives a loss of power, and one
/// that was ended stays so; and the disk's speed is the limit, some hundred log-ins a second.
///
/// **While another program holds the file**, or more is to be written than the disk can take, writing is *unavailable*
/// (503) after the [patience](SqliteStoreBuilder::patience), and may be done later all the same; requests are let in or not
/// as before.
///
/// ```
/// use portcullis::Identity;
/// use portcullis::identity::session::{SessionStart, Sessions, SqliteStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sessions.db");
/// let sessions = Sessions::new(SqliteStore::open(&path).await?);
/// let started = sessions.create(&Identity::assertion("staff", "alice").build(), SessionStart::new()).await?;
///
/// // After a restart:
/// let sessions = Sessions::new(SqliteStore::open(&path).await?);
/// assert!(sessions.end(started.id()).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Pool<SqliteConnection>,
    readers: Pool<SqliteConnection>,
    patience: Duration,
}

impl SqliteStore {
    /// The store in this file, with the default settings. See [`SqliteStoreBuilder::open`].
    ///
    /// # Errors
    ///
    /// *Unavailable*, as there.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::builder(path).open().await
    }

    /// A store in the making, with the default settings.
    pub fn builder(path: impl AsRef<Path>) -> SqliteStoreBuilder {
        SqliteStoreBuilder::new(path.as_ref())
    }

    /// A store that is gone with the process: for tests of what is to run on a file.
    ///
    /// # Errors
    ///
    /// *Unavailable* when the operating system gives no thread.
    pub async fn in_memory() -> Result<Self, StoreError> {
        // One connection for all: another one would see another memory.
        let options = SqliteConnectOptions::new().in_memory(true).shared_cache(false);
        let writer = Pool::new(options, 1, UPKEEP);
        let store = Self { shared: Arc::new(Shared { readers: writer.clone(), writer, patience: PATIENCE_IN_MEMORY }) };
        store.prepare().await?;
        Ok(store)
    }

    pub(super) async fn open_with(
        options: SqliteConnectOptions,
        readers: usize,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let reading = options.clone().pragma("query_only", "ON");
        let (writer, readers) = (Pool::new(options, 1, UPKEEP), Pool::new(reading, readers, UPKEEP));
        let store = Self { shared: Arc::new(Shared { writer, readers, patience }) };
        let started = SystemClock.monotonic();
        // To change a file to WAL the driver needs it for itself, and does not wait for that.
        while let Err(fault) = store.prepare().await {
            if !is_busy(&fault) || SystemClock.monotonic().saturating_sub(started) > START {
                return Err(fault.into());
            }
            sleep(PAUSE).await;
        }
        Ok(store)
    }

    async fn prepare(&self) -> Result<(), Fault> {
        let mut lent = self.shared.writer.lend(START).await?;
        let prepared = within(START, schema::prepare(lent.connection(true)?)).await;
        lent.give_back();
        prepared?
    }

    async fn write<Q: Question<SqliteConnection>>(&self, question: Q) -> Result<Q::Answer, StoreError> {
        self.ask(&self.shared.writer, question).await
    }

    async fn read<Q: Question<SqliteConnection>>(&self, question: Q) -> Result<Q::Answer, StoreError> {
        self.ask(&self.shared.readers, question).await
    }

    async fn ask<Q: Question<SqliteConnection>>(
        &self,
        pool: &Pool<SqliteConnection>,
        question: Q,
    ) -> Result<Q::Answer, StoreError> {
        let patience = self.shared.patience;
        let asking = async {
            let mut lent = pool.lend(patience * 3 / 4).await?;
            let answer = question.ask(lent.connection(Q::IN_TRANSACTION)?, false).await;
            match &answer {
                Err(Fault::Driver(sqlx::Error::WorkerCrashed)) => lent.end(),
                _ => lent.give_back(),
            }
            answer
        };
        // Boxed, as it lives across the wait and is large.
        Ok(within(patience, Box::pin(asking)).await.map_err(Fault::from)??)
    }
}

/// Whether another connection holds the file (`SQLITE_BUSY` and its extended codes, of which it is the low byte).
fn is_busy(fault: &Fault) -> bool {
    let Fault::Driver(sqlx::Error::Database(error)) = fault else { return false };
    error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

impl SessionStore for SqliteStore {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        self.write(Insert::of(record, limit, now)?).await
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        self.read(Load(key)).await
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        self.write(Touch { key, last_seen, ends_at }).await
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        self.write(Rotate { shown, row: record.to_row()? }).await
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        self.write(Delete(shown)).await
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        self.write(DeleteOf { owner: owner.digest(), which }).await
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.read(List(owner.digest())).await
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        let mut swept = 0;
        while swept < at_most {
            let batch = BATCH.min(at_most - swept);
            let found = self.write(Sweep { now, at_most: batch }).await?;
            swept += found;
            if found < batch {
                break;
            }
        }
        Ok(swept)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("patience", &self.shared.patience).finish_non_exhaustive()
    }
}

/// They lead to a file or to memory, and stay as they are.
const UPKEEP: Upkeep = Upkeep { rest: Duration::MAX, life: Duration::MAX, hear_out: None };
/// How long opening may take where other processes open the file too.
const START: Duration = Duration::from_secs(10);
/// How long it waits before it looks again whether the file is free.
const PAUSE: Duration = Duration::from_millis(10);
/// As the default of a file. It is needed only where very much is asked at once.
const PATIENCE_IN_MEMORY: Duration = Duration::from_millis(1500);
/// How many sessions are cleared away at a time: others write in between.
const BATCH: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_is_on_the_disk_before_it_is_answered_and_readers_write_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("sessions.db")).await.unwrap();
        for (pool, pragma, value) in [
            (&store.shared.writer, "PRAGMA journal_mode", "wal"),
            // 2 is FULL.
            (&store.shared.writer, "PRAGMA synchronous", "2"),
            (&store.shared.readers, "PRAGMA query_only", "1"),
        ] {
            let mut lent = pool.lend(START).await.unwrap();
            let row = sqlx::query(pragma).fetch_one(lent.connection(false).unwrap()).await.unwrap();
            let found = sqlx::Row::try_get_unchecked::<String, _>(&row, 0).unwrap();
            assert_eq!(found, value, "{pragma}");
            lent.give_back();
        }
    }
}
