//! A short memory in front of a store.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::StoreError;
use super::key::{SessionKey, SessionOwner, SessionTicket};
use super::moment::Moment;
use super::record::SessionRecord;
use super::store::{Ending, Inserted, OwnerLimit, SessionStore};
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::measure::Lookups;

/// A store behind a memory of what it has lately loaded, so that a client's requests in quick succession cost one trip.
///
/// Each session is loaded anew `staleness` after it was loaded last. What ends or changes through this value is forgotten
/// before the call returns, and a load that was under way meanwhile is not remembered. **What another process ends is seen
/// here after `staleness` at the latest**: with two seconds, somebody who logged out through one machine is let in by the
/// others for up to two seconds more. That a session is absent is never remembered, nor is a failure; writing is never put
/// off. While the store is out of reach, sessions loaded within `staleness` still pass.
///
/// Clones share the memory.
///
/// ```
/// use portcullis::identity::session::{CachedStore, MemoryStore, Sessions};
/// use std::time::Duration;
///
/// let store = MemoryStore::new(); // one that has to be waited for, in earnest
/// let sessions = Sessions::new(CachedStore::new(store, Duration::from_secs(2))?);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
pub struct CachedStore<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    store: S,
    /// The sessions of one owner lie in one of them.
    shards: Box<[Mutex<Shard>]>,
    entries_per_shard: usize,
    staleness: Duration,
    clock: Box<dyn Clock>,
    lookups: Lookups,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<SessionKey, Entry>,
    /// How often something was forgotten here. What was loaded before the last time is not remembered.
    generation: u64,
}

struct Entry {
    record: SessionRecord,
    /// By the monotonic clock.
    loaded_at: Duration,
}

impl<S: SessionStore> CachedStore<S> {
    /// `store` with a memory of 10000 sessions, each of which is believed for `staleness`: a second or a few, one minute at
    /// most.
    ///
    /// # Errors
    ///
    /// When `staleness` is zero or longer than a minute.
    pub fn new(store: S, staleness: Duration) -> Result<Self, ConfigError> {
        Self::builder(store, staleness).build()
    }

    /// The same, in the making.
    pub fn builder(store: S, staleness: Duration) -> CachedStoreBuilder<S> {
        CachedStoreBuilder { store, staleness, entries: DEFAULT_ENTRIES, clock: Box::new(SystemClock) }
    }

    fn shard(&self, shard: u16) -> MutexGuard<'_, Shard> {
        let shards = &self.shared.shards;
        // Nothing panics while it holds a lock.
        shards[usize::from(shard) % shards.len()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self, key: SessionKey) -> Option<SessionRecord> {
        let now = self.shared.clock.monotonic();
        let shard = self.shard(key.shard());
        let entry = shard.entries.get(&key).filter(|entry| self.is_fresh(entry, now))?;
        self.shared.lookups.hit();
        Some(entry.record.clone())
    }

    fn is_fresh(&self, entry: &Entry, now: Duration) -> bool {
        now.saturating_sub(entry.loaded_at) < self.shared.staleness
    }

    /// Remembers what was asked for at that time, unless something was forgotten since.
    fn remember(&self, record: &SessionRecord, asked_at: Duration, generation: u64) {
        let mut shard = self.shard(record.key().shard());
        if shard.generation != generation {
            return;
        }
        if shard.entries.len() >= self.shared.entries_per_shard {
            shard.entries.retain(|_, entry| self.is_fresh(entry, asked_at));
        }
        if shard.entries.len() < self.shared.entries_per_shard {
            // Dated to the question: the answer may have been on its way for long.
            shard.entries.insert(record.key(), Entry { record: record.clone(), loaded_at: asked_at });
        }
    }

    /// Forgets one session when it is dropped: after the store has changed, also where nobody waits for it any more.
    fn forget_key(&self, key: SessionKey) -> Forget<'_, S, impl Fn(&SessionRecord) -> bool> {
        Forget { store: self, shard: key.shard(), goes: move |record: &SessionRecord| record.key() == key }
    }

    /// The same for the sessions of an owner.
    fn forget_owner(&self, owner: &SessionOwner<'_>) -> Forget<'_, S, impl Fn(&SessionRecord) -> bool> {
        let digest = *owner.digest();
        let goes = move |record: &SessionRecord| *record.owner().digest() == digest;
        Forget { store: self, shard: owner.shard(), goes }
    }

    /// Has what is remembered follow what the store has noted.
    fn noted(&self, key: SessionKey, last_seen: Moment, ends_at: Moment, is_there: &Result<bool, StoreError>) {
        match is_there {
            Ok(true) => {
                if let Some(Entry { record, .. }) = self.shard(key.shard()).entries.get_mut(&key) {
                    *record = record.clone().seen(record.last_seen().max(last_seen), record.ends_at().max(ends_at));
                }
            }
            Ok(false) => drop(self.forget_key(key)),
            Err(_) => {}
        }
    }
}

struct Forget<'a, S: SessionStore, F: Fn(&SessionRecord) -> bool> {
    store: &'a CachedStore<S>,
    shard: u16,
    goes: F,
}

