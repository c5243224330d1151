//! The store: sessions behind many locks.

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::super::error::StoreError;
use super::super::key::{SessionKey, SessionOwner, SessionTicket};
use super::super::moment::Moment;
use super::super::record::SessionRecord;
use super::super::store::{Ending, Inserted, OwnerLimit, SessionStore, WhenFull};
use super::entry::{Entry, KeyHasher, short};
use crate::error::{ConfigError, ConfigFault};
use crate::measure::Live;

/// A store in memory: fast, bounded, and gone with the process.
///
/// Clones share the sessions. The sessions of one owner lie behind one of 256 locks, so that whatever concerns one owner
/// is one step; what is over is cleared away as new ones begin.
///
/// ```
/// use portcullis::identity::session::{MemoryStore, Sessions};
///
/// let store = MemoryStore::with_limit(1_000_000)?;
/// let sessions = Sessions::new(store.clone());
/// assert_eq!(store.count(), 0);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    shards: Box<[RwLock<Shard>; SHARDS]>,
    limit: usize,
    count: AtomicUsize,
    /// How many sessions have begun.
    begun: AtomicU64,
    /// The shard that the next sweep begins with.
    cursor: AtomicU16,
    /// When all shards were last swept to make room, in milliseconds.
    swept: AtomicU64,
    live: Live,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<SessionKey, Entry, BuildHasherDefault<KeyHasher>>,
    /// How many sessions may begin here before the next sweep pays for itself.
    until_sweep: usize,
}

impl MemoryStore {
    /// A store for 100000 sessions, which is some 50 MB.
    #[must_use]
    pub fn new() -> Self {
        Self::of(DEFAULT_LIMIT)
    }

    /// A store for `limit` sessions. When they are all alive, nobody can begin a new one until one ends; a session is
    /// never ended to make room for a stranger's.
    ///
    /// # Errors
    ///
    /// When the limit is zero.
    pub fn with_limit(limit: usize) -> Result<Self, ConfigError> {
        if limit == 0 {
            return Err(ConfigFault::new("limit", "zero, so nobody could log in: allow some sessions").into());
        }
        Ok(Self::of(limit))
    }

    fn of(limit: usize) -> Self {
        let shards = Box::new(std::array::from_fn(|_| RwLock::default()));
        Self {
            shared: Arc::new(Shared {
                shards,
                limit,
                count: AtomicUsize::new(0),
                begun: AtomicU64::new(0),
                cursor: AtomicU16::new(0),
                swept: AtomicU64::new(0),
                live: Live::new(),
            }),
        }
    }

