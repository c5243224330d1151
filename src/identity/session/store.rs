//! What a store of sessions promises.

use std::future::Future;

use super::error::StoreError;
use super::key::{SessionKey, SessionOwner, SessionTicket};
use super::moment::Moment;
use super::record::SessionRecord;

/// Where sessions are kept.
///
/// The crate brings [`MemoryStore`](super::MemoryStore) and, each with a feature, stores in SQLite, PostgreSQL and Redis.
/// For anything else implement this trait; with the feature `test-kit`, `session_store_contract!` tests your store as ours
/// are tested.
///
/// A store knows nothing of limits: [`Sessions`](super::Sessions) judges what it loads. It keeps one promise: **each method
/// is atomic**. Of two calls that meet, one happens wholly before the other, in whatever process they were made. So
///
/// - what was deleted stays deleted: nothing but [`insert`](Self::insert) makes a record,
/// - when [`rotate`](Self::rotate) has answered, the old id is dead,
/// - and who ends all sessions of an owner misses none that had begun.
///
/// That nothing was found is `Ok`; an `Err` says that the store cannot tell, and never what it holds.
///
/// ```
/// use portcullis::identity::session::{
///     Ending, Inserted, MemoryStore, Moment, OwnerLimit, SessionKey, SessionOwner, SessionRecord, SessionStore, Sessions,
///     SessionTicket, StoreError,
/// };
///
/// /// Counts how often it is asked.
/// struct Counting(MemoryStore, std::sync::atomic::AtomicU64);
///
/// impl SessionStore for Counting {
///     async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
///         self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         self.0.load(key).await
///     }
///
///     async fn insert(
///         &self,
///         record: &SessionRecord,
///         limit: Option<OwnerLimit>,
///         now: Moment,
///     ) -> Result<Inserted, StoreError> {
///         self.0.insert(record, limit, now).await
///     }
///
///     async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
///         self.0.touch(key, last_seen, ends_at).await
///     }
///
///     async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
///         self.0.rotate(shown, record).await
///     }
///
///     async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
///         self.0.delete(shown).await
///     }
///
///     async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
///         self.0.delete_of(owner, which).await
///     }
///
///     async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
///         self.0.list(owner).await
///     }
///
///     async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
///         self.0.sweep(now, at_most).await
///     }
/// }
///
/// let sessions = Sessions::new(Counting(MemoryStore::new(), 0.into()));
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// Adds a session, unless there is one with its key. In the same step the owner's `limit` is kept: as many of their
    /// oldest sessions end as stand above it, or the new one is refused. Sessions that are [over](SessionRecord::ends_at)
    /// at `now` do not count.
    fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> impl Future<Output = Result<Inserted, StoreError>> + Send;

    /// The session with this key. One that is over may be given or not.
    fn load(&self, key: SessionKey) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>> + Send;

    /// As [`load`](Self::load), for a store that need not wait. `None`, the default, means that `load` must be asked.
    fn load_now(&self, key: SessionKey) -> Option<Result<Option<SessionRecord>, StoreError>> {
        let _ = key;
        None
    }

    /// As [`load`](Self::load), with what others have changed by now. Only for a store that remembers what it has loaded.
    fn load_fresh(&self, key: SessionKey) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>> + Send {
        self.load(key)
    }

    /// Whether [`load`](Self::load) may give what others have changed meanwhile. Default: no. Where it may, a session is
    /// refused only after a [fresh look](Self::load_fresh).
    fn remembers(&self) -> bool {
        false
    }

    /// Notes a request: moves both times forward, never back, if there is such a session. Whether there is.
    fn touch(
        &self,
        key: SessionKey,
        last_seen: Moment,
        ends_at: Moment,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// As [`touch`](Self::touch), for a store that need not wait.
    fn touch_now(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Option<Result<bool, StoreError>> {
        let _ = (key, last_seen, ends_at);
        None
    }

    /// Puts `record` in the place of the session that `shown` opens, whose key and owner it has. Whether there was one.
    fn rotate(
        &self,
        shown: &SessionTicket,
        record: &SessionRecord,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the session that `shown` opens, or that it [opened](SessionRecord::previous) before the last rotation: so a
    /// log-out that meets a rotation ends the session all the same. Whether there was one.
    fn delete(&self, shown: &SessionTicket) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// As [`delete`](Self::delete), for a store that need not wait.
    fn delete_now(&self, shown: &SessionTicket) -> Option<Result<bool, StoreError>> {
        let _ = shown;
        None
    }

    /// Ends sessions of an owner, and says how many.
    fn delete_of(
        &self,
        owner: &SessionOwner<'_>,
        which: Ending,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// The sessions of an owner, oldest first. Some may be over.
    fn list(&self, owner: &SessionOwner<'_>) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send;

    /// Clears away sessions that are over at `now`, `at_most` so many, and says how many. Fewer means that no more were
    /// found.
    fn sweep(&self, now: Moment, at_most: usize) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Whether somebody must ask for a [`sweep`](Self::sweep) now and then. Default: yes, and
    /// [`Sessions`](super::Sessions) does as sessions begin.
    fn needs_sweep(&self) -> bool {
        true
    }
}

/// What became of a session that was to begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition: in, not in, not allowed in")]
pub enum Inserted {
    /// It has begun.
    Begun,
    /// There is one with its key.
    Taken,
    /// The owner has as many as they may, and new ones are refused.
    TooMany,
}

/// How many sessions an owner may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "stores must see all of it")]
pub struct OwnerLimit {
    /// So many; one at least.
    pub most: usize,
    /// What happens to one more.
    pub when_full: WhenFull,
}

/// What happens where an owner has as many sessions as they may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition: the one or the other gives way")]
pub enum WhenFull {
    /// The oldest end.
    EndOldest,
    /// The new one does not begin.
    RefuseNew,
}

/// Which sessions of an owner end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "stores must know them all")]
pub enum Ending {
    /// All.
    All,
    /// All but this one.
    AllBut(SessionKey),
    /// This one, if it is theirs.
    Only(SessionKey),
}
