//! The store: asks, and asks again where a connection was lost.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;

use super::super::error::StoreError;
use super::super::key::{SessionKey, SessionOwner, SessionTicket};
use super::super::moment::Moment;
use super::super::record::SessionRecord;
use super::super::sql::{Delete, DeleteOf, Fault, Insert, List, Load, Pool, Question, Rotate, Sweep, Touch, Upkeep};
use super::super::store::{Ending, Inserted, OwnerLimit, SessionStore};
use super::builder::PostgresStoreBuilder;
use super::schema;
use crate::clock::{Clock, SystemClock, within};

/// Sessions in PostgreSQL (12 or later), shared by any number of processes. Needs Rust 1.94.
///
/// **The tables** `portcullis_sessions` and `portcullis_schema` are made, and changed by newer versions of the crate, at the
/// first use; they lie in the first schema of the search path, which the URL may set (`?options[search_path]=auth`). A role
/// that may read and write them is enough where they are there. Nothing in them opens a session: of an id they hold half,
/// which is no secret, and the digest of the whole.
///
/// **A request** costs one statement and one trip. What an owner has at most, and the end of all their sessions, are kept
/// by a lock on the owner, so they hold whichever process asks.
///
/// **While the server is away**, or does not answer within the [patience](PostgresStoreBuilder::patience), the answer is
/// *unavailable* (503), and never that a session is over. The store can be made before the server is there, and finds it
/// again after a restart. A question whose connection was lost is asked once more; each is so put that being answered twice
/// does no harm. Where the answer is *unavailable* all the same, it may have been done: the session may be ended or have
/// begun, or its id may be [rotated](super::super::Sessions::rotate) and the old one dead.
///
/// **After a crash** of the server every session is there whose beginning was answered, and none that was ended, unless
/// `synchronous_commit` is off: then the last moments are lost both ways.
///
/// **TLS** is as the URL's `sslmode` says. Without one it is `prefer`, which an attacker on the way can talk out of it;
/// over a network that is not yours alone write `verify-full`, with `sslrootcert` for an authority of your own. What the URL
/// leaves out is read from the environment and the password file, as `psql` does.
///
/// **Behind PgBouncer** write `pool_mode = session` and `ignore_startup_parameters = extra_float_digits, options`: what the
/// store asks of each connection, its `statement_timeout` for one, is then for the database to say.
///
/// ```no_run
/// use portcullis::identity::session::{PostgresStore, Sessions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://web@db.internal/shop?sslmode=verify-full").await?;
/// let sessions = Sessions::new(store);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool<PgConnection>,
    patience: Duration,
    /// Whether the tables are there, as far as is known.
    prepared: AtomicBool,
}