impl<S: SessionStore, F: Fn(&SessionRecord) -> bool> Drop for Forget<'_, S, F> {
    fn drop(&mut self) {
        let mut shard = self.store.shard(self.shard);
        shard.generation += 1;
        shard.entries.retain(|_, entry| !(self.goes)(&entry.record));
    }
}

impl<S: SessionStore> SessionStore for CachedStore<S> {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        // Others may give way to it.
        let owner = record.owner();
        let _forget = limit.map(|_| self.forget_owner(&owner));
        self.shared.store.insert(record, limit, now).await
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        match self.remembered(key) {
            Some(record) => Ok(Some(record)),
            None => {
                self.shared.lookups.missed();
                self.load_fresh(key).await
            }
        }
    }

    async fn load_fresh(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        let (asked_at, generation) = (self.shared.clock.monotonic(), self.shard(key.shard()).generation);
        let loaded = self.shared.store.load_fresh(key).await?;
        match &loaded {
            Some(record) => self.remember(record, asked_at, generation),
            None => drop(self.forget_key(key)),
        }
        Ok(loaded)
    }

    fn remembers(&self) -> bool {
        true
    }

    fn load_now(&self, key: SessionKey) -> Option<Result<Option<SessionRecord>, StoreError>> {
        self.remembered(key).map(|record| Ok(Some(record))).or_else(|| self.shared.store.load_now(key))
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        let is_there = self.shared.store.touch(key, last_seen, ends_at).await;
        self.noted(key, last_seen, ends_at, &is_there);
        is_there
    }

    fn touch_now(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Option<Result<bool, StoreError>> {
        let is_there = self.shared.store.touch_now(key, last_seen, ends_at)?;
        self.noted(key, last_seen, ends_at, &is_there);
        Some(is_there)
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        let _forget = self.forget_key(shown.key());
        self.shared.store.rotate(shown, record).await
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        let _forget = self.forget_key(shown.key());
        self.shared.store.delete(shown).await
    }

    fn delete_now(&self, shown: &SessionTicket) -> Option<Result<bool, StoreError>> {
        let _forget = self.forget_key(shown.key());
        self.shared.store.delete_now(shown)
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        let _forget = self.forget_owner(owner);
        self.shared.store.delete_of(owner, which).await
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.shared.store.list(owner).await
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        // What is remembered of those that are over is judged by its times, as anything is.
        self.shared.store.sweep(now, at_most).await
    }

    fn needs_sweep(&self) -> bool {
        self.shared.store.needs_sweep()
    }
}

impl<S> Clone for CachedStore<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S: fmt::Debug> fmt::Debug for CachedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { store, staleness, shards, entries_per_shard, .. } = &*self.shared;
        f.debug_struct("CachedStore")
            .field("store", store)
            .field("staleness", staleness)
            .field("entries", &(shards.len() * entries_per_shard))
            .finish_non_exhaustive()
    }
}

/// A [`CachedStore`] in the making.
///
/// ```
/// use portcullis::identity::session::{CachedStore, MemoryStore};
/// use std::time::Duration;
///
/// let store = CachedStore::builder(MemoryStore::new(), Duration::from_secs(5)).entries(50_000).build()?;
/// assert!(CachedStore::new(store, Duration::from_secs(600)).is_err());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct CachedStoreBuilder<S> {
    store: S,
    staleness: Duration,
    entries: usize,
    clock: Box<dyn Clock>,
}

impl<S: SessionStore> CachedStoreBuilder<S> {
    /// How many sessions are remembered at most, of half a kilobyte each. Where there are more, those are loaded each time.
    /// Default: 10000.
    pub const fn entries(mut self, limit: usize) -> Self {
        self.entries = limit;
        self
    }

    /// The clock that `staleness` is measured with. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The store.
    ///
    /// # Errors
    ///
    /// When the staleness is zero or longer than a minute, or no session may be remembered.
    pub fn build(self) -> Result<CachedStore<S>, ConfigError> {
        let Self { store, staleness, entries, clock } = self;
        let mut faults = Vec::new();
        if staleness.is_zero() {
            faults.push(ConfigFault::new("staleness", "zero, so nothing is remembered: use the store as it is"));
        } else if staleness > MAX_STALENESS {
            let problem = "longer than a minute, and log-outs elsewhere come as late: give it a second or a few";
            faults.push(ConfigFault::new("staleness", problem));
        }
        if entries == 0 {
            faults.push(ConfigFault::new("entries", "zero, so nothing is remembered: use the store as it is"));
        }
        ConfigError::unless_empty(faults, ())?;
        let count = entries.min(SHARDS);
        let shards = (0..count).map(|_| Mutex::default()).collect();
        let lookups = Lookups::new("sessions", true);
        Ok(CachedStore {
            shared: Arc::new(Shared { store, shards, entries_per_shard: entries / count, staleness, clock, lookups }),
        })
    }
}

impl<S> fmt::Debug for CachedStoreBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { staleness, entries, .. } = self;
        f.debug_struct("CachedStoreBuilder")
            .field("staleness", staleness)
            .field("entries", entries)
            .finish_non_exhaustive()
    }
}

const DEFAULT_ENTRIES: usize = 10_000;
const MAX_STALENESS: Duration = Duration::from_secs(60);
const SHARDS: usize = 50;