    /// How many sessions are kept, of which some may be over and not cleared away yet.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::Relaxed)
    }

    fn begin(&self, record: &SessionRecord, limit: Option<OwnerLimit>, now: Moment) -> Result<Inserted, StoreError> {
        self.make_room(now)?;
        let owner = record.owner();
        // Declared before the lock, and so dropped after it.
        let mut over = Vec::new();
        let mut shard = self.write(record.key().shard());
        if shard.until_sweep == 0 {
            // A sweep for as many beginnings as there were sessions at the last one: constant cost for each of them.
            over = self.take(&mut shard, usize::MAX, |_, entry| entry.is_over(now));
            shard.until_sweep = shard.entries.len().max(MIN_UNTIL_SWEEP);
        }
        shard.until_sweep -= 1;
        if shard.entries.contains_key(&record.key()) {
            return Ok(Inserted::Taken);
        }
        if let Some(OwnerLimit { most, when_full }) = limit {
            over.extend(self.take(&mut shard, usize::MAX, |_, entry| entry.is_of(&owner) && entry.is_over(now)));
            let own = shard.entries.iter().filter(|(_, entry)| entry.is_of(&owner));
            let mut own: Vec<_> = own.map(|(key, entry)| (entry.kept.created_at, entry.number, *key)).collect();
            let excess = (own.len() + 1).saturating_sub(most);
            if excess > 0 && when_full == WhenFull::RefuseNew {
                return Ok(Inserted::TooMany);
            }
            own.sort_unstable();
            for (.., key) in own.iter().take(excess) {
                self.remove_one(&mut shard, key);
            }
        }
        self.shared.live.expired(over.len());
        self.shared.live.more(1);
        let number = self.shared.begun.fetch_add(1, Ordering::Relaxed);
        shard.entries.insert(record.key(), Entry::new(record, short(&owner), number));
        self.shared.count.fetch_add(1, Ordering::Relaxed);
        Ok(Inserted::Begun)
    }

    /// Where all places are taken, looks for what is over: once a second everywhere, else in some shards, so that refusals
    /// stay cheap. The next beginning looks at others.
    fn make_room(&self, now: Moment) -> Result<(), StoreError> {
        let Shared { limit, cursor, swept, .. } = &*self.shared;
        if self.count() < *limit {
            return Ok(());
        }
        let (now_millis, last) = (now.as_millis(), swept.load(Ordering::Relaxed));
        let all = now_millis.saturating_sub(last) >= SWEEP_PAUSE
            && swept.compare_exchange(last, now_millis, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        for _ in 0..if all { SHARDS } else { SHARDS_PER_BEGINNING } {
            if self.count() < *limit {
                return Ok(());
            }
            let mut shard = self.write(cursor.fetch_add(1, Ordering::Relaxed));
            let over = self.take(&mut shard, usize::MAX, |_, entry| entry.is_over(now));
            drop(shard);
            self.shared.live.expired(over.len());
            drop(over);
        }
        if self.count() < *limit {
            Ok(())
        } else {
            Err(StoreError::unavailable("as many live sessions as there may be"))
        }
    }

    fn find(&self, key: SessionKey) -> Option<SessionRecord> {
        self.read(key.shard()).entries.get(&key).map(Entry::record)
    }

    fn note(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> bool {
        let shard = self.read(key.shard());
        let Some(entry) = shard.entries.get(&key) else { return false };
        entry.last_seen.fetch_max(last_seen.as_millis(), Ordering::Relaxed);
        entry.ends_at.fetch_max(ends_at.as_millis(), Ordering::Relaxed);
        true
    }

    fn end(&self, shown: &SessionTicket) -> bool {
        let mut shard = self.write(shown.key().shard());
        let opens = |entry: &Entry| {
            shown.proves(&entry.kept.digest) || entry.kept.previous.as_ref().is_some_and(|digest| shown.proves(digest))
        };
        shard.entries.get(&shown.key()).is_some_and(opens) && self.remove_one(&mut shard, &shown.key())
    }

    fn remove_one(&self, shard: &mut Shard, key: &SessionKey) -> bool {
        let removed = shard.entries.remove(key).is_some();
        self.shared.count.fetch_sub(usize::from(removed), Ordering::Relaxed);
        self.shared.live.fewer(usize::from(removed));
        removed
    }

    /// Takes at most so many entries out that are `over`. Freeing them takes longer than finding them, so who called drops
    /// them when the lock is free again.
    #[must_use]
    fn take(&self, shard: &mut Shard, at_most: usize, over: impl Fn(&SessionKey, &Entry) -> bool) -> Vec<Entry> {
        let taken = shard.entries.extract_if(|key, entry| over(key, entry)).take(at_most);
        let taken: Vec<_> = taken.map(|(_, entry)| entry).collect();
        self.shared.count.fetch_sub(taken.len(), Ordering::Relaxed);
        self.shared.live.fewer(taken.len());
        taken
    }

    // Nothing panics while it holds a lock; and if it did, each entry is whole by itself.
    fn read(&self, shard: u16) -> RwLockReadGuard<'_, Shard> {
        self.shared.shards[usize::from(shard) % SHARDS].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, shard: u16) -> RwLockWriteGuard<'_, Shard> {
        self.shared.shards[usize::from(shard) % SHARDS].write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for MemoryStore {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        self.begin(record, limit, now)
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        Ok(self.find(key))
    }

    fn load_now(&self, key: SessionKey) -> Option<Result<Option<SessionRecord>, StoreError>> {
        Some(Ok(self.find(key)))
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        Ok(self.note(key, last_seen, ends_at))
    }

    fn touch_now(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Option<Result<bool, StoreError>> {
        Some(Ok(self.note(key, last_seen, ends_at)))
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        let mut shard = self.write(shown.key().shard());
        let Some(entry) = shard.entries.get_mut(&shown.key()) else { return Ok(false) };
        if !shown.proves(&entry.kept.digest) {
            return Ok(false);
        }
        *entry = Entry::new(record, entry.owner, entry.number);
        Ok(true)
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        Ok(self.end(shown))
    }

    fn delete_now(&self, shown: &SessionTicket) -> Option<Result<bool, StoreError>> {
        Some(Ok(self.end(shown)))
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        let mut shard = self.write(owner.shard());
        let goes = |key: &SessionKey| match which {
            Ending::All => true,
            Ending::AllBut(spared) => *key != spared,
            Ending::Only(meant) => *key == meant,
        };
        let ended = self.take(&mut shard, usize::MAX, |key, entry| entry.is_of(owner) && goes(key));
        drop(shard);
        Ok(ended.len())
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        let shard = self.read(owner.shard());
        let mut own: Vec<_> = shard.entries.values().filter(|entry| entry.is_of(owner)).collect();
        own.sort_unstable_by_key(|entry| (entry.kept.created_at, entry.number));
        Ok(own.into_iter().map(Entry::record).collect())
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        let mut swept = 0;
        // One lock after the other, so that nobody waits for more than a part of them.
        for shard in 0..SHARDS as u16 {
            let mut shard = self.write(shard);
            let over = self.take(&mut shard, at_most - swept, |_, entry| entry.is_over(now));
            drop(shard);
            swept += over.len();
        }
        Ok(swept)
    }

    fn needs_sweep(&self) -> bool {
        false
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.live.fewer(*self.count.get_mut());
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("count", &self.count()).field("limit", &self.shared.limit).finish()
    }
}

const DEFAULT_LIMIT: usize = 100_000;
/// So many that the sessions behind one lock are few, also of a million.
const SHARDS: usize = 256;
const MIN_UNTIL_SWEEP: usize = 16;
const SHARDS_PER_BEGINNING: usize = 8;
/// In milliseconds.
const SWEEP_PAUSE: u64 = 1000;