impl PostgresStore {
    /// The store at this URL, `postgres://user:password@host/database`, once the server has answered and the tables are
    /// there.
    ///
    /// # Errors
    ///
    /// *Unavailable* when the URL is no such URL, the server is not there or takes longer than half a minute, or the tables
    /// cannot be made or are those of a newer version of the crate. A store that [`builder`](Self::builder) makes begins
    /// while the server is away.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let store = Self::builder(url).build().map_err(StoreError::unavailable)?;
        store.ready().await?;
        Ok(store)
    }

    /// A store in the making, with the default settings.
    pub fn builder(url: &str) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(url)
    }

    pub(super) fn new(options: PgConnectOptions, connections: usize, patience: Duration) -> Self {
        let statement = format!("{}ms", (patience * 2 / 3).as_millis());
        let options = options.options([
            ("statement_timeout", statement.as_str()),
            // What this process began and will not end must not keep others waiting.
            ("idle_in_transaction_session_timeout", "5s"),
            // The statements are written for it: each sees what was committed before it.
            ("default_transaction_isolation", "read committed"),
        ]);
        let pool = Pool::new(options, connections, UPKEEP);
        Self { shared: Arc::new(Shared { pool, patience, prepared: AtomicBool::new(false) }) }
    }

    /// Makes sure, for as long as half a minute, that the server answers and the tables are there. Optional: the first
    /// question does the same, within its patience.
    ///
    /// # Errors
    ///
    /// *Unavailable*, as [`connect`](Self::connect).
    pub async fn ready(&self) -> Result<(), StoreError> {
        Ok(self.ask_within(&Ready, START).await?)
    }

    async fn ask<Q: Question<PgConnection>>(&self, question: Q) -> Result<Q::Answer, StoreError> {
        Ok(self.ask_within(&question, self.shared.patience).await?)
    }

    async fn ask_within<Q: Question<PgConnection>>(
        &self,
        question: &Q,
        patience: Duration,
    ) -> Result<Q::Answer, Fault> {
        let started = SystemClock.monotonic();
        let left = || patience.saturating_sub(SystemClock.monotonic().saturating_sub(started));
        let mut again = false;
        loop {
            let mut lent = self.shared.pool.lend(left().min(patience * 2 / 3)).await?;
            let prepared = self.shared.prepared.load(Ordering::Acquire);
            let connection = lent.connection(Q::IN_TRANSACTION || !prepared)?;
            let asking = async {
                if !prepared {
                    schema::prepare(connection).await?;
                    self.shared.prepared.store(true, Ordering::Release);
                }
                question.ask(connection, again).await
            };
            // Boxed, as it lives across the wait and is large.
            match within(left(), Box::pin(asking)).await {
                Ok(Ok(answer)) => {
                    lent.give_back();
                    return Ok(answer);
                }
                Ok(Err(fault @ (Fault::Damaged(_) | Fault::NoSession(_)))) => {
                    lent.give_back();
                    return Err(fault);
                }
                Ok(Err(fault)) if is_lost(&fault) => {
                    lent.end();
                    self.shared.pool.clear();
                    if again {
                        return Err(fault);
                    }
                }
                Ok(Err(fault)) if is_undefined_table(&fault) && prepared => {
                    lent.end();
                    self.shared.prepared.store(false, Ordering::Release);
                }
                Ok(Err(fault)) => {
                    lent.end();
                    return Err(fault);
                }
                Err(late) => {
                    lent.end();
                    self.shared.pool.clear();
                    return Err(late.into());
                }
            }
            again = true;
        }
    }
}

/// Whether the connection was lost, or leads to a server that no longer takes changes: another one may have an answer.
fn is_lost(fault: &Fault) -> bool {
    match fault {
        Fault::Driver(sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => true,
        // Class 08 is that of connections, 57P01 to 57P05 are ends by an administrator, a crash or for idleness, and 25006
        // is the answer of a server that has become a standby.
        Fault::Driver(sqlx::Error::Database(error)) => {
            error.code().is_some_and(|code| ["08", "57P", "25006"].iter().any(|start| code.starts_with(start)))
        }
        _ => false,
    }
}

/// Whether the tables have gone: the database was put back to an earlier state, or emptied.
fn is_undefined_table(fault: &Fault) -> bool {
    matches!(fault, Fault::Driver(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01"))
}

/// Asks nothing but that the tables be there.
struct Ready;

impl Question<PgConnection> for Ready {
    type Answer = ();

    async fn ask(&self, _: &mut PgConnection, _: bool) -> Result<(), Fault> {
        Ok(())
    }
}

impl SessionStore for PostgresStore {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        self.ask(Insert::of(record, limit, now)?).await
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        self.ask(Load(key)).await
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        self.ask(Touch { key, last_seen, ends_at }).await
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        self.ask(Rotate { shown, row: record.to_row()? }).await
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        self.ask(Delete(shown)).await
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        self.ask(DeleteOf { owner: owner.digest(), which }).await
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.ask(List(owner.digest())).await
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        let mut swept = 0;
        while swept < at_most {
            let batch = BATCH.min(at_most - swept);
            let found = self.ask(Sweep { now, at_most: batch }).await?;
            swept += found;
            if found < batch {
                break;
            }
        }
        Ok(swept)
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("patience", &self.shared.patience).finish_non_exhaustive()
    }
}

/// The server may have gone meanwhile, or names lead elsewhere.
const UPKEEP: Upkeep = Upkeep {
    rest: Duration::from_secs(15),
    life: Duration::from_secs(30 * 60),
    hear_out: Some(Duration::from_secs(1)),
};
/// How long the server may take at the start.
const START: Duration = Duration::from_secs(30);
/// How many sessions are cleared away by one statement.
const BATCH: usize = 500;
